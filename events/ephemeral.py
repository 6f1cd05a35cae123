"""Events of ephemeral types: never logged, carried by the doorbell to whoever is connected, at most once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from django.db import transaction

from events import doorbell
from events.log import Draft
from events.models import Event


def send(drafts: Sequence[Draft]) -> list[Event]:
    """Send each event when the caller's transaction commits, at once if there is none. They have neither row nor
    position."""
    for draft in drafts:
        transaction.on_commit(partial(doorbell.send, draft.type, draft.timestamp, draft.data), robust=True)
    return [draft.as_event() for draft in drafts]
