"""The function that places on PostgreSQL, and who places for all at the moment."""

from __future__ import annotations

from django.db import migrations, models

# All of a placing in one way there and back. A new statement of a volatile function sees what was committed before it:
# so the pending rows are looked for when the lock has been got. `data` is left out where a doorbell would not carry it.
FUNCTION = """
CREATE FUNCTION events_place(at_once integer, wait boolean, carried integer, span integer)
RETURNS TABLE (log_epoch text, event_position bigint, event_type text, event_timestamp timestamptz, event_data text)
LANGUAGE plpgsql AS $$
DECLARE
    head events_loghead%ROWTYPE;
    before bigint;
    placed integer;
    from_time bigint;
    to_time bigint;
BEGIN
    IF wait THEN
        SELECT * INTO head FROM events_loghead FOR UPDATE;
    ELSE
        SELECT * INTO head FROM events_loghead FOR UPDATE SKIP LOCKED;
    END IF;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    before := head.position;
    RETURN QUERY
        WITH pending AS (
            SELECT id, row_number() OVER (ORDER BY id) AS number FROM (
                SELECT id FROM events_event WHERE position IS NULL ORDER BY id LIMIT at_once
            ) AS first
        )
        UPDATE events_event AS event SET position = before + pending.number
        FROM pending WHERE event.id = pending.id
        RETURNING head.epoch::text, event.position, event.type_id::text, event.timestamp,
            CASE WHEN length(event.data) <= carried THEN event.data END;
    GET DIAGNOSTICS placed = ROW_COUNT;
    IF placed = 0 THEN
        RETURN;
    END IF;
    SELECT (extract(epoch FROM min(timestamp)) * 1000000)::bigint, (extract(epoch FROM max(timestamp)) * 1000000)::bigint
    INTO from_time, to_time FROM events_event WHERE position > before AND position <= before + placed;
    IF head.span_last <> before THEN
        head.span_after := before;
        head.span_earliest := NULL;
        head.span_latest := NULL;
    END IF;
    head.position := before + placed;
    head.span_last := head.position;
    head.span_earliest := least(head.span_earliest, from_time);
    head.span_latest := greatest(head.span_latest, to_time);
    IF head.position - head.span_after >= span THEN
        INSERT INTO events_logspan (first, last, earliest, latest)
        VALUES (
            head.span_after + 1,
            head.position,
            'epoch'::timestamptz + head.span_earliest * interval '1 microsecond',
            'epoch'::timestamptz + head.span_latest * interval '1 microsecond'
        )
        ON CONFLICT (first) DO UPDATE
        SET last = excluded.last, earliest = excluded.earliest, latest = excluded.latest;
        head.span_after := head.position;
        head.span_earliest := NULL;
        head.span_latest := NULL;
    END IF;
    UPDATE events_loghead SET position = head.position, span_after = head.span_after, span_last = head.span_last,
        span_earliest = head.span_earliest, span_latest = head.span_latest WHERE id = head.id;
END
$$
"""


def make_function(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(FUNCTION, params=None)  # its % are no places for parameters


def drop_function(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION events_place(integer, boolean, integer, integer)")


class Migration(migrations.Migration):
    dependencies = [("events", "0010_token_terms")]

    operations = [
        migrations.AddField("loghead", "sequencer", models.CharField(max_length=16, default="")),
        migrations.AddField("loghead", "sequenced_until", models.DateTimeField(null=True)),
        migrations.RunPython(make_function, drop_function),
    ]
