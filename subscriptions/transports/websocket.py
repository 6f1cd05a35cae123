"""The Channels consumer: handshake, frames in, errors answered. Frames out are the outbox's."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer
from django.db import Error as DatabaseError  # InterfaceError too

from events.access import attempts
from subscriptions.clients.connection import Connection
from subscriptions.handlers import HANDLERS
from subscriptions.live import dispatcher
from subscriptions.live.dispatcher import Dispatcher
from subscriptions.outbox.direct import LANE, LaneOutbox
from subscriptions.outbox.queued import Outbox
from subscriptions.protocol import commands, endings, messages
from subscriptions.protocol.commands import Refusal, RequestId
from subscriptions.transports.handshake import Handshake

logger = logging.getLogger(__name__)


class EventConsumer(AsyncConsumer):
    dispatcher: Dispatcher
    connection: Connection | None = None

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.dispatcher = dispatcher.of_running_loop()
        try:
            async with self.dispatcher:
                try:
                    await self._converse(scope, receive, send)
                finally:
                    await self._leave()
        except dispatcher.CannotStart as error:
            logger.warning("A WebSocket was put off: %s", error)
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": endings.TRY_AGAIN_LATER})

    async def _converse(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """What Channels does with a channel, too, and then with a task for each message."""
        self.scope, self.base_send = scope, send
        with contextlib.suppress(StopConsumer):
            while True:
                await self.dispatch(await receive())

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Channels' own hops to a thread before every message, to close old database connections: 219 µs in place of
        16. Ours belong to the dispatcher's threads."""
        if message["type"] == "websocket.receive":
            await self._receive(message.get("text"))
        elif message["type"] == "websocket.connect":
            await self._connect(Handshake(self.scope))
        else:
            raise StopConsumer

    async def _connect(self, handshake: Handshake) -> None:
        token = handshake.token
        if token is None and not handshake.origin_allowed:
            await self._close()  # before the handshake: 403
            return
        try:
            session_key = handshake.session_key if token is None else ""
            identity = await self.dispatcher.token_lookup.identify(token, session_key)
            wait = 0
            if identity is None and token is not None:
                wait = await self.dispatcher.threads.run(attempts.wrong_token, handshake.address)
        except DatabaseError as error:
            logger.warning("A WebSocket was put off: %s", error)
            await self._accept_and_close(endings.TRY_AGAIN_LATER)
            return
        if identity is None:
            if wait:
                await self._refuse_guesser(wait)
            else:
                await self._accept_and_close(endings.NOT_AUTHENTICATED)
            return
        loop = asyncio.get_running_loop()
        connection = Connection(identity, handshake.address, self._outbox(), loop.time())
        if not self.dispatcher.enter(connection):
            await self._accept_and_close(endings.TOO_MANY_CONNECTIONS)
            return
        self.connection = connection
        await self.base_send({"type": "websocket.accept"})
        self.scope.clear()  # some KiB of headers, for as long as the connection lasts

    async def _refuse_guesser(self, wait: int) -> None:
        """Before the handshake, where the server can answer it."""
        if "websocket.http.response" not in self.scope.get("extensions", {}):
            await self._close()
            return
        headers = [(b"retry-after", str(wait).encode()), (b"content-length", b"0")]
        await self.base_send({"type": "websocket.http.response.start", "status": 429, "headers": headers})
        await self.base_send({"type": "websocket.http.response.body", "body": b""})

    async def _accept_and_close(self, code: int) -> None:
        """Only of an accepted connection does a browser tell its page the code."""
        await self.base_send({"type": "websocket.accept"})
        await self._close(code)

    async def _close(self, code: int = 1000) -> None:
        await self.base_send({"type": "websocket.close", "code": code})

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
            connection.outbox.close(endings.FLOODING)

    def _outbox(self) -> Outbox | LaneOutbox:
        lane = self.scope.get("extensions", {}).get(LANE)
        return Outbox(self.base_send) if lane is None else LaneOutbox(lane)

    @property
    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    async def _leave(self) -> None:
        """Also when the server cancels us: not every one sends `websocket.disconnect`."""
        if self.connection is not None:
            if self.connection.backlog is not None:
                await self.connection.backlog.stop()
            self.dispatcher.hub.leave(self.connection)
            await self.connection.outbox.stop()
