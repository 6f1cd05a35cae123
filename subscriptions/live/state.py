"""What the dispatcher of this process is at the moment, for whoever watches it."""

from __future__ import annotations

from typing import NamedTuple

from subscriptions.component_health import CHANNEL_LAYER
from subscriptions.live import dispatcher


class State(NamedTuple):
    """All zero while nobody is connected: the dispatcher does not run then."""

    connections: int = 0
    subscriptions: dict[str, int] = {}  # by event type; one that asks for several counts for each
    unsent: int = 0  # bytes, when it was last looked at
    behind: int = 0  # events
    layer_lost: bool = False


def current() -> State:
    """Return the state. Call it in the loop that delivers."""
    ours = dispatcher.of_running_loop()
    if not ours.runs:
        return State()
    hub = ours.hub
    by_type = {event_type: each.subscriptions for event_type, each in hub.types.items()}
    lost = ours.groups.failing or ours.health.is_lost(CHANNEL_LAYER)
    return State(len(hub.connections), by_type, hub.unsent, ours.follower.behind, lost)
