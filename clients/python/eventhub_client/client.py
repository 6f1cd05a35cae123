"""The client: a subscription that lives through restarts of the server, and of this program."""

from __future__ import annotations

import asyncio
import inspect
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Generic, TypeVar

from eventhub_client.connection import Connection, ConnectionLost, connected
from eventhub_client.errors import ProtocolError, SubscriptionEnded
from eventhub_client.position import MemoryPosition, PositionStore

logger = logging.getLogger("eventhub_client")

Token = str | Callable[[], str | Awaitable[str]]
E = TypeVar("E")

FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0  # seconds; doubled each time, a random part of it is waited
PASSING = ("too_many_requests", "internal_error")  # errors that asking again may cure
CHANGED, CUT_SHORT = "event_type_changed", "limit"


class EventClient(Generic[E]):
    """Gives the events of one subscription. `token` may be a function, also an async one, which is called before each
    try to connect. `position` is where it is kept how far this client has come. `on_gap` is told why events are
    missing. Raises ValueError for an address that is none of a socket."""

    def __init__(
        self,
        url: str,
        token: Token,
        *,
        position: PositionStore | None = None,
        on_gap: Callable[[str], None] | None = None,
    ) -> None:
        if not url.startswith(("ws://", "wss://")):
            raise ValueError(f"“{url}” is not the address of a socket: it begins with ws:// or wss://.")
        self.url = url
        self.token = token
        self.position = position or MemoryPosition()
        self.on_gap = on_gap or tell_of_gap

    async def subscribe(
        self, event_types: Sequence[str], filters: Mapping[str, Any] | None = None, *, last: int = 0
    ) -> AsyncGenerator[E, None]:
        """Yield each event once, in the order of the log, without end. An event counts as done when the next one is
        asked for. Where no position is kept yet, it begins now, or with the newest `last` events that match.

        Raises EventhubError."""
        asked = {"event_types": list(event_types), "filters": dict(filters or {})}
        waits = back_off()
        while True:
            try:
                token, has_more = await self.current_token(), callable(self.token)
                async with connected(self.url, token, has_more_tokens=has_more) as connection:
                    await connection.send(self.first_command(asked, last))
                    async with aclosing(self.events_of(connection)) as events:
                        async for event in events:
                            waits = back_off()
                            yield event
            except ConnectionLost as lost:
                wait = next(waits)
                logger.info("%s: %s; connecting again in %.1f s.", self.url, lost, wait)
                await asyncio.sleep(wait)

    def listen(
        self, event_types: Sequence[str], filters: Mapping[str, Any] | None = None, *, last: int = 0
    ) -> Generator[E, None, None]:
        """Yield what `subscribe` does, for programs without asyncio."""
        events = self.subscribe(event_types, filters, last=last)

        async def next_event() -> E:
            return await anext(events)

        with asyncio.Runner() as runner:
            try:
                while True:
                    yield runner.run(next_event())
            finally:
                runner.run(events.aclose())

    async def current_token(self) -> str:
        given = self.token() if callable(self.token) else self.token
        return await given if inspect.isawaitable(given) else given

    def first_command(self, asked: dict[str, Any], last: int) -> dict[str, Any]:
        if (position := self.position.load()) is not None:
            return {"action": "resume", "after": position, "subscriptions": [asked]}
        return {"action": "subscribe", **asked, **({"last": last} if last else {})}

    async def events_of(self, connection: Connection) -> AsyncGenerator[E, None]:
        """Yield the events of one connection. As it has one subscription alone, they come in the order of the log, also
        those of a replay: whatever comes says how far it is. Returns when another connection shall go on."""
        while True:
            match await connection.receive():
                case {"type": "error", "code": code, "message": message}:
                    if code in PASSING:
                        raise ConnectionLost(message)
                    raise ProtocolError(code, message)
                case {"type": "replayed", "complete": False, "reason": str(reason), "position": str(position), **told}:
                    next_after = told.get("next_after")
                    self.position.save(next_after if isinstance(next_after, str) else position)
                    if reason == CUT_SHORT:
                        return
                    self.on_gap(reason)
                case {"type": "unsubscribed", "reason": str(reason), "position": str(position), **told}:
                    self.position.save(position)
                    if reason == CHANGED and "filters_gone" not in told:
                        return
                    raise SubscriptionEnded(reason)
                case {
                    "type": "subscribed" | "resumed" | "replayed" | "pong" as kind,
                    "position": str(position),
                    **told,
                }:
                    if kind in ("subscribed", "resumed"):
                        logger.info("%s: %s.", self.url, kind)
                    if not told.get("replaying"):
                        self.position.save(position)
                case {"type": str(), "data": dict(), "timestamp": str()} as event:
                    yield event
                    if "id" in event:
                        self.position.save(event["id"])


def tell_of_gap(reason: str) -> None:
    logger.warning("Events are missing that happened while there was no connection: %s.", reason)


def back_off() -> Iterator[float]:
    longest = FIRST_WAIT
    while True:
        yield random.uniform(0, longest)
        longest = min(longest * 2, LONGEST_WAIT)
