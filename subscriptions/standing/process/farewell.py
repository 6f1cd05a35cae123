"""Why the subscription of an agent has ended, as MCP Events says it to the agent's address."""

from __future__ import annotations

from events.access import policy
from events.core.event_types import Registry
from subscriptions.protocol import mcp_events
from subscriptions.protocol.mcp_events import EventsError
from subscriptions.standing.process.record import Loaded


def end_of(loaded: Loaded, registry: Registry) -> EventsError:
    """Return why: access has ended, the event type is gone, or it has changed so that the arguments do not fit."""
    (name,) = loaded.row.event_types
    event_type = registry.types.get(name)
    if event_type is None or not event_type.active:
        return mcp_events.no_such_event(name)
    if loaded.ended or loaded.viewer is None or policy.scope_of(loaded.viewer, event_type) is None:
        return mcp_events.access_ended(name)
    return mcp_events.narrowed(name)
