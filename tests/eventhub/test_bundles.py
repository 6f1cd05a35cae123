"""Scripts of a page as one file: served as long as it holds what the scripts hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventhub import bundles

CODE = """// events/static/events/one.js
var one = 1;

// events/static/events/page.js
console.log(one);
"""


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page of two modules, and their bundle."""
    monkeypatch.setattr(bundles, "ROOT", tmp_path)
    monkeypatch.setattr(bundles, "NAMES", ("events/page.js",))
    monkeypatch.setattr(bundles, "FOLDER", tmp_path)
    page = tmp_path / "events" / "static" / "events" / "page.js"
    page.parent.mkdir(parents=True)
    page.write_text('import { one } from "./one.js"; console.log(one);')
    page.with_name("one.js").write_text("export const one = 1;")
    (tmp_path / "page.js").write_text(bundles.with_head("events/page.js", CODE))
    return page


def test_a_bundle_is_served_while_its_modules_are_what_they_were(page: Path) -> None:
    assert list(bundles.fresh()) == ["events/page.js"]
    page.with_name("another.js").write_text("export const another = 2;")
    assert list(bundles.fresh()) == ["events/page.js"]


@pytest.mark.parametrize("change", ["edited", "deleted"])
def test_the_modules_themselves_are_served_when_one_of_them_has_changed(page: Path, change: str) -> None:
    one = page.with_name("one.js")
    one.write_text("export const one = 2;") if change == "edited" else one.unlink()
    assert bundles.fresh() == {}


def test_the_modules_themselves_are_served_where_there_is_no_bundle(page: Path) -> None:
    (bundles.FOLDER / "page.js").unlink()
    assert bundles.fresh() == {}
