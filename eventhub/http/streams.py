"""The addresses of streams, answered before Django, which holds a thread for each answer that goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Streams:
    """An ASGI application around the one for all other addresses."""

    def __init__(self, application: Any, addresses: Mapping[str, Any]) -> None:
        self.application = application
        self.addresses = addresses

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        application = self.addresses.get(scope["path"].removesuffix("/"), self.application)
        await application(scope, receive, send)
