"""Hears the groups of a Redis or Valkey through a connection of its own, without a task or a queue.

The layer's own way takes redis-py and two tasks for each message: of 20 sockets' events 45 % of the CPU, by py-spy, on
a busy machine. Here a message is heard in the step of the event loop that has read it. redis-py makes the
connection, so that all its options are in force; then its transport is taken over.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any, cast

import hiredis
from channels_redis.utils import create_pool, decode_hosts
from redis.asyncio.connection import Connection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from events.notify.servers import redis_channel_of
from subscriptions.channel_layer.listener import TURN, Hear, Refused
from subscriptions.channel_layer.skipped import Skipped

logger = logging.getLogger(__name__)

ANSWER_S = 5.0  # seconds; a server that does not answer for so long hangs
NOT_PERMITTED = "NOPERM"  # how the answer begins when the user of this connection may not have a channel


class LineListener:
    def __init__(self, layer: Any, host: Any, hear: Hear, unreadable: Skipped, lost: Callable[[], None]) -> None:
        """Listen at one of the `hosts` of a layer. When the connection has gone, `lost` is called: it is in no group
        then, and makes another one when it joins the next."""
        self._deserialize = layer.deserialize
        self._host = host
        self._hear_message = hear
        self._unreadable = unreadable
        self._lost = lost
        self._connection: Connection | None = None
        self._line: PubsubLine | None = None
        self._ended = False

    async def begin(self) -> None:
        """Do nothing: the first group makes the connection."""

    async def join(self, group: str) -> None:
        await self._ask("SUBSCRIBE", group)

    async def leave(self, group: str) -> None:
        if self._line is not None:
            await self._ask("UNSUBSCRIBE", group)

    def renew(self) -> None:
        self._drop()

    async def end(self) -> None:
        self._ended = True
        await self._disconnect()

    async def _disconnect(self) -> None:
        self._line, connection = None, self._connection
        if connection is not None:
            self._connection = None
            await connection.disconnect(nowait=True)

    async def _ask(self, command: str, group: str) -> None:
        try:
            async with asyncio.timeout(ANSWER_S):
                line = self._line or await self._open()
                await line.ask(command, redis_channel_of(group))
            if line is not self._line:
                raise ConnectionError("The connection is closed")
        except BaseException as error:
            if isinstance(error, hiredis.ReplyError) and str(error).startswith(NOT_PERMITTED):
                raise Refused(str(error)) from None
            self._drop()  # also at a cancellation: an answer that comes later would be taken for that of the next
            raise

    async def _open(self) -> PubsubLine:
        await self._disconnect()  # what is left of the one before
        connection = await create_pool({"protocol": 2, **self._host, "retry": Retry(NoBackoff(), 0)}).get_connection()
        self._connection = cast("Connection", connection)
        if self._ended:  # meanwhile: redis-py swallows a cancellation that comes while it connects
            await self._disconnect()
            raise ConnectionError("Nothing more is heard")
        # redis-py gives no other way to it.
        transport = cast("asyncio.Transport", self._connection._writer.transport)  # type: ignore[union-attr]
        if transport.is_closing():  # it tells the protocol that it has now, so that ours would never know
            raise ConnectionError("The connection is closed")
        self._line = PubsubLine(transport, self._connection.pack_command, self._hear, self._gone)
        return self._line

    def _hear(self, text: bytes) -> None:
        try:
            message = self._deserialize(text)
        except Exception as error:  # noqa: BLE001  any serializer; not its text, which may quote the message
            self._unreadable.one(type(error).__name__)
        else:
            self._hear_message(message)

    def _gone(self, line: PubsubLine) -> None:
        if line is self._line:
            self._drop()

    def _drop(self) -> None:
        """Be in no group from now on, not only when the loop says that the connection has gone: it may never do so."""
        if (line := self._line) is not None:
            self._line = None
            line.close()
            self._lost()


class PubsubLine(asyncio.Protocol):
    """One connection, and what comes through it."""

    def __init__(
        self,
        transport: asyncio.Transport,
        pack: Callable[..., Iterable[bytes]],
        hear: Callable[[bytes], None],
        gone: Callable[[PubsubLine], None],
    ) -> None:
        """Take over a transport on which no answer is awaited. `hear` does not raise."""
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self._pack = pack
        self._hear = hear
        self._gone = gone
        self._reader = hiredis.Reader()
        self._answer: asyncio.Future[None] | None = None
        self._pauses = False  # others have their turn
        self._before = transport.get_protocol()  # it waits for the end, too
        transport.set_protocol(self)

    async def ask(self, command: str, channel: str) -> None:
        """Return when the server has answered. Not before the one before has returned."""
        if self._transport.is_closing():
            raise ConnectionError("The connection is closed")
        self._answer = self._loop.create_future()
        self._transport.write(b"".join(self._pack(command, channel)))
        await self._answer

    def close(self) -> None:
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        if not self._pauses:
            self._take()

    def _take(self) -> None:
        """Hear what has come, for a turn. Whatever is odd ends the connection."""
        turn_ends = self._loop.time() + TURN
        try:
            while (reply := self._reader.gets()) is not False:
                match reply:
                    case [b"message", _, text]:
                        self._hear(text)
                    case [b"subscribe" | b"unsubscribe", *_]:
                        self._answered()
                    case Exception():
                        self._answered(reply)
                    case _:
                        raise hiredis.ProtocolError("No message and no answer")
                if self._loop.time() > turn_ends:
                    self._pauses = True
                    self._transport.pause_reading()
                    self._loop.call_soon(self._go_on)
                    return
        except hiredis.ProtocolError as error:
            logger.warning("The channel layer's server says what cannot be read: %s", error)
            self.close()

    def _go_on(self) -> None:
        self._pauses = False
        if not self._transport.is_closing():
            self._transport.resume_reading()
            self._take()

    def _answered(self, error: Exception | None = None) -> None:
        answer, self._answer = self._answer, None
        if answer is None or answer.done():
            return
        if error is None:
            answer.set_result(None)
        else:
            answer.set_exception(error)

    def connection_lost(self, error: Exception | None) -> None:
        self._answered(error or ConnectionError("The connection is closed"))
        self._before.connection_lost(error)
        self._gone(self)


def host_of(hosts: Any, server: int) -> Any:
    """Return the host of the server of this number, as channels_redis takes it."""
    return decode_hosts(hosts)[server]
