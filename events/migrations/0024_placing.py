"""Placing on PostgreSQL costs nothing when nothing is pending, and never reads the whole log."""

from __future__ import annotations

from importlib import import_module

from django.db import migrations

timeline = import_module("events.migrations.0022_timeline")

LANGUAGE = "LANGUAGE plpgsql AS $$"
# If statistics are made while very much is pending, PostgreSQL believes that this is so always, and would then read the
# whole log to find ten rows: placing would fall behind more and more. What is switched off looks so dear to PostgreSQL 17
# and older that they would compile each placing, where they can.
SWITCHED_OFF = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin", "jit")
BY_INDEXES = f"LANGUAGE plpgsql {' '.join(f'SET {name} TO off' for name in SWITCHED_OFF)} AS $$"
BEGIN = "BEGIN\n    IF wait THEN\n"
# Who takes the lock writes to the disk and waits for that, also if there is nothing to place. 0 at once begins an epoch.
UNLESS_NOTHING_IS_PENDING = """BEGIN
    IF at_once > 0 AND NOT EXISTS (SELECT FROM events_event WHERE position IS NULL) THEN
        RETURN;
    END IF;
    IF wait THEN
"""


def placing() -> str:
    """Return the function of before with what it does now."""
    before: str = timeline.placing()
    return before.replace(LANGUAGE, BY_INDEXES).replace(BEGIN, UNLESS_NOTHING_IS_PENDING)


def make_function(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(placing(), params=None)


def bring_back_function(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(timeline.placing(), params=None)


class Migration(migrations.Migration):
    dependencies = [("events", "0023_append")]

    operations = [migrations.RunPython(make_function, bring_back_function)]
