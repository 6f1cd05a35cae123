"""What a server is asked: which events it offers, and what came after a cursor. It may answer anything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeVar

import httpx
import msgspec
from msgspec.structs import replace

from events.mcp.breaker import Outcome
from events.mcp.models.offered_event import MAX_CURSOR, MAX_DESCRIPTION, MAX_NAME, MAX_SCHEMA
from events.mcp.probe.check import secret_of
from events.mcp.probe.conversation import Conversation
from events.mcp.probe.eras import shake_hands
from events.mcp.probe.failures import NotMcp, TooLong
from events.mcp.probe.foreign import hidden, tamed
from events.mcp.probe.modern import ask_modern
from events.mcp.probe.target import Auth, Era, Target
from events.mcp.probe.verdict import Misconfigured, judged
from events.mcp.probe.wire.body import Allowance
from events.mcp.secret import SecretUnusable
from events.outbound.address import parse_address

MOST_EVENTS = 100  # of one answer
MOST_BYTES = 8 * 1024 * 1024  # of one answer: a hundred of the largest payloads
MOST_OFFERED = 200  # kinds of events of one server
SHORTEST_S, LONGEST_S, USUAL_S = 1.0, 300.0, 5.0  # between two polls, whatever the server asks for
POLL = "poll"
NUL = rb"\u0000"  # which PostgreSQL does not keep


class Offer(NamedTuple):
    name: str
    description: str
    payload_schema: dict[str, Any]


class Occurrence(NamedTuple):
    id: str
    data: dict[str, Any]


class Answer(NamedTuple):
    """What came after a cursor. `refused` counts what is no event."""

    events: Sequence[Occurrence]
    refused: int
    cursor: str
    truncated: bool
    has_more: bool
    next_poll_s: float


class Descriptor(msgspec.Struct, rename="camel"):
    name: str
    description: str = ""
    delivery: list[str] = []
    payload_schema: Any = None


class Page(msgspec.Struct):
    events: list[Any]


class Polled(msgspec.Struct, rename="camel"):
    events: list[Any]
    cursor: str | None = None
    truncated: bool = False
    has_more: bool = False
    next_poll_ms: float = USUAL_S * 1000


class Sent(msgspec.Struct, rename="camel"):
    event_id: str
    data: dict[str, Any]


S = TypeVar("S", bound=msgspec.Struct)


class Visit:
    """A conversation with one server. Each question has the time that a check of the server has. What is raised is
    what a check meets, for `probe.verdict.judged`."""

    def __init__(self, conversation: Conversation, target: Target, secret: str) -> None:
        self._conversation = conversation
        self._target = target
        self._secret = secret

    async def offers(self) -> list[Offer]:
        """Return the events that can be polled. A list of several pages is read up to the end of the first."""
        result = await self._ask("events/list", {})
        offers: dict[str, Offer] = {}
        for each in convert(result, Page, "events/list").events:
            try:
                told = msgspec.convert(each, Descriptor)
            except msgspec.ValidationError:
                continue
            is_name = 0 < len(told.name) <= MAX_NAME and told.name == tamed(told.name, self._secret)
            if POLL in told.delivery and is_name and told.name.isprintable():
                described = tamed(told.description, self._secret)[:MAX_DESCRIPTION]
                offers[told.name] = Offer(told.name, described, self._schema(told.payload_schema))
        return list(offers.values())[:MOST_OFFERED]

    async def poll(self, name: str, cursor: str) -> Answer:
        params: dict[str, Any] = {"name": name, "arguments": {}, "cursor": cursor or None, "maxEvents": MOST_EVENTS}
        try:
            result = await self._ask("events/poll", params)
        except TooLong:  # one by one
            result = await self._ask("events/poll", {**params, "maxEvents": 1})
        polled = convert(result, Polled, "events/poll")
        if not polled.cursor or len(polled.cursor) > MAX_CURSOR or not polled.cursor.isprintable():
            raise NotMcp(f"events/poll gives no cursor of 1 to {MAX_CURSOR:,} characters: where to go on is not known.")
        if len(polled.events) > MOST_EVENTS:
            raise NotMcp(f"events/poll gives {len(polled.events):,} events; at most {MOST_EVENTS} were asked for.")
        events = [sent for each in polled.events if (sent := self._occurrence(each)) is not None]
        return Answer(
            events,
            len(polled.events) - len(events),
            polled.cursor,
            polled.truncated,
            polled.has_more and polled.cursor != cursor,
            min(max(polled.next_poll_ms / 1000, SHORTEST_S), LONGEST_S),
        )

    async def _ask(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        async with asyncio.timeout(self._target.timeout_s):
            if self._target.era == Era.MODERN:
                return await ask_modern(self._conversation, method, dict(params), Allowance(MOST_BYTES))
            return await self._conversation.ask(method, params, allowance=Allowance(MOST_BYTES))

    def _schema(self, schema: object) -> dict[str, Any]:
        if not isinstance(schema, dict):
            return {}
        try:
            kept = self._without_secret(schema)
        except msgspec.MsgspecError:
            return {}
        text = msgspec.json.encode(kept)
        return kept if len(text) <= MAX_SCHEMA and NUL not in text else {}

    def _occurrence(self, event: object) -> Occurrence | None:
        try:
            sent = msgspec.convert(event, Sent)
            return Occurrence(sent.event_id, self._without_secret(sent.data))
        except msgspec.MsgspecError:
            return None

    def _without_secret(self, value: dict[str, Any]) -> dict[str, Any]:
        """Return it without the secret that we have sent. Raises DecodeError if it is no JSON any more."""
        forms = hidden(self._secret)
        if not forms:
            return value
        text = msgspec.json.encode(value)
        for form in forms:
            text = text.replace(form, b"***")
        kept: dict[str, Any] = msgspec.json.decode(text)
        return kept


def convert(result: dict[str, Any], shape: type[S], method: str) -> S:
    try:
        return msgspec.convert(result, shape)
    except msgspec.ValidationError as error:
        raise NotMcp(f"The answer to {method} is none: {error}.") from None


@asynccontextmanager
async def visiting(client: httpx.AsyncClient, target: Target) -> AsyncIterator[Visit]:
    parse_address(target.url)
    secret = secret_of(target)
    conversation = Conversation(client, target, secret)
    try:
        if target.era == Era.LEGACY:
            async with asyncio.timeout(target.timeout_s):
                await shake_hands(conversation)
        yield Visit(conversation, target, secret)
    finally:
        await conversation.end()


def what_ended(error: Exception, target: Target) -> Outcome:
    """Return the verdict on what ended a visit, in words that may be shown."""
    outcome = judged(error, has_credential=target.auth != Auth.NONE, timeout_s=target.timeout_s)
    try:
        secret = secret_of(target)
    except (SecretUnusable, Misconfigured):  # so nothing was sent that could come back
        secret = ""
    return replace(outcome, error=tamed(outcome.error, secret))
