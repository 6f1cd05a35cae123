"""Keys by which an emitter may try again: what was logged under one is answered, and not logged once more."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from events.log import append, placing, records
from events.log.records import Draft
from events.models import Event, IdempotencyKey

MAX_KEY = 200  # characters


class ClaimKey(NamedTuple):
    source: str
    key: str
    body: str  # digest

    @property
    def owner(self) -> tuple[str, str]:
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
        return events if connection.in_atomic_block else append.placed(events, wait, placing.is_sequenced())
    except DatabaseError as error:
        raise records.unavailable() from error


def put_new(
    drafts: Sequence[Draft], keys: Sequence[ClaimKey | None], put: Callable[[Sequence[Draft]], list[Event]]
) -> list[Event]:
    claim = secrets.token_hex(16)
    rows = claimed([key for key in keys if key], claim)
    first: dict[tuple[str, str], int] = {}  # of each key that is new, the place of its event
    new: list[int] = []
    for index, key in enumerate(keys):
        if key is None:
            new.append(index)
            continue
        row = rows[key.owner]
        if row.body != key.body:
            raise KeyTaken(index)
        if row.claim == claim and key.owner not in first:
            first[key.owner] = index
            new.append(index)
    events = dict(zip(new, put([drafts[index] for index in new]), strict=True)) if new else {}
    for owner, index in first.items():
        rows[owner].event_id = events[index].pk
        rows[owner].created = events[index].timestamp
    IdempotencyKey.objects.bulk_update([rows[owner] for owner in first], ["event_id", "created"])
    answers = []
    for index, key in enumerate(keys):
        if index in events:
            answers.append(events[index])
        else:
            assert key is not None
            answers.append(events[first[key.owner]] if key.owner in first else known(rows[key.owner], drafts[index]))
    return answers


def claimed(keys: Sequence[ClaimKey], claim: str) -> dict[tuple[str, str], IdempotencyKey]:
    """Return the row of each key. The row is this claim's if this claim inserted it. If another transaction is
    inserting the same key, wait here until that transaction ends."""
    by_source: dict[str, set[str]] = {}
    for key in keys:
        by_source.setdefault(key.source, set()).add(key.key)
    now = timezone.now()
    for source, names in by_source.items():
        IdempotencyKey.objects.unknown(now).filter(source=source, key__in=names).delete()
    wanted = {key.owner: key for key in reversed(keys)}
    IdempotencyKey.objects.bulk_create(
        # In one order, so that no two wait for each other.
        [
            IdempotencyKey(source=key.source, key=key.key, body=key.body, claim=claim, created=now)
            for _, key in sorted(wanted.items())
        ],
        ignore_conflicts=True,
    )
    found: dict[tuple[str, str], IdempotencyKey] = {}
    for source, names in by_source.items():
        found |= {(source, row.key): row for row in IdempotencyKey.objects.filter(source=source, key__in=names)}
    return found


def known(row: IdempotencyKey, draft: Draft) -> Event:
    """Return the event of a key that is known; without a row when it was pruned, or never had one."""
    event = Event.objects.filter(pk=row.event_id).first() if row.event_id else None
    return event or draft._replace(timestamp=row.created).as_event()
