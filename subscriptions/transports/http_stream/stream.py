"""One stream over HTTP, from its request to its end."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from django.db import Error as DatabaseError  # InterfaceError too

from events.log_ids import CONNECTION
from events.measuring.measures import CONNECTIONS_CLOSED, CONNECTIONS_OPENED
from subscriptions import handlers
from subscriptions.live import dispatcher
from subscriptions.live.dispatcher import Dispatcher
from subscriptions.live.lifetime import CannotStart
from subscriptions.outbox.base import Outbox
from subscriptions.outbox.direct_stream import STREAM_LANE, DirectStreamOutbox, DirectWordsOutbox, OpenLane
from subscriptions.outbox.queued import QueuedOutbox
from subscriptions.protocol import messages
from subscriptions.protocol.commands import Refusal
from subscriptions.protocol.endings import Ending
from subscriptions.transports.entrance import TurnedAway, identify
from subscriptions.transports.handshake import Handshake
from subscriptions.transports.http_stream import refused
from subscriptions.transports.http_stream.answer import Send, StreamAnswer
from subscriptions.transports.http_stream.connection import StreamConnection
from subscriptions.transports.http_stream.form import Form
from subscriptions.transports.http_stream.refused import Refused

logger = logging.getLogger(__name__)

QUIET_S = 15.0  # without a message, after which the client is told its position; proxies give up after 60 s

open_streams: set[HttpStream] = set()  # of this process; whoever stops it ends them


class HttpStream:
    def __init__(self, form: Form, scope: dict[str, Any], receive: Any, send: Send) -> None:
        self._form = form
        self._scope = scope
        self._receive = receive
        self._answer = StreamAnswer(form, send)
        self._connection: StreamConnection | None = None

    async def run(self) -> None:
        """Answer the request: with a stream, until one of both sides ends it, or with why there is none."""
        ours = dispatcher.of_running_loop()
        try:
            async with ours:
                await self._serve(ours)
        except Refused as refusal:
            await self._refuse(refusal)
        except (CannotStart, DatabaseError) as error:
            logger.warning("A stream was put off: %s", error)
            await self._refuse(refused.unavailable())
        except Exception:
            logger.exception("A request for a stream failed.")
            await self._refuse(refused.failed())

    @property
    def is_open(self) -> bool:
        return self._connection is not None and not self._connection.outbox.closing

    def close(self, ending: Ending) -> None:
        """End it, and tell the client why. Never waits."""
        if self._connection is not None:
            self._connection.outbox.close(ending)

    async def _refuse(self, refusal: Refused) -> None:
        if not self._answer.begun:  # else it was ended meanwhile, which says more
            await self._answer.refuse(refusal)

    async def _serve(self, ours: Dispatcher) -> None:
        connection = await self._enter(ours)
        try:
            await self._subscribe(ours, connection)
            open_streams.add(self)
            self._connection = connection
            CONNECTIONS_OPENED.add()
            if self._scope["method"] == "HEAD":
                await connection.outbox.stop()
                await self._answer.finish()
            await self._listen(ours, connection)
        finally:  # also when the server cancels us
            open_streams.discard(self)
            if self._connection is not None and not connection.outbox.closing:
                CONNECTIONS_CLOSED.add(label="client")
            try:
                await connection.stop()
            finally:
                await ours.leave(connection)

    async def _enter(self, ours: Dispatcher) -> StreamConnection:
        """Let the client in. Raises Refused, and DatabaseError."""
        handshake = Handshake(self._scope)
        own_page = not handshake.origin or handshake.origin_allowed
        try:
            is_agent = self._form.is_of_agents
            identity = await identify(ours, handshake, may_use_session=own_page, is_agent=is_agent)
        except TurnedAway as turned_away:
            raise refused.at_entrance(turned_away, handshake) from None
        now = asyncio.get_running_loop().time()
        connection = StreamConnection(identity, handshake.address, self._outbox(), now, self._answer)
        if not ours.enter(connection):
            raise refused.crowded()
        CONNECTION.set(connection.id)
        connection.knows_metadata = True  # who asks over HTTP has read it over HTTP, and is told when it changes
        return connection

    def _outbox(self) -> Outbox:
        open_lane: OpenLane | None = self._scope.get("extensions", {}).get(STREAM_LANE)
        writer = None
        if open_lane is not None and self._scope["method"] != "HEAD":
            writer = open_lane(self._answer.begin, self._answer.end)
        if writer is None:
            return QueuedOutbox(self._answer)
        return DirectStreamOutbox(writer) if self._form.writes_blocks else DirectWordsOutbox(writer, self._form.chunk)

    async def _subscribe(self, ours: Dispatcher, connection: StreamConnection) -> None:
        """Begin the subscription, and with its first message the answer. Raises Refused, and DatabaseError."""
        try:
            await handlers.subscribe(ours, connection, self._form.command())
        except Refusal as refusal:
            raise refused.by_protocol(refusal) from None

    async def _listen(self, ours: Dispatcher, connection: StreamConnection) -> None:
        """Return when the client has left, or the answer is over. Whenever nothing was sent for a while, tell the
        client its position: it resumes from there, and nothing on the way takes the connection for dead."""
        outbox = connection.outbox
        while True:
            sent = outbox.sent
            try:
                async with asyncio.timeout(QUIET_S):
                    while (await self._receive())["type"] != "http.disconnect":
                        pass
                return
            except TimeoutError:
                if outbox.closing:
                    return  # the client does not even take why, and this server waits for it
                if outbox.sent == sent and not outbox.unsent:
                    connection.send(messages.quiet(ours.hub.position_of(connection)))
