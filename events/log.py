"""The log of events: append, place, read.

Positions are gapless and in commit order, which an auto-increment id is not. An event is inserted *pending*, inside the
caller's transaction if there is one, and *placed* by a short transaction that holds the head row's lock: hence the
order of commits is the order of positions, and whoever holds the lock places for all.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from events import doorbell
from events.committed import after_commit
from events.letter import Letter, LoggedEvent
from events.models import Event, EventType, LogHead, LogSpan
from events.models.event import new_epoch

logger = logging.getLogger(__name__)

PLACE_AT_ONCE = 5000  # rows placed under one lock of the head; bounds how long others wait
CARRIED = 4096  # characters of a pending row's payload; longer ones are not read only to be carried by a doorbell
PLACED_SOON_S = 0.002  # about what placing takes
LOCKED_S = 10.0  # as long as one waits for a lock of the database
ABANDONED_AFTER = timedelta(seconds=1)  # a pending row that old belongs to a process that died before placing it

INSERT_AT_ONCE = 100  # rows of a statement; SQLite takes 32,766 parameters, and longer ones gain nothing
KEYS_AT_ONCE = 400  # rows that a statement names

# What each broadcast and each doorbell asks, by hand: a queryset is made into SQL anew each time, 340 µs for 20.
# In the model's order.
HEAD_FIELDS = ("id", "epoch", "position", "span_after", "span_last", "span_earliest", "span_latest")
HEAD = f"SELECT {', '.join(HEAD_FIELDS)} FROM {LogHead._meta.db_table}"  # noqa: S608
MOVE_HEAD = f"UPDATE {LogHead._meta.db_table} SET {', '.join(f'{name} = %s' for name in HEAD_FIELDS[2:])}"  # noqa: S608
FIELDS = ("id", "position", "type_id", "severity", "timestamp", "source", "data")  # all, in the model's order
INSERT = f"INSERT INTO {Event._meta.db_table} ({', '.join(FIELDS[1:])}) VALUES {{}} RETURNING id"  # noqa: S608
ROW = f"({', '.join(['%s'] * len(FIELDS[1:]))})"
PENDING = (
    f"SELECT id, type_id, timestamp, CASE WHEN length(data) <= {CARRIED} THEN data END FROM {Event._meta.db_table} "  # noqa: S608
    "WHERE position IS NULL ORDER BY id LIMIT %s"
)
PLACE = (
    f"WITH place (id, position) AS (VALUES {{}}) UPDATE {Event._meta.db_table} SET position = place.position "  # noqa: S608
    f"FROM place WHERE {Event._meta.db_table}.id = place.id"
)
POSITIONS = f"SELECT id, position FROM {Event._meta.db_table} WHERE id IN ({{}}) AND position IS NOT NULL"  # noqa: S608
AFTER = (
    f"SELECT position, type_id, timestamp, data FROM {Event._meta.db_table} "  # noqa: S608
    "WHERE position > %s{} ORDER BY position LIMIT %s"
)


Row = tuple[int | None, str, str, datetime, str, str]

NOT_PLACED = "Events are logged, but could not be placed (%s); the next look places them."


class LogUnavailable(Exception):
    """The log's database cannot be reached or is locked; nothing was broadcast."""

    def __str__(self) -> str:
        return self.__doc__ or ""


class Draft(NamedTuple):
    """A validated event on its way to the clients; `data` is its JSON text. An ephemeral one bypasses the log."""

    type: str
    severity: str
    timestamp: datetime
    source: str
    data: str
    ephemeral: bool = False

    def as_event(self) -> Event:
        """One without a row."""
        return Event(
            type_id=self.type,
            severity=self.severity,
            timestamp=self.timestamp,
            source=self.source,
            data=self.data,
        )


def append(drafts: Sequence[Draft], *, transaction_is_ours: bool = False) -> list[Event]:
    """Log events in order and ring for them. Inside the caller's transaction they exist exactly if it commits, and get
    their positions then; outside they are placed on return. A transaction that is `ours` has nothing else to do but
    to log: where that must be, `placed` follows its commit.

    Raises LogUnavailable.
    """
    try:
        if connection.vendor == "sqlite" and (transaction_is_ours or not connection.in_atomic_block):
            return insert_placed(drafts)  # one writer anyway: both steps in one transaction
        if connection.in_atomic_block:
            with transaction.atomic():  # a savepoint: the caller's transaction outlives what fails in here
                events = insert(drafts)
            if not transaction_is_ours:
                # Never deduplicated by a flag: a rolled-back savepoint drops the callback and would leave the flag.
                # A placing that finds nothing costs one query.
                after_commit("Placing events", place_committed)
            return events
        with transaction.atomic() if len(drafts) > INSERT_AT_ONCE else nullcontext():
            events = insert(drafts)
    except DatabaseError as error:
        raise unavailable() from error
    return placed(events)


def unavailable() -> LogUnavailable:
    """The error to raise, of a database that failed just now."""
    replace_connection()
    return LogUnavailable()


def replace_connection() -> None:
    """Before the next query: this one may be broken, and in a process without requests nothing else would."""
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()


def insert(drafts: Sequence[Draft], first: int | None = None) -> list[Event]:
    """Insert rows, with positions from `first` on, or pending."""
    events: list[Event] = []
    for start in range(0, len(drafts), INSERT_AT_ONCE):
        rows = [
            (None if first is None else first + index, type, severity, timestamp, source, data)
            for index, (type, severity, timestamp, source, data, _) in enumerate(
                drafts[start : start + INSERT_AT_ONCE], start
            )
        ]
        events += [
            Event.from_db(DEFAULT_DB_ALIAS, FIELDS, (id, *row)) for id, row in zip(inserted(rows), rows, strict=True)
        ]
    return events


def inserted(rows: Sequence[Row]) -> list[int]:
    """Insert them by one statement; the primary key of each."""
    adapt = connection.ops.adapt_datetimefield_value
    parameters = [
        parameter
        for position, type, severity, timestamp, source, data in rows
        for parameter in (position, type, severity, adapt(timestamp), source, data)
    ]
    with connection.cursor() as cursor:
        cursor.execute(INSERT.format(", ".join([ROW] * len(rows))), parameters)
        return [id for (id,) in cursor.fetchall()]


def placed(events: list[Event]) -> list[Event]:
    """Committed events with their positions. One whose placing fails has none yet: it is in the log, and any process
    that looks will place it."""
    pending = [event.pk for event in events if event.pk is not None and event.position is None]
    if not pending:
        return events
    try:
        positions = place_these(pending)
    except DatabaseError as error:
        logger.warning(NOT_PLACED, error)
        replace_connection()
        return events
    if len(positions) < len(pending):
        logger.warning(NOT_PLACED, f"the log's head has been locked for {LOCKED_S:g} s")
    for event in events:
        event.position = positions.get(event.pk, event.position)
    return events


def place_committed() -> None:
    """`place`; where it fails, the next look of any process places them."""
    try:
        place()
    except DatabaseError as error:
        logger.warning(NOT_PLACED, error)
        replace_connection()


def place_these(pks: Sequence[int]) -> dict[int, int]:
    """Place them, or wait while whoever has locked the head does so; the positions by primary key, of all unless it is
    locked for very long. To queue for the lock would cost each placer a turn, though the first leaves nothing to the
    others."""
    until = time.monotonic() + LOCKED_S
    place(wait=False)
    while len(positions := positions_of(pks)) < len(pks) and time.monotonic() < until:
        time.sleep(PLACED_SOON_S)
        place(wait=False)
    return positions


def positions_of(pks: Sequence[int]) -> dict[int, int]:
    """Of those that are placed, by primary key."""
    positions: dict[int, int] = {}
    with connection.cursor() as cursor:
        for start in range(0, len(pks), KEYS_AT_ONCE):
            some = pks[start : start + KEYS_AT_ONCE]
            cursor.execute(POSITIONS.format(", ".join(["%s"] * len(some))), some)
            positions.update(cursor.fetchall())
    return positions


def insert_placed(drafts: Sequence[Draft]) -> list[Event]:
    with transaction.atomic():
        head = lock_head()
        assert head is not None
        types, letter = place_pending(head)
        events = insert(drafts, head.position + 1)
        move_head(head, [draft.timestamp for draft in drafts])
    placed = [
        LoggedEvent(position, draft.type, draft.timestamp, draft.data)
        for position, draft in enumerate(drafts, head.position - len(drafts) + 1)
    ]
    ring(types | {draft.type for draft in drafts}, letter and Letter(head.epoch, [*letter.events, *placed]))
    return events


def place(*, wait: bool = True) -> int:
    """Give every committed pending event its position and ring for them; the number placed. Without `wait`, none if
    somebody has locked the head: who does so in order to place, places for all."""
    placed = 0
    while True:
        with transaction.atomic():
            head = lock_head(wait=wait)
            if head is None:
                return placed
            before = head.position
            types, letter = place_pending(head)
        ring(types, letter)
        placed += head.position - before
        if head.position - before < PLACE_AT_ONCE:
            return placed


def ring(types: Collection[str], letter: Letter | None) -> None:
    """Not before what was placed is committed, whoever's transaction this may be."""
    after_commit("Ringing", doorbell.ring, types, letter)


def place_abandoned() -> int:
    """`place`, if a process died between commit and placing (or is slow at it); the number placed."""
    now = timezone.now()
    new = (now - ABANDONED_AFTER, now + ABANDONED_AFTER)  # one of later is from before the clock was set back
    if Event.objects.pending().exclude(timestamp__range=new).exists():
        return place(wait=False)
    return 0


def lock_head(*, wait: bool = True) -> LogHead | None:
    """The head, for this transaction alone; None without `wait` where another has it."""
    lock = ""  # SQLite: the transaction is IMMEDIATE
    if connection.features.has_select_for_update:
        lock = " FOR UPDATE" if wait else " FOR UPDATE SKIP LOCKED"
    with connection.cursor() as cursor:
        cursor.execute(HEAD + lock)
        row = cursor.fetchone()
    if row is None:
        return None
    return LogHead(*row)  # by place: a third of the time that it takes by name


def move_head(head: LogHead, timestamps: Sequence[datetime]) -> None:
    """By an event for each of these times."""
    full = head.advance(timestamps)
    with connection.cursor() as cursor:
        cursor.execute(MOVE_HEAD, [getattr(head, name) for name in HEAD_FIELDS[2:]])
    if full is not None:
        columns = ["last", "earliest", "latest"]
        LogSpan.objects.bulk_create([full], update_conflicts=True, unique_fields=["first"], update_fields=columns)


def place_pending(head: LogHead) -> tuple[set[str], Letter | None]:
    """Place up to PLACE_AT_ONCE pending events after `head`, which moves; their types, and what a doorbell may carry
    once this has committed (None: one of them is too long). The head must be locked, and this is a new statement, so
    that it sees all that was committed before the lock was got."""
    with connection.cursor() as cursor:
        cursor.execute(PENDING, [PLACE_AT_ONCE])
        pending = cursor.fetchall()
        if not pending:
            return set(), Letter(head.epoch, [])
        first = head.position + 1
        for start in range(0, len(pending), KEYS_AT_ONCE):
            some = pending[start : start + KEYS_AT_ONCE]
            places = [value for position, (pk, *_) in enumerate(some, first + start) for value in (pk, position)]
            cursor.execute(PLACE.format(", ".join(["(%s, %s)"] * len(some))), places)
    timestamps = [timestamp.replace(tzinfo=UTC) for _, _, timestamp, _ in pending]
    move_head(head, timestamps)
    types = {type for _, type, _, _ in pending}
    if any(data is None for *_, data in pending):
        return types, None
    return types, Letter(
        head.epoch,
        [
            LoggedEvent(position, type, timestamp, data)
            for position, ((_, type, _, data), timestamp) in enumerate(zip(pending, timestamps, strict=True), first)
        ],
    )


def head() -> LogHead:
    return LogHead.objects.get()


def renew_epoch(epoch: str) -> LogHead:
    """End this epoch, unless another process has done so; the head of the present one."""
    LogHead.objects.filter(epoch=epoch).update(epoch=new_epoch())
    return head()


def is_pruned(after: int, types: Collection[str]) -> bool:
    """Whether events of these types after that position have been deleted by retention."""
    return EventType.objects.filter(pk__in=types, pruned_to__gt=after).exists()


def read_after(position: int, limit: int, types: Collection[str] | None = None) -> list[LoggedEvent]:
    """The next events after a position, in order, at most `limit`; of these types, if any are given."""
    of_types = ""
    if types is not None:
        if not types:
            return []
        of_types = f" AND type_id IN ({', '.join(['%s'] * len(types))})"
    with connection.cursor() as cursor:
        cursor.execute(AFTER.format(of_types), [position, *(types or ()), limit])
        return [
            # SQLite's times come naive, and are UTC.
            LoggedEvent(position, type, timestamp.replace(tzinfo=UTC), data)
            for position, type, timestamp, data in cursor.fetchall()
        ]


def read_before(position: int, limit: int, types: Collection[str]) -> list[LoggedEvent]:
    """The events of these types before a position, newest first, at most `limit`."""
    return logged(Event.objects.before(position).filter(type_id__in=types), limit)


def logged(events: QuerySet[Event], limit: int) -> list[LoggedEvent]:
    rows = events.values_list("position", "type_id", "timestamp", "data")[:limit]
    return [LoggedEvent._make(row) for row in rows]
