"""A document held against the registry: refused with all that is wrong with it, or a list of what it would change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import models

from events.admin.document.difference import Difference, differences, opens
from events.admin.document.document import (
    CATEGORY_COLUMNS,
    FIELD_COLUMNS,
    OPTION_COLUMNS,
    TYPE_COLUMNS,
    CategoryPart,
    Document,
    TypePart,
    present,
    values_of,
)
from events.admin.document.effort import rows_written, too_much
from events.admin.types import audit
from events.admin.types.option_lines import MAX_OPTIONS
from events.core.event_types import SEVERITIES
from events.core.filters import DEFAULT_OPERATOR
from events.core.problems import shown
from events.models import Category, EventField, EventType, FieldOption
from events.options import STATIC

MAX_PROBLEMS = 50  # that are told of one document


class ProposalRefused(Exception):
    """`problems` names each place, its value and what is allowed there."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


class Change(NamedTuple):
    """What would become of one category or event type."""

    part: CategoryPart | TypePart
    is_new: bool
    differences: list[Difference]

    @property
    def kind(self) -> str:
        return "Event type" if isinstance(self.part, TypePart) else "Category"

    @property
    def opens(self) -> bool:
        return opens(self.differences)


def permitted_changes(document: Document, user: Any) -> list[Change]:
    """Return what this document would change, if this user may change all of it. Raises ProposalRefused."""
    changes = changes_of(document)
    if problems := audit.problems_of([change.part for change in changes], user):
        raise ProposalRefused(problems)
    return changes


def changes_of(document: Document) -> list[Change]:
    """Return what this document would change, itself brought into the form of the registry. Raises ProposalRefused."""
    complete(document)
    if problems := list(problems_of(document)):
        more = [f"… and {len(problems) - MAX_PROBLEMS:,} more."] if len(problems) > MAX_PROBLEMS else []
        raise ProposalRefused(problems[:MAX_PROBLEMS] + more)
    now = present([part.id for part in document.categories], [part.id for part in document.event_types])
    categories = {part.id: part for part in now.categories}
    types = {part.id: part for part in now.event_types}
    changes = [
        *(
            Change(part, part.id not in categories, differences(categories.get(part.id), part))
            for part in document.categories
        ),
        *(Change(part, part.id not in types, differences(types.get(part.id), part)) for part in document.event_types),
    ]
    changes = [change for change in changes if change.is_new or change.differences]
    now_of: dict[type, Mapping[str, CategoryPart | TypePart]] = {CategoryPart: categories, TypePart: types}
    if reason := too_much(rows_written(now_of[type(each.part)].get(each.part.id), each.part) for each in changes):
        raise ProposalRefused([reason])
    return changes


def complete(document: Document) -> None:
    """Fill in and sort what saving would fill in or sort, and close what it would close."""
    audit_categories = audit.categories()
    for category in document.categories:
        if category.is_audit is None:
            category.is_audit = category.id in audit_categories
    audit_categories -= {category.id for category in document.categories}
    audit_categories |= {category.id for category in document.categories if category.is_audit}
    ids = [event_type.id for event_type in document.event_types]
    now = {event_type.id: event_type for event_type in EventType.objects.filter(pk__in=ids).select_related("category")}
    for event_type in document.event_types:
        was = now.get(event_type.id)
        if event_type.restricted is None:
            event_type.restricted = bool(event_type.allowed_groups) or (was is not None and was.restricted)
        if event_type.category in audit_categories or (was is not None and was.is_audit):
            event_type.restricted, event_type.external = True, False
        event_type.severity_levels.sort(key=lambda level: SEVERITIES.index(level) if level in SEVERITIES else -1)
        event_type.allowed_groups = sorted(set(event_type.allowed_groups))
        event_type.fields.sort(key=lambda field: field.order)
        for field in event_type.fields:
            field.operator = field.operator or DEFAULT_OPERATOR.get(field.type, "")
            field.data_key = field.data_key or field.name
            field.options.sort(key=lambda option: option.order)


def problems_of(document: Document) -> Iterator[str]:
    known = set(Category.objects.values_list("pk", flat=True)) | {part.id for part in document.categories}
    groups = set(Group.objects.values_list("name", flat=True))
    yield from doubles("categories", "id", (part.id for part in document.categories))
    yield from doubles("event_types", "id", (part.id for part in document.event_types))
    for place, category in enumerate(document.categories):
        row = Category(**values_of(category, CATEGORY_COLUMNS))
        yield from invalid(f"categories[{place}] “{category.id}”", row)
    for place, event_type in enumerate(document.event_types):
        where = f"event_types[{place}] “{event_type.id}”"
        yield from invalid(where, EventType(**values_of(event_type, TYPE_COLUMNS)), "category")
        if event_type.category not in known:
            allowed = ", ".join(sorted(known))
            yield f"{where}: category {shown(event_type.category)}: there is no such category; allowed: {allowed}."
        for name in event_type.allowed_groups:
            if name not in groups:
                allowed = ", ".join(sorted(groups)) or "none yet"
                yield f"{where}: allowed_groups {shown(name)}: there is no such group; allowed: {allowed}."
        if event_type.allowed_groups and not event_type.restricted:
            given = shown(event_type.allowed_groups)
            yield f"{where}: allowed_groups {given}: restricted is false, so all would see it; allowed: [] or true."
        yield from problems_of_fields(where, event_type)


def problems_of_fields(where: str, event_type: TypePart) -> Iterator[str]:
    yield from doubles(f"{where}: fields", "name", (field.name for field in event_type.fields))
    for place, field in enumerate(event_type.fields):
        here = f"{where}: fields[{place}] “{field.name}”"
        row = EventField(**values_of(field, FIELD_COLUMNS))
        yield from invalid(here, row, "event_type")
        yield from doubles(f"{here}: options", "value", (option.value for option in field.options))
        if row.has_options and field.options_source == STATIC and not field.options:
            yield f"{here}: options: give at least one, or another options_source."
        elif field.options and not row.has_options:
            yield f"{here}: options: a {field.type} field has none; {len(field.options):,} are given."
        elif field.options and field.options_source != STATIC:
            yield f"{here}: options: {len(field.options):,} are given for options_source {shown(field.options_source)}."
        if len(field.options) > MAX_OPTIONS:
            yield f"{here}: options: {len(field.options):,}; at most {MAX_OPTIONS} are allowed."
        for number, option in enumerate(field.options):
            option_row = FieldOption(**values_of(option, OPTION_COLUMNS))
            yield from invalid(f"{here}: options[{number}] “{option.value}”", option_row, "field")


def invalid(where: str, row: models.Model, *elsewhere: str) -> Iterator[str]:
    """Return what the model refuses of a row; its relations are judged elsewhere."""
    for check in (partial(row.clean_fields, exclude=elsewhere), row.clean):
        try:
            check()
        except ValidationError as error:
            for name, messages in error.message_dict.items():
                yield f"{where}: {name} {shown(getattr(row, name, None))}: {' '.join(messages)}"
            return  # what belongs together is judged only when each part is right


def doubles(where: str, name: str, values: Iterable[str]) -> Iterator[str]:
    for value, count in Counter(values).items():
        if count > 1:
            yield f"{where}: {name} {shown(value)} is there {count} times; each may be there once."
