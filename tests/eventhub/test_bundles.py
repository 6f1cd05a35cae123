"""Scripts of a page as one file: served as long as it holds what the scripts hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eventhub import bundles

NAME = "events/page.js"


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page of two modules, and their bundle."""
    monkeypatch.setattr(bundles, "ROOT", tmp_path)
    monkeypatch.setattr(bundles, "NAMES", (NAME,))
    monkeypatch.setattr(bundles, "FOLDER", tmp_path)
    page = tmp_path / "events" / "static" / "events" / "page.js"
    page.parent.mkdir(parents=True)
    page.write_text('import { one } from "./one.js"; console.log(one);')
    page.with_name("one.js").write_text("export const one = 1;")
    (tmp_path / "page.js").write_text("console.log(1);")
    sources = ["events/static/events/one.js", "events/static/events/page.js"]
    listed = {NAME: {"digest": bundles.digest(sources), "sources": sources}}
    (tmp_path / bundles.SOURCES).write_text(json.dumps(listed))
    return page


def test_a_bundle_is_served_while_its_modules_are_what_they_were(page: Path) -> None:
    assert list(bundles.fresh()) == [NAME]
    page.with_name("another.js").write_text("export const another = 2;")
    assert list(bundles.fresh()) == [NAME]


@pytest.mark.parametrize("change", ["edited", "deleted"])
def test_the_modules_themselves_are_served_when_one_of_them_has_changed(page: Path, change: str) -> None:
    one = page.with_name("one.js")
    one.write_text("export const one = 2;") if change == "edited" else one.unlink()
    assert bundles.fresh() == {}


@pytest.mark.parametrize("lacking", ["page.js", bundles.SOURCES])
def test_the_modules_themselves_are_served_where_there_is_no_bundle(page: Path, lacking: str) -> None:
    (bundles.FOLDER / lacking).unlink()
    assert bundles.fresh() == {}
