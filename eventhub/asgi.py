from __future__ import annotations

import os
from typing import Any, cast

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path, re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eventhub.settings")
http = get_asgi_application()

from eventhub.body_limit import BodyLimit
from subscriptions.consumer import EventConsumer


async def refuse(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Refuse the handshake on any other path: Channels' router would raise, and log, for each."""
    await receive()
    await send({"type": "websocket.close"})


websocket = URLRouter(
    [
        path("ws/events", EventConsumer.as_asgi()),
        path("ws/mcp-status", EventConsumer.as_asgi()),  # where clients of the original system connect
        re_path("", cast("Any", refuse)),
    ]
)

application = ProtocolTypeRouter({"http": BodyLimit(http), "websocket": websocket})
