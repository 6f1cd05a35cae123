"""What a web process writes down about itself, and how it ends connections that staff want to be ended."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from heapq import nlargest
from typing import Any

from eventhub.metrics.gauges import bounded
from eventhub.server.health import Process
from events.measuring.measures import DOORBELLS
from subscriptions.clients.connection import Connection
from subscriptions.clients.hub import Hub
from subscriptions.live import dispatcher, state
from subscriptions.protocol.endings import Ending

logger = logging.getLogger(__name__)

MOST_SHOWN = 200  # connections; the rest is counted
LOOKED_AT = 2_000  # of all, when those that have most unsent are looked for


def of_web() -> dict[str, Any]:
    """Return the state. Call it in the loop that delivers."""
    now = state.current()
    told: dict[str, Any] = {
        "connections": now.connections,
        "subscriptions": bounded(now.subscriptions),
        "unsent": now.unsent,
        "behind": now.behind,
        "layer_lost": now.layer_lost,
        "draining": Process.draining,
        "doorbells": dict(DOORBELLS.counts),
        "shown": [],
    }
    ours = dispatcher.of_running_loop()
    if ours.runs:
        hub = ours.hub
        told |= {"epoch": hub.epoch, "position": hub.position}
        now_s = asyncio.get_running_loop().time()
        some = list(hub.connections)[:LOOKED_AT]
        shown = nlargest(MOST_SHOWN, some, key=lambda each: (each.outbox.unsent, -each.since))
        told["shown"] = [described(hub, each, now_s) for each in shown]
    return told


def described(hub: Hub, connection: Connection, now: float) -> dict[str, Any]:
    behind = 0
    if connection.backlog is not None:
        behind = max(0, hub.position - connection.backlog.position)
    return {
        "id": connection.id,
        "user": connection.identity.username,
        "address": connection.address,
        "since": round(time.time() - (now - connection.since)),
        "subscriptions": len(connection.subscriptions),
        "sent": connection.outbox.sent,
        "unsent": connection.outbox.unsent,
        "behind": behind,
    }


def end(ids: Sequence[str]) -> None:
    """End these connections. Their clients come back, and resume."""
    ours = dispatcher.of_running_loop()
    if ours.runs:
        for connection in [each for each in ours.hub.connections if each.id in ids]:
            logger.info("The connection %s of %s is ended.", connection.id, connection.identity.username)
            connection.outbox.close(Ending.RESTARTING)
