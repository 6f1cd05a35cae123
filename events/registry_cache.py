"""This process's copy of the registry, loaded when `Revision.registry` moves, or the log begins another epoch."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import NamedTuple

from events import options
from events.core import event_types as frozen
from events.core.event_types import Option, Registry
from events.models import Category, EventField, EventType, FieldOption, Revision, revision
from events.models.revision import RegistryVersion
from events.process_lock import process_lock

REREAD_AFTER = 0.05  # seconds; bounds the queries of a flood of events that name unknown types
RECENT_S = 1.0  # as long as a process that hears of no changes may broadcast by what it knows

_lock = process_lock()
_registry: Registry | None = None
_version: RegistryVersion | None = None  # of that copy
_transaction: object = None  # in which it was loaded, if that had changed the registry, which may be rolled back
_read_at = 0.0  # time.monotonic()
_known_bumps = 0  # of `revision.bumps`, when it was read


def current() -> Registry:
    """Return the cached registry; queries only the first time in a process."""
    return _registry or refresh()


def recent() -> Registry:
    """Return the registry of at most a second ago, with all that this process has changed since: a query a second in a
    process that broadcasts, and none where a dispatcher reads it as often."""
    seen_here = _known_bumps == revision.bumps and _transaction in (None, revision.open_bump())
    if _registry is not None and seen_here and time.monotonic() - _read_at < RECENT_S:
        return _registry
    return refresh()


def refresh() -> Registry:
    """Return the registry as the database has it now, for this transaction if one is open: one query, or a load when
    the revision has moved."""
    global _registry, _version, _transaction, _read_at, _known_bumps
    with _lock:
        bumps = revision.bumps
        # The revision is read before the tables: a change in between is then loaded once more, never missed.
        version = Revision.current().registry_version
        transaction = revision.open_bump()
        # After a rollback another change may have the same revision.
        if _registry is None or _version != version or _transaction not in (None, transaction):
            _registry, _version, _transaction = load(version), version, transaction
        _read_at, _known_bumps = time.monotonic(), bumps
        return _registry


def reread() -> Registry:
    """Refresh, unless that was done a moment ago: for input that the cached registry refuses."""
    if time.monotonic() - _read_at < REREAD_AFTER and _known_bumps == revision.bumps:
        return current()
    return refresh()


def forget() -> None:
    """Drop the cached copy (tests, which replace the database under it)."""
    global _registry
    _registry = None


class Parts(NamedTuple):
    """What the rows of event types are made complete with. To let Django put the rows together took three quarters of
    a load."""

    audit: set[str]  # identifiers of categories
    groups: dict[str, set[int]]  # by event type
    fields: dict[str, list[EventField]]  # by event type
    static: dict[int, list[Option]]  # by field
    loaded: dict[str, tuple[Option, ...]]  # by source

    @classmethod
    def of(cls, categories: list[Category]) -> Parts:
        parts = cls(
            audit={category.id for category in categories if category.is_audit},
            groups=defaultdict(set),
            fields=defaultdict(list),
            static=defaultdict(list),
            loaded={key: tuple(source.load()) for key, source in options.SOURCES.items()},
        )
        for type_id, group_id in EventType.allowed_groups.through.objects.values_list("eventtype_id", "group_id"):
            parts.groups[type_id].add(group_id)
        for field in EventField.objects.all():
            parts.fields[field.event_type_id].append(field)
        for field_id, value, label in FieldOption.objects.values_list("field_id", "value", "label"):
            parts.static[field_id].append(Option(value, label or value))
        return parts


def load(version: RegistryVersion) -> Registry:
    types = list(EventType.objects.all())
    categories = list(Category.objects.all())
    parts = Parts.of(categories)
    return Registry(
        version=version.registry,
        epoch=version.epoch,
        categories=tuple(
            frozen.Category(id=category.id, label=category.label, icon=category.icon) for category in categories
        ),
        types={row.id: frozen_type(row, parts) for row in types},
    )


def frozen_type(row: EventType, parts: Parts) -> frozen.EventType:
    """Return a type as code reads it. What is for audit is closed whatever its own columns say, also when SQL wrote
    them."""
    is_audit = row.category_id in parts.audit
    return frozen.EventType(
        id=row.id,
        category=row.category_id,
        label=row.label,
        description=row.description,
        icon=row.icon,
        severities=tuple(row.severity_levels),
        summary=row.summary,
        subject=row.subject,
        payload_check=row.payload_check,
        restricted=row.restricted or is_audit,
        groups=frozenset(parts.groups[row.id]),
        external=row.external and not is_audit,
        active=row.is_active,
        ephemeral=row.retention_days == 0,
        fields=with_severity(
            tuple(frozen_field(field, row, parts) for field in parts.fields[row.id]), row.severity_levels
        ),
    )


def with_severity(fields: tuple[frozen.Field, ...], levels: list[str]) -> tuple[frozen.Field, ...]:
    """Return the fields, with one for the severity where there is something to choose and the admin has made none."""
    if len(levels) < 2 or any("severity" in (field.name, field.data_key) for field in fields):
        return fields
    own = frozen.Field(
        name="severity",
        label="Severity",
        type="multiselect",
        data_key="severity",
        operator="in",
        options=tuple(Option(level, level) for level in levels),
        source=options.SEVERITY_LEVELS,
    )
    return (*fields, own)


def frozen_field(row: EventField, event_type: EventType, parts: Parts) -> frozen.Field:
    key = row.options_source if row.options_source in options.SOURCES else options.STATIC
    source = options.SOURCES[key]
    if row.options_source == options.SEVERITY_LEVELS:
        values = tuple(Option(level, level) for level in event_type.severity_levels)
    elif source.live:
        values = parts.loaded[row.options_source]
    else:
        values = tuple(parts.static[row.id])
    return frozen.Field(
        name=row.name,
        label=row.label,
        type=row.type,
        data_key=row.data_key,
        operator=row.operator,
        options=values,
        source=key,
        live=source.live,
        private=source.private,
        help_text=row.help_text,
    )
