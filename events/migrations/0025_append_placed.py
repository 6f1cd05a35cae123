"""The function that appends on PostgreSQL for those who wait: it also places, unless somebody else is doing so."""

from __future__ import annotations

from django.db import migrations

# Rows with an id tell what was appended, with the positions that these have by now; rows without one what was placed.
# Types are looked for at once, not at the commit: who changes a type keeps its row locked, and whoever waits for that
# must not have locked the head.
FUNCTION = """
CREATE FUNCTION events_append_placed(drafts json, at_once integer, carried integer, span integer)
RETURNS TABLE (
    event_id bigint, log_epoch text, event_position bigint, event_type text, event_timestamp timestamptz, event_data text
)
LANGUAGE plpgsql AS $$
DECLARE
    ids bigint[];
BEGIN
    SET CONSTRAINTS ALL IMMEDIATE;
    ids := ARRAY(SELECT * FROM events_append(drafts));
    RETURN QUERY SELECT NULL::bigint, placed.* FROM events_place(at_once, FALSE, carried, span) AS placed;
    RETURN QUERY
        SELECT event.id, NULL::text, event.position, NULL::text, NULL::timestamptz, NULL::text
        FROM events_event AS event WHERE event.id = ANY (ids) ORDER BY event.id;
END
$$
"""


def make_function(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(FUNCTION, params=None)


def drop_function(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION events_append_placed(json, integer, integer, integer)")


class Migration(migrations.Migration):
    dependencies = [("events", "0024_placing")]

    operations = [migrations.RunPython(make_function, drop_function)]
