"""Carries out what a proposal would change, in one transaction, as one change of the registry."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType

from events.admin.document.document import (
    CATEGORY_COLUMNS,
    FIELD_COLUMNS,
    OPTION_COLUMNS,
    TYPE_COLUMNS,
    CategoryPart,
    Document,
    FieldPart,
    OptionPart,
    Part,
    TypePart,
    values_of,
)
from events.admin.document.proposal import Change, permitted_changes
from events.models import Category, EventField, EventType, FieldOption, Revision, as_one_change


class Moved(Exception):
    message = "The registry has been changed meanwhile. Look once more at what would change now."

    def __init__(self) -> None:
        super().__init__(self.message)


def seen() -> int:
    """Return the registry's revision: what `carry_out` is given, so that what was looked at is what is done."""
    return Revision.current().registry


def carry_out(document: Document, user: Any, seen: str | None = None) -> list[Change]:
    """Make the registry say what the document says, all or nothing. Raises ProposalRefused, or Moved.

    While it is written nobody else can write, on SQLite not even an event: hence it is judged before, and written in
    bulk. Row by row, 4,500 event types took 54 s.
    """
    before = str(Revision.current().registry)
    if seen not in (None, before):
        raise Moved
    changes = permitted_changes(document, user)
    with as_one_change():
        if str(Revision.held().registry) != before:
            raise Moved
        set_categories([change.part for change in changes if isinstance(change.part, CategoryPart)])
        set_types([change.part for change in changes if isinstance(change.part, TypePart)])
        write_to_admin_log(changes, user)
    return changes


def set_categories(parts: list[CategoryPart]) -> None:
    there = Category.objects.in_bulk([part.id for part in parts])
    save_rows([(there.get(part.id) or Category(pk=part.id), part) for part in parts], CATEGORY_COLUMNS)


def set_types(parts: list[TypePart]) -> None:
    there = EventType.objects.prefetch_related("fields__options", "allowed_groups").in_bulk([part.id for part in parts])
    rows = [there.get(part.id) or EventType(pk=part.id) for part in parts]
    pairs = list(zip(rows, parts, strict=True))
    moved = {row.pk for row, part in pairs if row.category_id != part.category}
    for row, part in pairs:
        row.category_id = part.category
        if not part.restricted and row.pk in there and row.allowed_groups.all():
            row.allowed_groups.clear()  # before: with groups it cannot be opened
    save_rows(pairs, TYPE_COLUMNS, also=["category"], anyway=moved)
    groups = {group.name: group for group in Group.objects.all()}
    for row, part in pairs:
        if names_of_groups(there.get(part.id)) != part.allowed_groups:
            row.allowed_groups.set([groups[name] for name in part.allowed_groups])
    set_fields([(row, list(row.fields.all()) if part.id in there else [], part.fields) for row, part in pairs])


def names_of_groups(row: EventType | None) -> list[str]:
    return sorted(group.name for group in row.allowed_groups.all()) if row else []


def set_fields(of_types: list[tuple[EventType, list[EventField], list[FieldPart]]]) -> None:
    gone: list[Any] = []
    pairs: list[tuple[EventField, FieldPart]] = []
    for event_type, rows, parts in of_types:
        there = {row.name: row for row in rows}
        pairs += [(there.get(part.name) or EventField(event_type=event_type), part) for part in parts]
        gone += [there[name].pk for name in there.keys() - {part.name for part in parts}]
    if gone:
        EventField.objects.filter(pk__in=gone).delete()
    listed = {row.pk: list(row.options.all()) for row, _ in pairs if row.pk is not None}
    save_rows(pairs, FIELD_COLUMNS)
    set_options([(row, listed.get(row.pk, []), part.options) for row, part in pairs])


def set_options(of_fields: list[tuple[EventField, list[FieldOption], list[OptionPart]]]) -> None:
    gone: list[Any] = []
    pairs: list[tuple[FieldOption, OptionPart]] = []
    for field, rows, parts in of_fields:
        there = {row.value: row for row in rows}
        pairs += [(there.get(part.value) or FieldOption(field=field), part) for part in parts]
        gone += [there[value].pk for value in there.keys() - {part.value for part in parts}]
    if gone:
        FieldOption.objects.filter(pk__in=gone).delete()
    save_rows(pairs, OPTION_COLUMNS)


def save_rows(
    pairs: Sequence[tuple[Any, Part]], columns: list[str], also: Sequence[str] = (), anyway: Collection[Any] = ()
) -> None:
    """Save what differs, so that history tells of nothing that stayed as it was."""
    new, changed = [], []
    for row, part in pairs:
        values = values_of(part, columns)
        differs = row.pk in anyway or any(getattr(row, name) != value for name, value in values.items())
        for name, value in values.items():
            setattr(row, name, value)
        if row._state.adding:
            new.append(row)
        elif differs:
            changed.append(row)
    if new:
        type(new[0]).objects.bulk_create(new)
    if changed:
        names = [name for name in [*columns, *also] if not changed[0]._meta.get_field(name).primary_key]
        type(changed[0]).objects.save_changed(changed, names)


def write_to_admin_log(changes: Iterable[Change], user: Any) -> None:
    """Tell of it in the admin's log, as its forms do."""
    entries = []
    for change in changes:
        message: list[dict[str, Any]] = [{"added": {}}]
        if not change.is_new:
            message = [{"changed": {"fields": [difference.name for difference in change.differences]}}]
        is_type = isinstance(change.part, TypePart)
        entries.append(
            LogEntry(
                user_id=user.pk,
                content_type=ContentType.objects.get_for_model(EventType if is_type else Category),
                object_id=change.part.id,
                object_repr=str((EventType if is_type else Category)(**values_of(change.part, ["icon", "label"])))[
                    :200
                ],
                action_flag=ADDITION if change.is_new else CHANGE,
                change_message=json.dumps(message),
            )
        )
    LogEntry.objects.bulk_create(entries)
