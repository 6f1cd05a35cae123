"""The types that came after 0017 say what their events are about, as those before them do."""

from __future__ import annotations

from typing import Any

from django.db import migrations
from django.db.models import F

SUBJECT = "mcp_name"
TYPES = ("mcp_tools_changed", "mcp_maintenance", "certificate_expires")


def name_subjects(apps: Any, schema_editor: Any) -> None:
    """Leave what an admin has made of them, as 0017 does."""
    changed = apps.get_model("events", "EventType").objects.filter(pk__in=TYPES, subject="").update(subject=SUBJECT)
    apps.get_model("events", "HistoricalEventType").objects.filter(id__in=TYPES, subject="").update(subject=SUBJECT)
    if changed:
        apps.get_model("events", "Revision").objects.update(registry=F("registry") + 1)


class Migration(migrations.Migration):
    dependencies = [("events", "0019_fleet_types")]

    operations = [migrations.RunPython(name_subjects, migrations.RunPython.noop)]
