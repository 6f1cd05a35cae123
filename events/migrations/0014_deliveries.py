from __future__ import annotations

from importlib import import_module
from typing import Any

from django.db import migrations
from django.db.models import F

from events.migrations import _seed_rows as rows

KIND = rows.choice("kind", "Kind of destination", "webhook")
TYPES = [
    rows.Type(
        "destination_suspended", "audit", "📪", "Destination suspended", "error",
        "{subscription} of {owner} gets nothing more: {reason}",
        "A standing subscription was suspended or ended, because its destination failed for long, or its owner may not "
        "see its events any more.",
        (
            KIND,
            rows.choice("state", "State", "suspended ended"),
            rows.Field("owner", "Owner", "owner", type="text", operator="contains"),
            rows.SEVERITY,
        ),
    ),
    rows.Type(
        "delivery_given_up", "audit", "📭", "Delivery given up", "warning",
        "{subscription} of {owner}: {event_type} was given up after {attempts} attempts",
        "A destination did not take an event, and it is not tried again. Its owner can send it again.",
        (
            KIND,
            rows.Field("owner", "Owner", "owner", type="text", operator="contains"),
            rows.Field("of_type", "Event type", "event_type", type="text", operator="eq"),
            rows.SEVERITY,
        ),
    ),
]  # fmt: skip
AFTER = 150  # the order of the last type of 0002, and where there is no type since


def add(apps: Any, schema_editor: Any) -> None:
    seed = import_module("events.migrations.0002_seed")
    auditors, _ = apps.get_model("auth", "Group").objects.get_or_create(name=rows.AUDITORS)
    for place, row in enumerate(TYPES, 1):
        seed.seed_type(apps, row, AFTER + place * seed.STEP, auditors)
    apps.get_model("events", "Revision").objects.update(registry=F("registry") + 1)


class Migration(migrations.Migration):
    dependencies = [("events", "0013_first_steps")]

    # Backwards leaves the rows: events may be of these types.
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
