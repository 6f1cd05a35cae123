from __future__ import annotations

from typing import Any

from django.db import migrations
from django.db.models import F

from events.migrations import _seed_rows as rows

STEP = 10  # between two orders, so that an admin can put something in between


def seed(apps: Any, schema_editor: Any) -> None:
    """Add what is missing. A row that exists is left as it is, with all that belongs to it."""
    seed_counters(apps)
    auditors, _ = apps.get_model("auth", "Group").objects.get_or_create(name=rows.AUDITORS)
    for order, (id, label, icon) in enumerate(rows.CATEGORIES, 1):
        values = {"label": label, "icon": icon, "order": order * STEP}
        apps.get_model("events", "Category").objects.get_or_create(id=id, defaults=values)
    for order, row in enumerate(rows.TYPES, 1):
        seed_type(apps, row, order * STEP, auditors)


def seed_counters(apps: Any) -> None:
    apps.get_model("events", "LogHead").objects.get_or_create()
    revision, created = apps.get_model("events", "Revision").objects.get_or_create()
    if not created:
        type(revision).objects.update(registry=F("registry") + 1)


def seed_type(apps: Any, row: rows.Type, order: int, auditors: Any) -> None:
    event_type, created = apps.get_model("events", "EventType").objects.get_or_create(
        id=row.id,
        defaults={
            "category_id": row.category,
            "label": row.label,
            "description": row.description,
            "icon": row.icon,
            "severity_levels": row.levels.split(),
            "summary": row.summary,
            "retention_days": rows.AUDIT_DAYS if row.restricted else None,
            "payload_check": "reject",
            "external": not row.restricted,
            "order": order,
        },
    )
    if not created:
        return
    if row.restricted:
        event_type.allowed_groups.add(auditors)
        event_type.restricted = True  # a column only since 0006, which sets it where this ran before
        event_type.save()
    for place, field in enumerate(row.fields, 1):
        created_field = event_type.fields.create(order=place * STEP, **rows.columns(field))
        for option_place, value in enumerate(field.options.split(), 1):
            created_field.options.create(value=value, order=option_place * STEP)


class Migration(migrations.Migration):
    dependencies = [("events", "0001_initial")]

    # Backwards leaves the rows: they may have been edited since, and forwards again adds only what is missing.
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
