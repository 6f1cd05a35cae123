"""Who gives the events of the log their positions: each process by itself, or a sequencer for all. The head tells."""

from __future__ import annotations

from enum import IntEnum

from django.db import connection

from events.database.prepared import prepared_cursor
from events.models import LogHead

# Whether a sequencer places for all: not if its time is over, nor if it is further away than one ever says, because a
# clock was set back. One that is behind says a longer time.
SEQUENCED = "coalesce(sequenced_until BETWEEN clock_timestamp() AND clock_timestamp() + interval '4 seconds', FALSE)"
WHO_PLACES = (
    f"SELECT CASE WHEN NOT {SEQUENCED} THEN 0 WHEN sequenced_until > clock_timestamp() + interval '2 seconds' THEN 2 "  # noqa: S608
    f"ELSE 1 END FROM {LogHead._meta.db_table}"
)


class Placer(IntEnum):
    """Who places what is broadcast."""

    EACH = 0  # process by itself
    SEQUENCER = 1  # within milliseconds
    BEHIND = 2  # a sequencer that does not keep up


def who_places() -> Placer:
    """Return who places at the moment: on SQLite each process."""
    if connection.vendor != "postgresql":
        return Placer.EACH
    with prepared_cursor() as cursor:
        cursor.execute(WHO_PLACES)
        row = cursor.fetchone()
    return Placer(row[0]) if row is not None else Placer.EACH
