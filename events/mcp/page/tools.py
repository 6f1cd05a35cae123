"""What the page of a server shows of its tools: those approved, and word by word what has become of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from events.mcp.models import McpServer, ToolList
from events.mcp.tools.changes import Changes
from events.mcp.tools.definitions import Definitions, Tool
from events.mcp.tools.words import Run, word_diff

MAX_LISTS = 6  # of a server; those that wait for somebody come first
MAX_TOOLS = 20  # whose changes are shown; of the others, the names
MAX_NAMES = 200  # of tools that are as they were

FLAG_LABELS = {
    "description_changed": "what it says has changed",
    "instructions_changed": "the instructions have changed",
    "annotations_changed": "annotations have changed",
    "became_destructive": "a tool may destroy something that did not say so before",
    "invisible_characters": "characters that nobody sees",
    "like_tool": "a tool is like an approved one under another name",
}


class ShownPart(NamedTuple):
    name: str
    runs: list[Run]


class ShownTool(NamedTuple):
    name: list[Run]
    how: str  # added, removed or changed
    parts: list[ShownPart]


class ShownList(NamedTuple):
    row: ToolList
    changes: Changes
    flags: list[str]
    tools: list[ShownTool]
    more: list[list[Run]]  # names of changed tools that are not shown
    as_they_were: list[list[Run]]
    total: int


def shown_lists(server: McpServer) -> list[ShownList]:
    """Return the server's lists of tools, those first that wait to be approved."""
    rows = sorted(ToolList.objects.filter(server=server).light(), key=lambda row: row.is_approved)
    return [shown(row) for row in rows[:MAX_LISTS]]


def shown(row: ToolList) -> ShownList:
    old, new, changes = row.approved_tools, row.seen_tools, row.changes()
    changed = list(changed_tools(old, new, changes))
    gone = {name for name, _ in changed}
    tools = [ShownTool([], "changed", parts(old.instructions, new.instructions))] if changes.instructions else []
    for name, how in changed[:MAX_TOOLS]:
        found = parts(old.tools.get(name, Tool()), new.tools.get(name, Tool()))
        tools.append(ShownTool(plain(name), how, found))
    return ShownList(
        row,
        changes,
        [FLAG_LABELS[flag] for flag in changes.flags],
        tools,
        [plain(name) for name, _ in changed[MAX_TOOLS : MAX_TOOLS + MAX_NAMES]],
        [plain(name) for name in sorted(new.tools) if name not in gone][:MAX_NAMES],
        len(new.tools),
    )


def changed_tools(old: Definitions, new: Definitions, changes: Changes) -> Iterator[tuple[str, str]]:
    yield from ((each.tool, "changed") for each in changes.changed)
    yield from ((name, "added") for name in changes.added)
    yield from ((name, "removed") for name in changes.removed)


def parts(old: Tool, new: Tool) -> list[ShownPart]:
    """Return the parts that differ."""
    return [
        ShownPart(name, word_diff(text(old, name), text(new, name)))
        for name in sorted(old.names | new.names)
        if not old.same(new, name)
    ]


def text(tool: Tool, part: str) -> str:
    if part in tool.hashes:
        return f"(too large or too deep to be shown; SHA-256 {tool.hashes[part]})"
    value: Any = tool.parts.get(part)
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)


def plain(name: str) -> list[Run]:
    return word_diff(name, name)
