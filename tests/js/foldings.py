"""How this Python folds case, written as the module that the page folds by.

python -m tests.js.foldings > events/static/events/values/foldings.js
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable

HEAD = """/**
 * `str.casefold` of Python with Unicode {version}, of every character that it changes. Made by tests/js/foldings.py.
 * shifted: [first, last, step, what is added]; expanded: [character, text].
 */
export const FOLDINGS = {{
  shifted: [
{shifted}
  ],
  expanded: [
{expanded}
  ],
}};
"""
WIDTH = 116


def folding_characters() -> list[str]:
    return [character for character in map(chr, range(sys.maxunicode + 1)) if character.casefold() != character]


def module() -> str:
    shifted: list[list[int]] = []
    expanded: list[list[int | str]] = []
    for character in folding_characters():
        code, folded = ord(character), character.casefold()
        if len(folded) > 1:
            expanded.append([code, folded])
        elif not (shifted and extend(shifted[-1], code, ord(folded) - code)):
            shifted.append([code, code, 1, ord(folded) - code])
    return HEAD.format(
        version=unicodedata.unidata_version,
        shifted=lines(map(json.dumps, shifted)),
        expanded=lines(map(json.dumps, expanded)),
    )


def extend(run: list[int], code: int, shift: int) -> bool:
    """Make the run reach this character, if it belongs to it."""
    first, last, step, of_run = run
    gap = code - last
    if shift != of_run or gap > 2 or (first != last and gap != step):
        return False
    run[1:3] = code, gap
    return True


def lines(entries: Iterable[str]) -> str:
    made = [""]
    for entry in entries:
        if len(made[-1]) + len(entry) > WIDTH:
            made.append("")
        made[-1] += f"{entry.replace(' ', '')}, " if made[-1] else f"    {entry.replace(' ', '')}, "
    return "\n".join(line.rstrip() for line in made)


if __name__ == "__main__":
    sys.stdout.write(module())
