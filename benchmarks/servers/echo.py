"""Servers that do nothing but shake hands and echo, to compare a connect with: Daphne with the smallest consumer of
Channels, and uvicorn with an ASGI application of three lines. No token is asked for, and no origin.

`python -m benchmarks.servers.echo daphne|uvicorn PORT` serves it.
"""

from __future__ import annotations

import socket
import sys
from typing import Any

import django
import uvicorn
from channels.generic.websocket import AsyncWebsocketConsumer

from eventhub.server.sockets import listen


class EchoConsumer(AsyncWebsocketConsumer):
    channel_layer_alias = "none"  # so it has no channel

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await self.send(text_data=text_data, bytes_data=bytes_data)


async def echo(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({**message, "type": "websocket.send"})


class UvicornServer(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        ready()


def ready() -> None:
    print("ready", flush=True)


if __name__ == "__main__":
    django.setup()  # before what uses its models is imported
    from eventhub.server.serve import run_daphne

    name, port = sys.argv[1], int(sys.argv[2])
    if name == "daphne":
        run_daphne(EchoConsumer.as_asgi(), [listen("127.0.0.1", port)], ready)
    else:
        options: dict[str, Any] = {"http": "httptools", "ws": "websockets-sansio", "ws_per_message_deflate": False}
        UvicornServer(uvicorn.Config(echo, port=port, loop="uvloop", log_config=None, **options)).run()
