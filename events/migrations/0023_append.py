"""The function that appends on PostgreSQL, and two indexes less for each event to pay."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

# All rows are one parameter, and the statement is planned once for a connection.
FUNCTION = """
CREATE FUNCTION events_append(drafts json) RETURNS SETOF bigint
LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY
        INSERT INTO events_event AS event (type_id, severity, timestamp, source, data)
        SELECT draft.type, draft.severity, draft.timestamp, draft.source, draft.data
        FROM ROWS FROM (
            json_to_recordset(drafts)
            AS (type varchar, severity varchar, timestamp timestamptz, source varchar, data text)
        ) WITH ORDINALITY AS draft (type, severity, timestamp, source, data, number)
        ORDER BY draft.number
        RETURNING event.id;
END
$$
"""
# Django makes them for each foreign key. Whoever asks for a type finds it in the index of types and positions.
INDEX = "events_event_type_id_04a81abf"
INDEX_LIKE = f"{INDEX}_like"


def forwards(apps, schema_editor):
    for name in (INDEX, INDEX_LIKE):
        schema_editor.execute(f"DROP INDEX IF EXISTS {name}")
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(FUNCTION, params=None)


def backwards(apps, schema_editor):
    schema_editor.execute(f"CREATE INDEX {INDEX} ON events_event (type_id)")
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"CREATE INDEX {INDEX_LIKE} ON events_event (type_id varchar_pattern_ops)")
        schema_editor.execute("DROP FUNCTION events_append(json)")


class Migration(migrations.Migration):
    dependencies = [("events", "0022_timeline")]

    operations = [
        # On SQLite, Django itself would copy the whole log for that.
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(forwards, backwards)],
            state_operations=[
                migrations.AlterField(
                    "event",
                    "type",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="events.eventtype",
                    ),
                )
            ],
        )
    ]
