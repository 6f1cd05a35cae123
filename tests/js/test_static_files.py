"""What the pages load: each file is there, and is what it says it is."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from eventhub import bundles
from tests.conftest import Template
from tests.servers import ROOT

SOURCES = ROOT / "events" / "static" / "events"
IMPORT = re.compile(r'^(?!/\*\* @import).*(?:from|import)\s*\(?"(\.[^"]+)"', re.MULTILINE)  # without those of types
HOLDS_ROWS = re.compile(r"(?:#feed|\.feed|\.list|\.rows)(?![\w-])[^\s,{>]*:has\(.*")
HASHED = re.compile(r"\.[0-9a-f]{12}\.js$")


def modules(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*.js")) if IMPORT.search(path.read_text())]


def test_every_module_imported_by_a_collected_module_is_there_under_its_hashed_name(template: Template) -> None:
    collected = [path for path in modules(template.static / "events") if HASHED.search(path.name)]
    bundled = [name for name in bundles.fresh() if name.endswith(".js")]
    assert len(collected) == len(modules(SOURCES)) - len(bundled)
    for module in collected:
        for name in IMPORT.findall(module.read_text()):
            assert HASHED.search(name), f"{module.name} imports {name}"
            assert (module.parent / name).exists(), f"{module.name} imports {name}"


def test_a_bundle_is_collected_under_the_name_that_pages_ask_for(template: Template) -> None:
    for name, source in bundles.fresh().items():
        ending = source.read_text().rstrip().splitlines()[-1]  # no name of another file is in it
        (path,) = template.static.glob(f"{name.removesuffix(source.suffix)}.{'?' * 12}{source.suffix}")
        assert path.read_text().rstrip().endswith(ending), name


def test_no_module_re_exports_for_that_breaks_the_hashed_names() -> None:
    for module in SOURCES.rglob("*.js"):
        assert not re.search(r"export\s[^;]*\sfrom\s", module.read_text()), module.name


def test_no_script_writes_markup() -> None:
    for module in SOURCES.rglob("*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", module.read_text()), module.name


def test_vendored_files_are_those_that_were_vendored() -> None:
    vendor = SOURCES / "vendor"
    listed = dict(line.split("  ")[::-1] for line in (vendor / "SHA256SUMS").read_text().splitlines())
    present = {str(path.relative_to(vendor)) for path in vendor.rglob("*") if path.is_file()} - {"SHA256SUMS"}
    assert present == set(listed)
    for name, digest in listed.items():
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == digest, name


def test_no_style_of_what_holds_the_rows_asks_what_is_in_them() -> None:
    """A browser would style all rows anew whenever one comes, or only grows older."""
    assert HOLDS_ROWS.findall("a, #feed:has(.row) .age {") == ["#feed:has(.row) .age {"]
    sheets = [sheet for sheet in SOURCES.rglob("*.css") if "vendor" not in sheet.parts]
    assert sheets
    assert [found for sheet in sheets for found in HOLDS_ROWS.findall(sheet.read_text())] == []
