from __future__ import annotations

from importlib import import_module
from typing import Any

from django.db import migrations
from django.db.models import F
from django.utils import timezone

from events.migrations import _seed_rows as rows

TYPES = [
    rows.Type(
        "mcp_tools_changed", "mcp", "🧬", "MCP tools changed", rows.ALL_LEVELS,
        "{mcp_name}: {what}",
        "The tools or instructions of an MCP server are not those that were approved, or are again.",
        (
            rows.MCP_NAMES,
            rows.choice("state", "State", "changed as_approved first_seen"),
            rows.choice(
                "flags", "What changed",
                "description_changed instructions_changed annotations_changed became_destructive "
                "invisible_characters like_tool",
            ),
            rows.SEVERITY,
        ),
    ),
    rows.Type(
        "mcp_maintenance", "mcp", "🚧", "MCP maintenance", "info",
        "{mcp_name}: maintenance {state}",
        "Maintenance of an MCP server began or ended. Meanwhile nobody is told of its checks.",
        (rows.MCP_NAMES, rows.choice("state", "State", "began ended"), rows.SEVERITY),
    ),
    rows.Type(
        "certificate_expires", "mcp", "📜", "Certificate expires", "warning error",
        "The certificate of {mcp_name} ends in {days} days",
        "The TLS certificate of an MCP server ends soon: told 21 and 7 days before.",
        (
            rows.MCP_NAMES,
            rows.Field("max_days", "At most days left", "days", type="number", operator="lte"),
            rows.SEVERITY,
        ),
    ),
]  # fmt: skip
AFTER = 170  # the order of the last type of 0014
ACTIONS = ("approve_tools", "set_maintenance", "end_maintenance")


def add(apps: Any, schema_editor: Any) -> None:
    seed = import_module("events.migrations.0002_seed")
    for place, row in enumerate(TYPES, 1):
        seed.seed_type(apps, row, AFTER + place * seed.STEP, None)
    add_actions(apps)
    apps.get_model("events", "Revision").objects.update(registry=F("registry") + 1)


def add_actions(apps: Any) -> None:
    """Add the options by which `user_action` tells of them; not where an admin has made the field another one."""
    fields = apps.get_model("events", "EventField").objects
    field = fields.filter(event_type="user_action", data_key="action_type", options_source="static").first()
    if field is None or not field.options.exists():
        return
    history = apps.get_model("events", "HistoricalFieldOption")
    columns = [each.attname for each in history._meta.fields if not each.attname.startswith("history_")]
    last = field.options.order_by("order").last().order
    for place, value in enumerate(ACTIONS, 1):
        option, created = field.options.get_or_create(value=value, defaults={"order": last + place * 10})
        if created:
            values = {column: getattr(option, column) for column in columns}
            history.objects.create(history_date=timezone.now(), history_type="+", **values)


class Migration(migrations.Migration):
    dependencies = [("events", "0018_view_alerts")]

    # Backwards leaves the rows: events may be of these types.
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
