"""The registry, or a part of it, as one JSON document: what is exported and imported, and what history goes back to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec

from events import options
from events.models import Category, EventField, EventType

MAX_DOCUMENT = 1024 * 1024  # bytes of JSON; a type with 500 options takes 20 kB


class Part(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A row of the registry; its members are called as the columns are."""


class OptionPart(Part):
    value: str
    label: str = ""
    order: int = 0


class FieldPart(Part):
    name: str
    label: str
    type: str
    data_key: str = ""
    operator: str = ""
    options_source: str = options.STATIC
    help_text: str = ""
    order: int = 0
    options: list[OptionPart] = []


class TypePart(Part):
    id: str
    category: str
    label: str
    severity_levels: list[str]
    allowed_groups: list[str]  # has no default: who leaves it out would take their type from some
    restricted: bool | None = None  # None: a document of before there was this; it opens nothing
    description: str = ""
    icon: str = ""
    summary: str = ""
    subject: str = ""
    payload_check: str = "reject"
    is_active: bool = True
    external: bool = True
    retention_days: int | None = None
    order: int = 0
    fields: list[FieldPart] = []


class CategoryPart(Part):
    id: str
    label: str
    icon: str = ""
    is_audit: bool | None = None  # None: as above
    order: int = 0


class Document(Part):
    eventhub_registry: Literal[1] = 1  # the version of this format
    categories: list[CategoryPart] = []
    event_types: list[TypePart] = []


class NotADocument(ValueError):
    """What is wrong with it, for people."""


def columns(part: type[Part], without: Sequence[str] = ()) -> list[str]:
    return [name for name in part.__struct_fields__ if name not in without]


CATEGORY_COLUMNS = columns(CategoryPart)
TYPE_COLUMNS = columns(TypePart, without=("category", "allowed_groups", "fields"))
FIELD_COLUMNS = columns(FieldPart, without=("options",))
OPTION_COLUMNS = columns(OptionPart)
WITH_OPTIONS = (EventField.Type.SELECT, EventField.Type.MULTISELECT)


def present(categories: Iterable[str] | None = None, event_types: Iterable[str] | None = None) -> Document:
    """Return what the registry says now of these categories and types; None means all. What does not exist is left
    out."""
    category_rows, type_rows = (
        Category.objects.all(),
        EventType.objects.prefetch_related("fields__options", "allowed_groups"),
    )
    if categories is not None:
        category_rows = category_rows.filter(pk__in=list(categories))
    if event_types is not None:
        type_rows = type_rows.filter(pk__in=list(event_types))
    return Document(
        categories=[category_part(row) for row in category_rows], event_types=[type_part(row) for row in type_rows]
    )


def category_part(row: Category) -> CategoryPart:
    return CategoryPart(**values_of(row, CATEGORY_COLUMNS))


def type_part(row: EventType) -> TypePart:
    groups = sorted(group.name for group in row.allowed_groups.all())
    return TypePart(
        **{**values_of(row, TYPE_COLUMNS), "restricted": row.restricted or bool(groups)},
        category=row.category_id,
        allowed_groups=groups,
        fields=[field_part(field) for field in row.fields.all()],
    )


def field_part(row: EventField) -> FieldPart:
    return FieldPart(**values_of(row, FIELD_COLUMNS), options=option_parts(row, row.options.all()))


def option_parts(field: Any, rows: Iterable[Any]) -> list[OptionPart]:
    """Return the options that count, without those that are left of a static list that the field had once."""
    counts = field.options_source == options.STATIC and field.type in WITH_OPTIONS
    return [OptionPart(**values_of(row, OPTION_COLUMNS)) for row in rows] if counts else []


def values_of(row: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def written(document: Document) -> str:
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def read(text: bytes) -> Document:
    """Parse a document. Raises NotADocument."""
    if len(text) > MAX_DOCUMENT:
        raise NotADocument(f"It has {len(text):,} bytes; at most {MAX_DOCUMENT:,} are allowed.")
    try:
        return msgspec.json.decode(text, type=Document)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise NotADocument(f"This is not a registry as “Export” writes it: {error}.") from None
