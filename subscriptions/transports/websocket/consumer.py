"""The Channels consumer: handshake, frames in, errors answered. Frames out are the outbox's."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any

from channels.consumer import AsyncConsumer
from django.db import Error as DatabaseError  # InterfaceError too

from events.access import token_terms
from events.log_ids import CONNECTION
from events.measuring.measures import CONNECTIONS_CLOSED, CONNECTIONS_OPENED
from events.models.token_terms import READ
from subscriptions.clients.connection import Connection
from subscriptions.handlers import HANDLERS
from subscriptions.live import dispatcher
from subscriptions.live.dispatcher import Dispatcher
from subscriptions.live.lifetime import CannotStart
from subscriptions.outbox.base import Outbox
from subscriptions.outbox.direct import LANE, DirectOutbox
from subscriptions.outbox.frames import Frame
from subscriptions.outbox.queued import QueuedOutbox
from subscriptions.protocol import commands, messages
from subscriptions.protocol.commands import Refusal, RequestId
from subscriptions.protocol.endings import Ending
from subscriptions.transports.entrance import TurnedAway, Why, identify
from subscriptions.transports.handshake import Handshake
from subscriptions.transports.websocket.asgi_socket import AsgiSocket

logger = logging.getLogger(__name__)


class EventConsumer(AsyncConsumer):
    dispatcher: Dispatcher
    connection: Connection | None = None

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.dispatcher = dispatcher.of_running_loop()
        self.scope, self.socket = scope, AsgiSocket(send)
        try:
            async with self.dispatcher:
                try:
                    await self._converse(receive)
                finally:  # also when the server cancels us: not every server sends `websocket.disconnect`
                    if self.connection is not None:
                        if not self.connection.outbox.closing:
                            CONNECTIONS_CLOSED.add(label="client")
                        await self.dispatcher.leave(self.connection)
        except CannotStart as error:
            logger.warning("A WebSocket was put off: %s", error)
            await self.socket.accept_and_end(Ending.TRY_AGAIN_LATER)

    async def _converse(self, receive: Any) -> None:
        """Receive messages without Channels' own loop. That one has a channel and a task for each message, and
        `dispatch` hops to a thread before each, to close old database connections: 219 µs in place of 16. Ours belong
        to the dispatcher's threads."""
        while (message := await receive())["type"] != "websocket.disconnect":
            if message["type"] == "websocket.connect":
                await self._connect(Handshake(self.scope))
            else:
                await self._receive(message.get("text"))

    async def _connect(self, handshake: Handshake) -> None:
        try:
            identity = await identify(self.dispatcher, handshake, may_use_session=handshake.origin_allowed)
        except TurnedAway as turned_away:
            await self._turn_away(handshake, turned_away)
            return
        except DatabaseError as error:
            logger.warning("A WebSocket was put off: %s", error)
            await self.socket.accept_and_end(Ending.TRY_AGAIN_LATER)
            return
        loop = asyncio.get_running_loop()
        connection = Connection(identity, handshake.address, self._outbox(), loop.time())
        if not self.dispatcher.enter(connection):
            await self.socket.accept_and_end(Ending.TOO_MANY_CONNECTIONS)
            return
        self.connection = connection
        CONNECTION.set(connection.id)
        CONNECTIONS_OPENED.add()
        await self.socket.accept()
        self.scope.clear()  # some KiB of headers, for as long as the connection lasts

    async def _turn_away(self, handshake: Handshake, turned_away: TurnedAway) -> None:
        match turned_away.why:
            case Why.FOREIGN_PAGE:
                if origin := handshake.origin:
                    logger.warning("A page of %s may not connect: EVENTHUB_ALLOWED_ORIGINS has others.", origin)
                await self.socket.refuse()
            case Why.UNKNOWN:
                await self.socket.accept_and_end(Ending.NOT_AUTHENTICATED)
            case Why.GUESSES:
                await self._refuse_guesser(turned_away.wait)
            case Why.MAY_NOT_READ:
                await self._refuse_token(token_terms.lacks(READ))
            case Why.FOR_AGENTS:
                await self._refuse_token(token_terms.is_for_agents())

    async def _refuse_token(self, sentence: str) -> None:
        """Accept the connection, to say what the token is not for: a browser tells its page nothing of a refused
        one."""
        refusal = Refusal("forbidden", sentence)
        await self.socket.accept()
        await self.socket.write(Frame(messages.error(refusal, None)))
        await self.socket.end(Ending.NOT_AUTHENTICATED)

    async def _refuse_guesser(self, wait: int) -> None:
        if "websocket.http.response" in self.scope.get("extensions", {}):
            await self.socket.refuse_with_wait(wait)
        else:
            await self.socket.refuse()

    async def _receive(self, frame: str | None) -> None:
        connection = self.connection
        if connection is None or connection.outbox.closing:
            return  # it crossed our close
        request_id: RequestId = None
        try:
            message = commands.decode(frame)
            request_id = commands.request_id_of(message)
            connection.spend_command(self._now)
            command = commands.command_of(message)
            await HANDLERS[type(command)](self.dispatcher, connection, command)
        except Refusal as refusal:
            self._refuse(connection, refusal, request_id)
        except DatabaseError as error:
            logger.warning("A command could not be answered: %s", error)
            sentence = "The database is not available at the moment; try again."
            self._refuse(connection, Refusal("internal_error", sentence), request_id)
        except Exception:
            logger.exception("A command failed.")
            sentence = "The server failed at this command; its operators can read why."
            self._refuse(connection, Refusal("internal_error", sentence), request_id)

    def _refuse(self, connection: Connection, refusal: Refusal, request_id: RequestId) -> None:
        connection.send(messages.error(refusal, request_id))
        if connection.budget.refused(self._now):
            connection.outbox.close(Ending.FLOODING)

    def _outbox(self) -> Outbox:
        lane = self.scope.get("extensions", {}).get(LANE)
        return QueuedOutbox(self.socket) if lane is None else DirectOutbox(lane)

    @property
    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def event_socket(scope: dict[str, Any], receive: Any, send: Any) -> Awaitable[None]:
    """Serve a WebSocket (an ASGI application): as `EventConsumer.as_asgi()`, which keeps a coroutine more for each."""
    return EventConsumer()(scope, receive, send)
