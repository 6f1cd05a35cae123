"""The log of events: append, place, read.

Positions are gapless and in commit order, which an auto-increment id is not. An event is inserted *pending*, inside the
caller's transaction if there is one, and *placed* by a short transaction that holds the head row's lock: hence the
order of commits is the order of positions, and the process that holds the lock places for all.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any, NamedTuple

from django.db import Error as DatabaseError  # InterfaceError too
from django.db import connection, transaction
from django.utils import timezone
from msgspec.structs import astuple

from events.core.records import LoggedEvent
from events.database.prepared import prepared_cursor
from events.log.placer import Placer, who_places
from events.log.reading import KEYS_AT_ONCE, Place, all_places_of, places_of
from events.log.records import replace_connection
from events.measuring.measures import PLACING
from events.models import Event, LogHead, LogSpan, event
from events.models.event import MovingHead
from events.notify import doorbell
from events.notify.committed import after_commit
from events.notify.signed_batch import PlacedEvents
from events.pacing.once_for_all import OnceForAll

logger = logging.getLogger(__name__)

PLACE_AT_ONCE = 1000  # rows placed under one lock of the head; bounds how long others wait
CARRIED = 4096  # characters of a pending row's payload; longer ones are not read only to be carried by a doorbell
PLACED_SOON_S = 0.002  # about what placing takes
PLACED_LATE_S = 0.02  # between two looks of those who have waited for some time: each takes from who places
SEQUENCED_S = 1.0  # as long as one waits for a sequencer that is behind
LOCKED_S = 10.0  # as long as one waits for a lock of the database
ABANDONED_AFTER = timedelta(seconds=1)  # a pending row that old belongs to a process that died before placing it

# What each broadcast and each doorbell asks, by hand: a queryset is made into SQL anew each time, 340 µs for 20.
HEAD_FIELDS = MovingHead.__struct_fields__  # the first of them is the epoch, which does not move
HAS_PENDING = f"EXISTS (SELECT 1 FROM {Event._meta.db_table} WHERE position IS NULL)"  # noqa: S608
HEAD = f"SELECT {', '.join(HEAD_FIELDS)}, {HAS_PENDING} FROM {LogHead._meta.db_table}"  # noqa: S608
MOVE_HEAD = f"UPDATE {LogHead._meta.db_table} SET {', '.join(f'{name} = %s' for name in HEAD_FIELDS[1:])}"  # noqa: S608
PUT_SPAN = (
    f"INSERT INTO {LogSpan._meta.db_table} (first, last, earliest, latest) VALUES (%s, %s, %s, %s) "  # noqa: S608
    "ON CONFLICT (first) DO UPDATE SET last = excluded.last, earliest = excluded.earliest, latest = excluded.latest"
)
PENDING = (
    f"SELECT id, type_id, timestamp, CASE WHEN length(data) <= {CARRIED} THEN data END FROM {Event._meta.db_table} "  # noqa: S608
    "WHERE position IS NULL ORDER BY id LIMIT %s"
)
PLACE = (
    f"WITH place (id, position) AS (VALUES {{}}) UPDATE {Event._meta.db_table} SET position = place.position "  # noqa: S608
    f"FROM place WHERE {Event._meta.db_table}.id = place.id"
)
# On PostgreSQL one function does all of a placing, in one way there and back.
PLACE_ALL = "SELECT * FROM events_place(%s, %s, %s, %s)"
NOT_PLACED = "Events are logged, but could not be placed (%s); the next poll places them."


class LockedHead(NamedTuple):
    head: MovingHead
    has_pending: bool  # seen under the lock: whatever was committed before is counted


def place_committed() -> None:
    """Place what is committed, unless a sequencer does. If that fails, the next poll of any process places it."""
    try:
        if who_places() == Placer.EACH:
            place()
    except DatabaseError as error:
        logger.warning(NOT_PLACED, error)
        replace_connection()


def place_these(pks: Sequence[int]) -> dict[int, Place]:
    """Place these rows, or wait while somebody else places them. Return the places by primary key: those of all rows,
    unless the head is locked for very long. We do not wait for a sequencer's next round, which may be milliseconds
    away. We poll instead of queueing for the lock, because its first holder places everybody's events."""
    for _ in polling(LOCKED_S):
        place_for_all()
        if len(places := all_places_of(pks)) == len(pks):
            return places
    return places_of(pks)


def wait_for_sequencer(pks: Sequence[int]) -> dict[int, Place]:
    """Let a sequencer that is behind place these rows, so that it catches up: it places a thousand as fast as others
    a few. Return the places by primary key. If it does not come to them, place them here."""
    for _ in polling(SEQUENCED_S):
        if len(places := all_places_of(pks)) == len(pks):
            return places
    return place_these(pks)


def polling(seconds: float) -> Iterator[None]:
    """Sleep after each look at what should be done soon, longer and longer, until these seconds are over."""
    until, pause = time.monotonic() + seconds, PLACED_SOON_S
    while time.monotonic() < until:
        yield
        time.sleep(pause)
        pause = min(1.5 * pause, PLACED_LATE_S)


def place(*, wait: bool = True) -> int:
    """Give every committed pending event its position and ring for them; the number placed. Without `wait`, none if
    somebody has locked the head: who does so in order to place, places for all."""
    placed = 0
    while (count := place_some(wait=wait)) == PLACE_AT_ONCE:
        placed += count
    return placed + count


def place_some(*, wait: bool) -> int:
    """Do the same for the first PLACE_AT_ONCE of them."""
    began = time.perf_counter()
    count, types, carried = place_by_function(wait) if connection.vendor == "postgresql" else place_by_hand()
    if types:
        PLACING.observe(time.perf_counter() - began)
        ring_once_committed(types, carried)
    return count


# Who comes while another thread places is placed by the next one.
place_for_all = OnceForAll(lambda: place_some(wait=False))


def place_by_hand() -> tuple[int, set[str], PlacedEvents | None]:
    """Place up to PLACE_AT_ONCE pending events; their number, their types and what a doorbell may carry."""
    with transaction.atomic(), connection.cursor() as cursor:
        locked = lock_head(cursor)
        if locked is None:
            return 0, set(), None
        before = locked.head.position
        types, carried = place_pending(cursor, locked)
        return locked.head.position - before, types, carried


def place_by_function(wait: bool) -> tuple[int, set[str], PlacedEvents | None]:
    """Do the same by the function of the database."""
    with prepared_cursor() as cursor:
        cursor.execute(PLACE_ALL, [PLACE_AT_ONCE, wait, CARRIED, event.SPAN])
        return placed_by_function(cursor.fetchall())


def placed_by_function(rows: Sequence[Any]) -> tuple[int, set[str], PlacedEvents | None]:
    """Return the same of the rows that the function has returned."""
    rows = sorted(rows, key=itemgetter(1))  # by position; no two have the same
    types = {type for _, _, type, *_ in rows}
    if not rows or any(row[-1] is None for row in rows):
        return len(rows), types, None
    events = [LoggedEvent(position, type, timestamp, data) for _, position, type, timestamp, data in rows]
    return len(rows), types, PlacedEvents(rows[0][0], events)


def ring_once_committed(types: Collection[str], carried: PlacedEvents | None) -> None:
    """Notify only after the outermost transaction has committed."""
    after_commit("Ringing", doorbell.ring, types, carried)


def place_abandoned() -> int:
    """Place events if a process died between commit and placing (or is slow at it). Return the number placed."""
    now = timezone.now()
    new = (now - ABANDONED_AFTER, now + ABANDONED_AFTER)  # one of later is from before the clock was set back
    if Event.objects.pending().exclude(timestamp__range=new).exists():
        return place(wait=False)
    return 0


def lock_head(cursor: Any) -> LockedHead | None:
    """Return the head, for this transaction alone; None where there is no log yet. The transaction is IMMEDIATE. All
    that it does goes through one cursor: Django makes one in half the time that a statement takes."""
    cursor.execute(HEAD)
    row = cursor.fetchone()
    if row is None:
        return None
    *head, has_pending = row
    return LockedHead(MovingHead(*head), bool(has_pending))


def move_head(cursor: Any, head: MovingHead, timestamps: Sequence[datetime]) -> None:
    """Move the head by an event for each of these times."""
    full = head.advance(timestamps)
    cursor.execute(MOVE_HEAD, astuple(head)[1:])
    if full is not None:
        adapt = connection.ops.adapt_datetimefield_value
        cursor.execute(PUT_SPAN, [full.first, full.last, adapt(full.earliest), adapt(full.latest)])


def place_pending(cursor: Any, locked: LockedHead) -> tuple[set[str], PlacedEvents | None]:
    """Place up to PLACE_AT_ONCE pending events after the head, which moves; their types, and what a doorbell may carry
    once this has committed (None: one of them is too long)."""
    head = locked.head
    if not locked.has_pending:
        return set(), PlacedEvents(head.epoch, [])
    cursor.execute(PENDING, [PLACE_AT_ONCE])
    pending = cursor.fetchall()
    first = head.position + 1
    for start in range(0, len(pending), KEYS_AT_ONCE):
        some = pending[start : start + KEYS_AT_ONCE]
        places = [value for position, (pk, *_) in enumerate(some, first + start) for value in (pk, position)]
        cursor.execute(PLACE.format(", ".join(["(%s, %s)"] * len(some))), places)
    timestamps = [timestamp.replace(tzinfo=UTC) for _, _, timestamp, _ in pending]
    move_head(cursor, head, timestamps)
    types = {type for _, type, _, _ in pending}
    if any(data is None for *_, data in pending):
        return types, None
    return types, PlacedEvents(
        head.epoch,
        [
            LoggedEvent(position, type, timestamp, data)
            for position, ((_, type, _, data), timestamp) in enumerate(zip(pending, timestamps, strict=True), first)
        ],
    )
