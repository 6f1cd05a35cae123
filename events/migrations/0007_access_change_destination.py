from __future__ import annotations

from typing import Any

from django.db import migrations
from django.db.models import F
from django.utils import timezone

KIND, ORDER = "destination", 50


def add(apps: Any, schema_editor: Any) -> None:
    """Add the option by which `access_change` tells where a secret may be sent; not where an admin has made the field
    another one."""
    fields = apps.get_model("events", "EventField").objects
    field = fields.filter(event_type="access_change", data_key="kind", options_source="static").first()
    if field is None or not field.options.exists() or field.options.filter(value=KIND).exists():
        return
    option = field.options.create(value=KIND, order=ORDER)
    history = apps.get_model("events", "HistoricalFieldOption")
    columns = [each.attname for each in history._meta.fields if not each.attname.startswith("history_")]
    values = {column: getattr(option, column) for column in columns}
    history.objects.create(history_date=timezone.now(), history_type="+", **values)
    apps.get_model("events", "Revision").objects.update(registry=F("registry") + 1)


class Migration(migrations.Migration):
    dependencies = [("events", "0006_restricted")]

    # Backwards leaves the option: events may have it.
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
