"""Events of ephemeral types: never logged; the doorbell carries them to connected clients, at most once."""

from __future__ import annotations

from collections.abc import Sequence

from events.log.records import Draft
from events.models import Event
from events.notify import doorbell
from events.notify.committed import after_commit


def send_ephemeral(drafts: Sequence[Draft]) -> list[Event]:
    """Send each event when the caller's transaction commits, at once if there is none. They have neither row nor
    position."""
    for draft in drafts:
        after_commit("Sending an ephemeral event", doorbell.send, draft.type, draft.timestamp, draft.data)
    return [draft.as_event() for draft in drafts]
