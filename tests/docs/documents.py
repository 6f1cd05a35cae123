"""The project's documents, as tests read them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path
from typing import Any

from tests.servers import ROOT

PATHS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("clients/*/*.md")])
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def each_document(test: Callable[[Path], None]) -> Callable[[], None]:
    """Let a test be about all documents; where it fails, it names the one."""

    def about_all() -> None:
        for path in PATHS:
            try:
                test(path)
            except BaseException as error:
                error.add_note(f"in {path.relative_to(ROOT)}")
                raise

    return about_all


def document(name: str) -> str:
    return (ROOT / name).read_text()


def section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next that is not deeper."""
    found = re.search(rf"^(#+) {re.escape(heading)}\n", text, re.MULTILINE)
    assert found, f"there is no heading {heading!r}"
    rest = text[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def blocks(text: str, language: str) -> list[str]:
    return [found[3] for found in FENCE.finditer(text) if found[2] == language]


def prose(text: str) -> str:
    return FENCE.sub("", text)


def spans(text: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`\n]+)`", prose(text))


def rows(text: str) -> list[list[str]]:
    """The rows of all tables, without their heads."""
    lines = [line for line in prose(text).splitlines() if line.startswith("|")]
    heads = {place - 1 for place, line in enumerate(lines) if set(line) <= set("|-: ")}
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for place, line in enumerate(lines)
        if place not in heads and place - 1 not in heads
    ]


def codes(text: str, column: int = 0) -> set[str]:
    """The words in backticks in a column of the tables."""
    return {word for row in rows(text) for word in re.findall(r"`([^`]+)`", row[column])}


def laid_out(layout: str) -> list[str]:
    """Return the paths that a layout names. Two spaces of indentation stand for a folder; names in the description
    of a folder are in that folder."""
    paths: list[str] = []
    folders: list[str] = []
    for line in layout.splitlines():
        indent = len(line) - len(line.lstrip())
        parent = "".join(folders := folders[: indent // 2])
        chunks = re.split(r" {2,}", line.strip())
        names = list(takewhile(re.compile(r"[\w-]*[./][\w./-]*").fullmatch, chunks))
        paths += [parent + name for name in names]
        if len(names) == 1 and names[0].endswith("/"):
            folders = [*folders, names[0]]
        told = " ".join(chunks[len(names) :])
        paths += ["".join(folders) + name for name in re.findall(r"[\w/]*\w\.py\b|(?<![\w./])\w+/(?!\w)", told)]
    return paths


def json_values(block: str) -> list[Any]:
    """The JSON values of a block, one after another."""
    decoder, values, place = json.JSONDecoder(), [], 0
    while block[place:].strip():
        place += len(block[place:]) - len(block[place:].lstrip())
        value, place = decoder.raw_decode(block, place)
        values.append(value)
    return values


def anchors(path: Path) -> set[str]:
    """The addresses of a document's headings, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", prose(path.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
