"""This process's copy of the registry, loaded when `Revision.registry` moves, or the log begins another epoch."""

from __future__ import annotations

import threading
import time

from events import options
from events.core import event_types as frozen
from events.core.event_types import Option, Registry
from events.models import Category, EventField, EventType, Revision
from events.models.revision import RegistryVersion

REREAD_AFTER = 0.05  # seconds; bounds the queries of a flood of events that name unknown types

_lock = threading.Lock()
_registry: Registry | None = None
_version: RegistryVersion | None = None  # of that copy
_read_at = 0.0  # time.monotonic()


def current() -> Registry:
    """Return the cached registry; queries only the first time in a process."""
    return _registry or refresh()


def refresh() -> Registry:
    """Return the registry as the database has it now: one query, or a load when the revision has moved."""
    global _registry, _version, _read_at
    with _lock:
        # The revision is read before the tables: a change in between is then loaded once more, never missed.
        version = Revision.current().registry_version
        if _registry is None or _version != version:
            _registry, _version = load(version), version
        _read_at = time.monotonic()
        return _registry


def reread() -> Registry:
    """Refresh, unless that was done a moment ago: for input that the cached registry refuses."""
    if time.monotonic() - _read_at < REREAD_AFTER:
        return current()
    return refresh()


def forget() -> None:
    """Drop the cached copy (tests, which replace the database under it)."""
    global _registry
    _registry = None


def load(version: RegistryVersion) -> Registry:
    types = EventType.objects.prefetch_related("fields__options", "allowed_groups").all()
    categories = list(Category.objects.all())
    audit = {category.id for category in categories if category.is_audit}
    loaded = {key: tuple(source.load()) for key, source in options.SOURCES.items()}
    return Registry(
        version=version.registry,
        epoch=version.epoch,
        categories=tuple(
            frozen.Category(id=category.id, label=category.label, icon=category.icon) for category in categories
        ),
        types={row.id: frozen_type(row, loaded, row.category_id in audit) for row in types},
    )


def frozen_type(row: EventType, loaded: dict[str, tuple[Option, ...]], is_audit: bool) -> frozen.EventType:
    """Return a type as code reads it. What is for audit is closed whatever its own columns say, also when SQL wrote
    them."""
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
        groups=frozenset(group.id for group in row.allowed_groups.all()),
        external=row.external and not is_audit,
        active=row.is_active,
        ephemeral=row.retention_days == 0,
        fields=with_severity(
            tuple(frozen_field(field, row, loaded) for field in row.fields.all()), row.severity_levels
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


def frozen_field(row: EventField, event_type: EventType, loaded: dict[str, tuple[Option, ...]]) -> frozen.Field:
    key = row.options_source if row.options_source in options.SOURCES else options.STATIC
    source = options.SOURCES[key]
    if row.options_source == options.SEVERITY_LEVELS:
        values = tuple(Option(level, level) for level in event_type.severity_levels)
    elif source.live:
        values = loaded[row.options_source]
    else:
        values = tuple(Option(option.value, option.label or option.value) for option in row.options.all())
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
