from __future__ import annotations

import django.core.validators
from django.db import migrations, models

SPAN = 4096  # events
LONGEST = 36_500  # days
FILL = """
    INSERT INTO events_logspan (first, last, earliest, latest)
    SELECT position / {span} * {span}, position / {span} * {span} + {span} - 1, min(timestamp), max(timestamp)
    FROM events_event WHERE position <= %s GROUP BY position / {span}
"""


def fill(apps, schema_editor):
    """Make the spans of the events that are there. What comes after them begins a span of its own."""
    alias = schema_editor.connection.alias
    head = apps.get_model("events", "LogHead").objects.using(alias).select_for_update().first()
    if head is None:
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(FILL.format(span=SPAN), [head.position])
    spans = apps.get_model("events", "LogSpan").objects.using(alias)
    spans.filter(last__gt=head.position).update(last=head.position)


def bound(apps, schema_editor):
    """Bound the days that are set. No calendar has room for more: pruning ended with an error."""
    types = apps.get_model("events", "EventType").objects.using(schema_editor.connection.alias)
    types.filter(retention_days__gt=LONGEST).update(retention_days=LONGEST)


def retention_days():
    return models.PositiveIntegerField(
        blank=True,
        help_text="Days to keep events; empty: for ever. 0: they are not logged, only sent to whoever is connected then, at most once and in no order with logged events; a client that is catching up misses them.",
        null=True,
        validators=[
            django.core.validators.MaxValueValidator(
                LONGEST, "At most %(limit_value)s days, a hundred years; leave it empty to keep them for ever."
            )
        ],
    )


class Migration(migrations.Migration):
    dependencies = [("events", "0007_access_change_destination")]

    operations = [
        migrations.CreateModel(
            name="LogSpan",
            fields=[
                ("first", models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ("last", models.PositiveBigIntegerField()),
                ("earliest", models.DateTimeField()),
                ("latest", models.DateTimeField()),
            ],
        ),
        migrations.AddField("loghead", "span_after", models.PositiveBigIntegerField(default=0)),
        migrations.AddField("loghead", "span_last", models.PositiveBigIntegerField(default=0)),
        migrations.AddField("loghead", "span_earliest", models.BigIntegerField(null=True)),
        migrations.AddField("loghead", "span_latest", models.BigIntegerField(null=True)),
        migrations.AddField("loghead", "pruned_at", models.DateTimeField(null=True)),
        migrations.AlterField("eventtype", "retention_days", retention_days()),
        migrations.AlterField("historicaleventtype", "retention_days", retention_days()),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunPython(bound, migrations.RunPython.noop),
    ]
