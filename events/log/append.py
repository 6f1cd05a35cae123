"""Writes events into the log, in the caller's transaction if there is one."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime
from time import perf_counter
from typing import Any

import msgspec
from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.db import Error as DatabaseError  # InterfaceError too

from events.core.records import LoggedEvent
from events.database.prepared import prepared_cursor
from events.database.sqlite.short import short_transaction
from events.log import placer, placing
from events.log.placer import Placer
from events.log.records import Draft, replace_connection, unavailable
from events.measuring.measures import PLACING
from events.models import Event
from events.models import event as event_model
from events.notify.committed import after_commit
from events.notify.signed_batch import PlacedEvents

logger = logging.getLogger(__name__)

INSERT_AT_ONCE = 100  # rows of a statement; SQLite takes 32,766 parameters, and longer ones gain nothing
FIELDS = ("id", "position", "type_id", "severity", "timestamp", "source", "data")  # all, in the model's order
INSERT = f"INSERT INTO {Event._meta.db_table} ({', '.join(FIELDS[1:])}) VALUES {{}} RETURNING id"  # noqa: S608
ROW = f"({', '.join(['%s'] * len(FIELDS[1:]))})"
# On PostgreSQL a function of the database takes all rows as one parameter: to put six for each row into a statement
# would take half of what the caller does. One row alone is cheaper without it.
APPEND = "SELECT id, ({}) FROM events_append(%s) AS id"
# For those who wait, also places. All others would pay more for it than they gain: a sequencer places for less.
APPEND_PLACED = "SELECT * FROM events_append_placed(%s, %s, %s, %s)"
APPEND_ONE = (
    f"INSERT INTO {Event._meta.db_table} ({', '.join(FIELDS[2:])}) VALUES ({', '.join(['%s'] * len(FIELDS[2:]))}) "  # noqa: S608
    f"RETURNING id, ({{}})"
)


Row = tuple[int | None, str, str, datetime, str, str]


def append(drafts: Sequence[Draft], *, wait: bool = False, transaction_is_ours: bool = False) -> list[Event]:
    """Log events in order and ring for them. Inside the caller's transaction they exist exactly if it commits, and get
    their positions then. Outside they are durable on return; they have their positions, too, unless a sequencer will
    give them within milliseconds. With `wait` that is waited for. A transaction that is `ours` has nothing else to do
    but to log: where that must be, `placed` follows its commit.

    Raises LogUnavailable.
    """
    try:
        if connection.vendor == "sqlite" and (transaction_is_ours or not connection.in_atomic_block):
            return insert_placed(drafts)  # one writer anyway: both steps in one transaction
        if connection.in_atomic_block:
            with transaction.atomic(), prepared_cursor() as cursor:  # a savepoint: what fails in here ends no more
                events, _ = insert(cursor, drafts)
            if not transaction_is_ours:
                # Never deduplicated by a flag: a rolled-back savepoint drops the callback and would leave the flag.
                # A placing that finds nothing costs one query.
                after_commit("Placing events", placing.place_committed)
            return events
        if wait and connection.vendor == "postgresql" and len(drafts) <= INSERT_AT_ONCE:
            return placed(insert_and_place(drafts), wait, Placer.EACH)
        with transaction.atomic() if len(drafts) > INSERT_AT_ONCE else nullcontext(), prepared_cursor() as cursor:
            events, by = insert(cursor, drafts)
    except DatabaseError as error:
        raise unavailable() from error
    return placed(events, wait, by)


def insert(cursor: Any, drafts: Sequence[Draft], first: int | None = None) -> tuple[list[Event], Placer]:
    """Insert rows, with positions from `first` on, or pending. Return them, and who placed then."""
    events: list[Event] = []
    by = Placer.EACH
    for start in range(0, len(drafts), INSERT_AT_ONCE):
        rows = [
            (None if first is None else first + index, type, severity, timestamp, source, data)
            for index, (type, severity, timestamp, source, data, _) in enumerate(
                drafts[start : start + INSERT_AT_ONCE], start
            )
        ]
        ids, by = inserted(cursor, rows)
        events += [Event.from_db(DEFAULT_DB_ALIAS, FIELDS, (id, *row)) for id, row in zip(ids, rows, strict=True)]
    return events, by


def inserted(cursor: Any, rows: Sequence[Row]) -> tuple[list[int], Placer]:
    """Insert them by one statement. Return the primary key of each, and who placed then."""
    if connection.vendor == "postgresql":
        if len(rows) == 1:
            cursor.execute(APPEND_ONE.format(placer.WHO_PLACES), rows[0][1:])
        else:
            cursor.execute(APPEND.format(placer.WHO_PLACES), [pending_json(rows)])
        answers = cursor.fetchall()
        return [id for id, _ in answers], Placer(answers[-1][1])
    adapt = connection.ops.adapt_datetimefield_value
    parameters = [
        parameter
        for position, type, severity, timestamp, source, data in rows
        for parameter in (position, type, severity, adapt(timestamp), source, data)
    ]
    cursor.execute(INSERT.format(", ".join([ROW] * len(rows))), parameters)
    return [id for (id,) in cursor.fetchall()], Placer.EACH


def pending_json(rows: Sequence[Row]) -> str:
    """Return rows without a position as APPEND takes them."""
    return msgspec.json.encode(
        [
            {"type": type, "severity": severity, "timestamp": timestamp, "source": source, "data": data}
            for _, type, severity, timestamp, source, data in rows
        ]
    ).decode()


def placed(events: list[Event], wait: bool, by: Placer) -> list[Event]:
    """Return committed events with their positions. Where a sequencer places, they have them only if that was waited
    for. One whose placing fails has none yet either: it is in the log, and any process that polls will place it."""
    # Each once: a key that is given twice in a batch is one event.
    pending = list({event.pk for event in events if event.pk is not None and event.position is None})
    if not pending or (by == Placer.SEQUENCER and not wait):
        return events
    try:
        place = placing.place_these if wait or by == Placer.EACH else placing.wait_for_sequencer
        places = place(pending)
    except DatabaseError as error:
        logger.warning(placing.NOT_PLACED, error)
        replace_connection()
        return events
    if len(places) < len(pending):
        logger.warning(placing.NOT_PLACED, f"the log's head has been locked for {placing.LOCKED_S:g} s")
    for event in events:
        if event.pk in places:
            event.epoch, event.position = places[event.pk]
    return events


def insert_and_place(drafts: Sequence[Draft]) -> list[Event]:
    """Insert rows on PostgreSQL and, unless somebody else has locked the head, place them in the same transaction: one
    wait for the disk, and one way there and back. Return the rows."""
    began = perf_counter()
    rows: list[Row] = [(None, *draft[:5]) for draft in drafts]
    with prepared_cursor() as cursor:
        bounds = (placing.PLACE_AT_ONCE, placing.CARRIED, event_model.SPAN)
        cursor.execute(APPEND_PLACED, [pending_json(rows), *bounds])
        answers = cursor.fetchall()
    placed = [answer for id, *answer in answers if id is None]
    if placed:
        _, types, carried = placing.placed_by_function(placed)
        PLACING.observe(perf_counter() - began)
        placing.ring_once_committed(types, carried)
    own = [(id, position) for id, _, position, *_ in answers if id is not None]
    events = [
        Event.from_db(DEFAULT_DB_ALIAS, FIELDS, (id, position, *draft[:5]))
        for (id, position), draft in zip(own, drafts, strict=True)
    ]
    for event in events:
        if event.position is not None:
            event.epoch = placed[0][0]
    return events


def insert_placed(drafts: Sequence[Draft]) -> list[Event]:
    began = perf_counter()
    with short_transaction() as cursor:
        locked = placing.lock_head(cursor)
        assert locked is not None
        head = locked.head
        types, carried = placing.place_pending(cursor, locked)
        events, _ = insert(cursor, drafts, head.position + 1)
        placing.move_head(cursor, head, [draft.timestamp for draft in drafts])
    PLACING.observe(perf_counter() - began)
    for event in events:
        event.epoch = head.epoch
    placed = [
        LoggedEvent(position, draft.type, draft.timestamp, draft.data)
        for position, draft in enumerate(drafts, head.position - len(drafts) + 1)
    ]
    all_placed = carried and PlacedEvents(head.epoch, [*carried.events, *placed])
    placing.ring_once_committed(types | {draft.type for draft in drafts}, all_placed)
    return events
