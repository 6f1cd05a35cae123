"""The usual way to do this with Channels, to compare with: a channel per socket, in a group per event type; the filter
is asked in each consumer, which encodes the event for its own socket. No log, no access, no bound for slow readers.

`python -m benchmarks.servers.plain_consumer PORT` serves it with the same uvicorn, set up by the same code, as this
product.
"""

from __future__ import annotations

import json
import secrets
import sys
from typing import Any

import django
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import path

from eventhub.server.sockets import listen

DATA_KEYS = {"mcp_names": "mcp_name", "severity": "severity"}  # filter → the member of the payload that it looks at
compact = json.JSONEncoder(separators=(",", ":"))  # the same bytes on the wire as ours


def group_of(event_type: str) -> str:
    return f"plain.{event_type}"


class PlainConsumer(AsyncJsonWebsocketConsumer):
    async def connect(self) -> None:
        self.subscriptions: dict[str, tuple[list[str], dict[str, list[str]]]] = {}
        await self.accept()

    async def receive_json(self, content: dict[str, Any], **kwargs: Any) -> None:
        subscription_id = f"sub_{secrets.token_hex(6)}"
        event_types, filters = content["event_types"], content["filters"]
        self.subscriptions[subscription_id] = event_types, filters
        for event_type in event_types:
            await self.channel_layer.group_add(group_of(event_type), self.channel_name)
        await self.send_json(
            {
                "type": "subscribed",
                "subscription_id": subscription_id,
                "event_types": event_types,
                "filters": filters,
            }
        )

    async def event_message(self, message: dict[str, Any]) -> None:
        event = message["event"]
        if any(self.matches(event, *subscription) for subscription in self.subscriptions.values()):
            await self.send_json(event)

    @staticmethod
    def matches(event: dict[str, Any], event_types: list[str], filters: dict[str, list[str]]) -> bool:
        return event["type"] in event_types and all(
            event["data"].get(DATA_KEYS[name]) in values for name, values in filters.items()
        )

    async def disconnect(self, code: int) -> None:
        for event_types, _ in self.subscriptions.values():
            for event_type in event_types:
                await self.channel_layer.group_discard(group_of(event_type), self.channel_name)

    @classmethod
    async def encode_json(cls, content: Any) -> str:
        return compact.encode(content)


application = ProtocolTypeRouter({"websocket": URLRouter([path("ws/events", PlainConsumer.as_asgi())])})

if __name__ == "__main__":
    django.setup()  # before what uses its models is imported
    from eventhub.server.serve import run_uvicorn

    with listen("127.0.0.1", int(sys.argv[1])) as listening:
        run_uvicorn(application, [listening], ready=lambda: print("ready", flush=True))
