"""What the styles of the pages must not do."""

from __future__ import annotations

import re

from tests.servers import ROOT

STYLES = ROOT / "events" / "static" / "events"
HOLDS_ROWS = re.compile(r"(?:#feed|\.feed|\.list|\.rows)(?![\w-])[^\s,{>]*:has\(.*")


def test_no_style_of_what_holds_the_rows_asks_what_is_in_them() -> None:
    """A browser would style all rows anew whenever one comes, or only grows older."""
    assert HOLDS_ROWS.findall("a, #feed:has(.row) .age {") == ["#feed:has(.row) .age {"]
    sheets = [sheet for sheet in STYLES.rglob("*.css") if "vendor" not in sheet.parts]
    assert sheets
    assert [found for sheet in sheets for found in HOLDS_ROWS.findall(sheet.read_text())] == []
