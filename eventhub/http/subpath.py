"""A site that shares its host with others, and is below a path there: /eventhub/events in place of /events.

Between the two applications addresses are without that path. A proxy may have taken it off already. Whoever asks the
port itself, such as a probe for /readyz, need not know it.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any


class Above:
    """An ASGI application around another one, for which it takes the path off."""

    def __init__(self, path: str, application: Any) -> None:
        self.path, self.application = path, application

    def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Awaitable[None]:
        # The `root_path` of a server is of no use: Django would look for it in an address that is without it.
        below = {**scope, "path": without(self.path, scope["path"]), "root_path": ""}
        passed_on: Awaitable[None] = self.application(below, receive, send)
        return passed_on


class Below:
    """An ASGI application around Django's, which wants addresses whole."""

    def __init__(self, path: str, application: Any) -> None:
        self.path, self.application = path, application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        await self.application({**scope, "path": self.path + scope["path"]}, receive, send)


def without(path: str, address: str) -> str:
    return address.removeprefix(path) or "/" if address == path or address.startswith(f"{path}/") else address
