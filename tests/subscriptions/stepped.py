"""A dispatcher that a test steps, and clients whose frames are kept instead of sent."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import patch

from asgiref.sync import sync_to_async

from events.access.identity import Identity
from events.broadcast import Broadcast, broadcast_events
from events.core.event_types import Viewer
from subscriptions import handlers
from subscriptions.clients.connection import Connection
from subscriptions.live.dispatcher import Dispatcher
from subscriptions.live.follower import Follower
from subscriptions.protocol import commands as protocol
from tests.subscriptions.peers import LanePeer, QueuePeer
from tests.waiting import aeventually

TYPES = ("mcp_status_change", "mcp_auto_disabled")
EVERYTHING = Viewer(is_superuser=True)
PeerKind = type[QueuePeer] | type[LanePeer]


class Client:
    """A connection of a real dispatcher, whose frames are kept instead of sent."""

    def __init__(self, dispatcher: Dispatcher, viewer: Viewer = EVERYTHING, kind: PeerKind = QueuePeer) -> None:
        self.dispatcher = dispatcher
        self.peer = kind()
        identity = Identity(1, "someone", viewer, access=1)
        self.connection = Connection(identity, "", self.peer.outbox, asyncio.get_running_loop().time())
        assert dispatcher.enter(self.connection)

    @property
    def messages(self) -> list[Any]:
        return [json.loads(text) for text in self.peer.texts]

    async def do(self, action: str, **members: object) -> Any:
        """Carry out a command; return its reply."""
        message = {"action": action, "request_id": random.getrandbits(60), **members}
        command = protocol.command_of(message)
        await handlers.HANDLERS[type(command)](self.dispatcher, self.connection, command)
        return await aeventually(lambda: next((each for each in self.messages if is_reply(each, message)), None))

    @property
    def positions(self) -> list[int]:
        return [number(each["id"]) for each in self.messages if "id" in each]

    def replayed(self, subscription_id: str) -> bool:
        return any(each.get("subscription_id") == subscription_id for each in self.all_of("replayed"))

    def all_of(self, type: str) -> list[Any]:
        return [each for each in self.messages if each["type"] == type]


def is_reply(message: Any, command: dict[str, object]) -> bool:
    return isinstance(message, dict) and message.get("request_id") == command["request_id"]


def number(position: str) -> int:
    return int(position.rpartition("-")[2])


async def broadcast(*data: dict[str, Any], type: str = TYPES[0]) -> None:
    await sync_to_async(broadcast_events)([Broadcast(type, each) for each in data])


@asynccontextmanager
async def stepped() -> AsyncIterator[Dispatcher]:
    """Give a dispatcher that moves only when the test steps it."""
    dispatcher = Dispatcher()
    with patch.object(Follower, "run", lambda _: asyncio.Event().wait()):
        async with dispatcher:
            yield dispatcher
