"""A standby that was promoted begins a new epoch: commits may be lost that somebody has seen."""

from __future__ import annotations

from importlib import import_module

from django.db import migrations, models

sequencer = import_module("events.migrations.0011_sequencer")

# PostgreSQL's timeline is another one after each promotion, and after a recovery to a moment in the past. Empty where
# that is not to be known, as on services that have replaced the write-ahead log.
TIMELINE = """
CREATE FUNCTION events_timeline() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF pg_is_in_recovery() THEN
        RETURN '';
    END IF;
    RETURN left(pg_walfile_name(pg_current_wal_insert_lsn()), 8);
EXCEPTION WHEN OTHERS THEN
    RETURN '';
END
$$
"""
LOCKED = """
    IF NOT FOUND THEN
        RETURN;
    END IF;
"""
# Before any position is given out: none means one event before, and another one after the promotion.
BEGIN_EPOCH = """
    timeline_now := events_timeline();
    IF timeline_now <> '' AND head.timeline <> timeline_now THEN
        IF head.timeline <> '' THEN
            head.epoch := right(replace(gen_random_uuid()::text, '-', ''), 16);
        END IF;
        UPDATE events_loghead SET epoch = head.epoch, timeline = timeline_now WHERE id = head.id;
    END IF;
"""


def placing() -> str:
    """Return the function of before with what it does now."""
    before: str = sequencer.FUNCTION
    begun = before.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION").replace(
        LOCKED, LOCKED + BEGIN_EPOCH.lstrip("\n")
    )
    return begun.replace("    placed integer;\n", "    placed integer;\n    timeline_now text;\n")


def make_functions(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(TIMELINE, params=None)
        schema_editor.execute(placing(), params=None)


def drop_functions(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(sequencer.FUNCTION.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"), params=None)
        schema_editor.execute("DROP FUNCTION events_timeline()")


class Migration(migrations.Migration):
    dependencies = [("events", "0021_agents_only")]

    operations = [
        migrations.AddField("loghead", "timeline", models.CharField(max_length=8, default="")),
        migrations.RunPython(make_functions, drop_functions),
    ]
