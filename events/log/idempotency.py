"""Keys by which an emitter may try again: what was logged under one is answered, and not logged once more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec
from django.db import Error as DatabaseError  # InterfaceError too
from django.db import connection, transaction
from django.utils import timezone

from events.log import append, reading, records
from events.log.placer import who_places
from events.log.records import Draft
from events.models import Event, IdempotencyKey
from events.models.idempotency_key import counting

MAX_KEY = 200  # characters

# By hand, as the log's own statements are: by querysets, a key cost as much as all the rest of a call.
TABLE = IdempotencyKey._meta.db_table
ROW = "(%s, %s, %s, %s, '', NULL)"
# A key that counts no more is as good as new. What is new is returned.
CLAIM = (
    f"INSERT INTO {TABLE} (source, key, created, body, claim, event_id) VALUES {{}} "  # noqa: S608
    "ON CONFLICT (source, key) DO UPDATE SET created = excluded.created, body = excluded.body, event_id = NULL "
    f"WHERE {TABLE}.created NOT BETWEEN %s AND %s RETURNING source, key"
)
SET_EVENT = f"UPDATE {TABLE} SET event_id = %s WHERE source = %s AND key = %s"  # noqa: S608

Owner = tuple[str, str]  # source and key


class ClaimKey(NamedTuple):
    source: str
    key: str
    body: str  # digest

    @property
    def owner(self) -> Owner:
        return self.source, self.key


class KeyTaken(Exception):
    """The key stands for another event; `index` is its place in the batch."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


def is_valid(key: object) -> bool:
    return isinstance(key, str) and 0 < len(key) <= MAX_KEY and key.isprintable()


def key_of(source: str, key: str, event_type: str, data: Mapping[str, Any]) -> ClaimKey:
    """Return the key with the digest of its event; the order of the payload's members makes no difference."""
    body = msgspec.json.encode([event_type, data], order="sorted")
    return ClaimKey(source, key, sha256(body).hexdigest())


def once(
    drafts: Sequence[Draft],
    keys: Sequence[ClaimKey | None],
    put: Callable[[Sequence[Draft]], list[Event]],
    *,
    wait: bool,
) -> list[Event]:
    """Put the events whose keys are new, and those without one; the events of all, in order, of keys that are known
    the first ones. All is one transaction, the caller's if there is one. With `wait` they have their positions, as
    `append` says.

    Raises KeyTaken, LogUnavailable, and what `put` raises.
    """
    try:
        with transaction.atomic():
            events = put_new(drafts, keys, put)
        return events if connection.in_atomic_block else append.placed(events, wait, who_places())
    except DatabaseError as error:
        raise records.unavailable() from error


def put_new(
    drafts: Sequence[Draft], keys: Sequence[ClaimKey | None], put: Callable[[Sequence[Draft]], list[Event]]
) -> list[Event]:
    wanted: dict[Owner, tuple[ClaimKey, datetime]] = {}
    for key, draft in zip(keys, drafts, strict=True):
        if key is not None:
            wanted.setdefault(key.owner, (key, draft.timestamp))
    new_keys = claimed(wanted)
    rows = rows_of([owner for owner in wanted if owner not in new_keys])
    first: dict[Owner, int] = {}  # of each key that is new, the place of its event
    new: list[int] = []
    for index, key in enumerate(keys):
        if key is None:
            new.append(index)
            continue
        if key.body != (wanted[key.owner][0].body if key.owner in new_keys else rows[key.owner].body):
            raise KeyTaken(index)
        if key.owner in new_keys and key.owner not in first:
            first[key.owner] = index
            new.append(index)
    events = dict(zip(new, put([drafts[index] for index in new]), strict=True)) if new else {}
    with connection.cursor() as cursor:
        cursor.executemany(SET_EVENT, [(events[index].pk, *owner) for owner, index in first.items()])
    answers = []
    for index, key in enumerate(keys):
        if index in events:
            answers.append(events[index])
        else:
            assert key is not None
            answers.append(events[first[key.owner]] if key.owner in first else known(rows[key.owner], drafts[index]))
    return answers


def claimed(wanted: Mapping[Owner, tuple[ClaimKey, datetime]]) -> set[Owner]:
    """Put down these keys, with the times of their events, and return those that are new. If another transaction is
    putting down the same key, wait here until that transaction ends."""
    adapt, now = connection.ops.adapt_datetimefield_value, timezone.now()
    parameters = [
        parameter
        for _, (key, created) in sorted(wanted.items())  # in one order, so that no two wait for each other
        for parameter in (key.source, key.key, adapt(created), key.body)
    ]
    counts_from, counts_until = (adapt(moment) for moment in counting(now))
    with connection.cursor() as cursor:
        cursor.execute(CLAIM.format(", ".join([ROW] * len(wanted))), [*parameters, counts_from, counts_until])
        return {(source, key) for source, key in cursor.fetchall()}


def rows_of(owners: Sequence[Owner]) -> dict[Owner, IdempotencyKey]:
    """Return the row of each key that is known."""
    by_source: dict[str, set[str]] = {}
    for source, key in owners:
        by_source.setdefault(source, set()).add(key)
    found: dict[Owner, IdempotencyKey] = {}
    for source, names in by_source.items():
        found |= {(source, row.key): row for row in IdempotencyKey.objects.filter(source=source, key__in=names)}
    return found


def known(row: IdempotencyKey, draft: Draft) -> Event:
    """Return the event of a key that is known; without a row when it was pruned, or never had one."""
    event = Event.objects.filter(pk=row.event_id).first() if row.event_id else None
    if event is not None:
        event.epoch = reading.place().epoch
    return event or draft._replace(timestamp=row.created).as_event()
