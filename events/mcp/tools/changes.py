"""How a server's tools differ from those that were approved, and how bad that is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from events.mcp.tools.characters import invisible
from events.mcp.tools.definitions import Definitions, Tool
from events.mcp.tools.schemas import has_new_texts, only_adds_options

SEVERITIES = ("info", "warning", "error", "critical")

DESCRIPTION, INSTRUCTIONS, ANNOTATIONS = "description_changed", "instructions_changed", "annotations_changed"
DESTRUCTIVE, INVISIBLE, LIKE = "became_destructive", "invisible_characters", "like_tool"
FLAGS = (DESCRIPTION, INSTRUCTIONS, ANNOTATIONS, DESTRUCTIVE, INVISIBLE, LIKE)


class Changed(NamedTuple):
    tool: str
    parts: tuple[str, ...]


class Changes(NamedTuple):
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[Changed, ...] = ()
    instructions: bool = False
    flags: tuple[str, ...] = ()
    severity: str = "info"

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.instructions)

    def __str__(self) -> str:
        counted = [
            (len(self.changed), "changed"),
            (len(self.added), "added"),
            (len(self.removed), "removed"),
        ]
        told = [f"{count} tool{'s' * (count != 1)} {what}" for count, what in counted if count]
        return ", ".join([*told, *(["instructions changed"] if self.instructions else [])])


class Finding(NamedTuple):
    severity: str
    flag: str = ""


def changes_between(approved: Definitions, seen: Definitions) -> Changes:
    """Return what is different, named; the severity is that of the worst."""
    old, new = approved.tools, seen.tools
    added, removed = sorted(new.keys() - old.keys()), sorted(old.keys() - new.keys())
    changed = []
    findings: list[Finding] = []
    for name in sorted(old.keys() & new.keys()):
        if old[name] == new[name]:
            continue
        parts = tuple(sorted(part for part in old[name].names | new[name].names if not old[name].same(new[name], part)))
        changed.append(Changed(name, parts))
        findings += of_parts(old[name], new[name], parts)
    findings += [Finding("warning")] * len(removed)
    for name in added:
        findings += of_added(name, new[name], old.values())
    other_instructions = approved.instructions != seen.instructions
    if other_instructions:
        findings.append(Finding("error", INSTRUCTIONS))
        findings += of_characters(approved.instructions, seen.instructions)
    flags = {finding.flag for finding in findings}
    worst = max((SEVERITIES.index(finding.severity) for finding in findings), default=0)
    return Changes(
        tuple(added), tuple(removed), tuple(changed), other_instructions,
        tuple(flag for flag in FLAGS if flag in flags), SEVERITIES[worst],
    )  # fmt: skip


def of_parts(old: Tool, new: Tool, parts: Iterable[str]) -> Iterator[Finding]:
    for part in parts:
        before, after = old.parts.get(part), new.parts.get(part)
        if part == "description":
            yield Finding("error", DESCRIPTION)
        elif part == "annotations":
            yield Finding("error", ANNOTATIONS)
            if may_destroy(after) and not may_destroy(before):
                yield Finding("critical", DESTRUCTIVE)
        elif part == "title":
            yield Finding("warning")
        elif part in (*old.hashes, *new.hashes):  # nobody can look into it
            yield Finding("error")
        elif part == "inputSchema" and only_adds_options(before, after):
            yield Finding("info")
        elif has_new_texts(before, after):
            yield Finding("error", DESCRIPTION)
        else:
            yield Finding("warning")
    yield from of_characters(old, new)


def of_added(name: str, tool: Tool, approved: Iterable[Tool]) -> Iterator[Finding]:
    """Tell of a new tool; also if an approved one is like it, be that still there or gone."""
    yield Finding("warning")
    yield from of_characters(Tool(), tool)
    if invisible(name):
        yield Finding("error", INVISIBLE)
    if any(is_like(tool, other) for other in approved):
        yield Finding("warning", LIKE)


def of_characters(old: Tool, new: Tool) -> Iterator[Finding]:
    if invisible(new.parts) > invisible(old.parts):
        yield Finding("error", INVISIBLE)


def is_like(tool: Tool, other: Tool) -> bool:
    """Say whether one is described as the other is, or takes and gives the same and does not say more."""
    if described := tool.parts.get("description"):
        return bool(described == other.parts.get("description"))
    return tool.parts.get("inputSchema") == other.parts.get("inputSchema") and not other.parts.get("description")


def may_destroy(annotations: object) -> bool:
    """Say whether a tool may destroy something, as the protocol has it: unless it says that it only reads, or only
    adds."""
    if not isinstance(annotations, dict):
        return True
    return annotations.get("readOnlyHint") is not True and annotations.get("destructiveHint") is not False
