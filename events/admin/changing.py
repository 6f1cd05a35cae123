"""Carries out what a proposal would change, in one transaction, as one change of the registry."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.db import models

from events.admin.document import (
    CATEGORY_COLUMNS,
    FIELD_COLUMNS,
    OPTION_COLUMNS,
    TYPE_COLUMNS,
    CategoryPart,
    Document,
    FieldPart,
    Part,
    TypePart,
    values_of,
)
from events.admin.proposal import Change, permitted_changes
from events.models import Category, EventField, EventType, FieldOption, Revision, as_one_change


class Moved(Exception):
    """The registry has been changed meanwhile. Look once more at what would change now."""

    def __str__(self) -> str:
        return self.__doc__ or ""


def seen() -> int:
    """The registry's revision: what `carry_out` is given, so that what was looked at is what is done."""
    return Revision.objects.values_list("registry", flat=True).get()


def carry_out(document: Document, user: Any, seen: str | None = None) -> list[Change]:
    """Make the registry say what the document says, all or nothing. Raises Refused, or Moved."""
    with as_one_change():
        revision = Revision.objects.select_for_update().get()
        if seen is not None and seen != str(revision.registry):
            raise Moved
        changes = permitted_changes(document, user)
        for change in changes:
            part = change.part
            row = set_category(part) if isinstance(part, CategoryPart) else set_type(part)
            note(change, row, user)
    return changes


def set_category(part: CategoryPart) -> Category:
    row = Category.objects.filter(pk=part.id).first() or Category(pk=part.id)
    save_changed(row, part, CATEGORY_COLUMNS)
    return row


def set_type(part: TypePart) -> EventType:
    row = EventType.objects.filter(pk=part.id).first() or EventType(pk=part.id)
    is_moved = row.category_id != part.category
    row.category_id = part.category
    if not part.restricted and not row._state.adding and row.allowed_groups.exists():
        row.allowed_groups.clear()  # before: with groups it cannot be opened
    save_changed(row, part, TYPE_COLUMNS, anyway=is_moved)
    if sorted(group.name for group in row.allowed_groups.all()) != part.allowed_groups:
        row.allowed_groups.set(Group.objects.filter(name__in=part.allowed_groups))
    fields = {field.name: field for field in row.fields.all()}
    for name in fields.keys() - {field.name for field in part.fields}:
        fields[name].delete()
    for field in part.fields:
        set_field(fields.get(field.name) or EventField(event_type=row), field)
    return row


def set_field(row: EventField, part: FieldPart) -> None:
    save_changed(row, part, FIELD_COLUMNS)
    listed = {option.value: option for option in row.options.all()}
    row.options.exclude(value__in=[option.value for option in part.options]).delete()
    for option in part.options:
        save_changed(listed.get(option.value) or FieldOption(field=row), option, OPTION_COLUMNS)


def save_changed(row: models.Model, part: Part, columns: list[str], anyway: bool = False) -> None:
    """Save what differs, so that history tells of nothing that stayed as it was."""
    values = values_of(part, columns)
    if row._state.adding or anyway or any(getattr(row, name) != value for name, value in values.items()):
        for name, value in values.items():
            setattr(row, name, value)
        row.save()


def note(change: Change, row: models.Model, user: Any) -> None:
    """Tell of it in the admin's log, as its forms do."""
    message: list[dict[str, Any]] = [{"added": {}}]
    if not change.is_new:
        message = [{"changed": {"fields": [difference.name for difference in change.differences]}}]
    flag = ADDITION if change.is_new else CHANGE
    LogEntry.objects.log_actions(user.pk, [row], flag, message, single_object=True)
