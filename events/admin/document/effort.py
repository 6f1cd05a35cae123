"""How much a change of the registry writes: while it does, nobody else can, on SQLite not even an event."""

from __future__ import annotations

from collections.abc import Iterable

from events.admin.document.document import CategoryPart, FieldPart, TypePart

# Rows that one import may write: 1 to 2 s on one slow core. A waiting writer gives up after 10 s (LOCK_S).
MAX_ROWS = 5_000
OF_A_TYPE = 4  # with its history, its entry in the admin's log and the two events that tell of it
OF_GROUPS = 40  # set one type at a time, since their signals end access and tell the auditors


def rows_written(before: CategoryPart | TypePart | None, after: CategoryPart | TypePart) -> int:
    if not isinstance(after, TypePart):
        return OF_A_TYPE
    was = {field.name: field for field in before.fields} if isinstance(before, TypePart) else {}
    will = {field.name: field for field in after.fields}
    groups = before.allowed_groups if isinstance(before, TypePart) else []
    return (
        OF_A_TYPE
        + (OF_GROUPS if groups != after.allowed_groups else 0)
        + sum(rows_of_field(was.get(name), will.get(name)) for name in was.keys() | will.keys())
    )


def rows_of_field(before: FieldPart | None, after: FieldPart | None) -> int:
    if before == after:
        return 0
    was = {option.value: option for option in before.options} if before else {}
    will = {option.value: option for option in after.options} if after else {}
    return 1 + sum(was.get(value) != will.get(value) for value in was.keys() | will.keys())


def too_much(rows: Iterable[int]) -> str:
    """Return why this is refused, or nothing."""
    if (count := sum(rows)) <= MAX_ROWS:
        return ""
    return (
        f"This would write {count:,} rows; at once {MAX_ROWS:,} may be written, since nobody else can write meanwhile. "
        f"An option or a field counts as 1, a category or an event type as {OF_A_TYPE}, one whose groups change as "
        f"{OF_A_TYPE + OF_GROUPS}; what stays as it is counts nothing. Import it in parts: the action “Export selected "
        "event types” makes smaller files."
    )
