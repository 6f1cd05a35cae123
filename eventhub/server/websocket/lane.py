"""The server lane: uvicorn's WebSocket protocol, through which finished frames can be written, and able to get rid of a
peer that no longer reads.

uvicorn itself only closes such a transport, which then waits for the peer to take what is buffered, for ever. Rests on
the shape of the base class, which tests/eventhub/server/test_lane.py checks.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from websockets.frames import CloseCode, Frame

from eventhub.server.lobby import lobby
from eventhub.server.websocket.incoming import Incoming
from events.measuring.measures import CONNECTIONS_CLOSED
from subscriptions.eager_start import start_eagerly
from subscriptions.outbox.direct import LANE
from subscriptions.protocol.endings import Ending
from subscriptions.transports.websocket.close_codes import CLOSE_CODES

ABORT_AFTER = 5.0  # seconds for the peer to take the close frame, once it is written or the application is done
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: the kernel, too, forgets what it has buffered


class ServerLaneWriter:
    """What `subscriptions.outbox.direct` asks for. Each delivery looks at it, so it is small. The server lane keeps it
    true; to look into that one's large dict would cost as much as a write does in user space."""

    __slots__ = ("_server", "flows", "write")

    def __init__(self, server: ServerLane) -> None:
        self._server: ServerLane | None = server  # None once the connection is gone
        self.flows = True
        self.write: Callable[[bytes], object] = nothing

    @property
    def unsent(self) -> int:
        return 0 if self._server is None else self._server.transport.get_write_buffer_size()

    def close(self, ending: Ending) -> None:
        if self._server is not None:
            self._server.close(ending)

    async def flowing(self) -> None:
        if self._server is not None:
            await self._server.writable.wait()

    def end(self) -> None:
        self.write = nothing
        self._server = None


def nothing(frames: bytes) -> None:
    """Write nothing: not before the handshake is done, and not after a Close."""


class ServerLane(Incoming):
    abort_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.writer = ServerLaneWriter(self)

    def open(self, http: HttpToolsProtocol, answer: bytes) -> None:
        self.writer = ServerLaneWriter(self)
        super().open(http, answer)

    def run_asgi(self) -> Coroutine[Any, Any, None]:
        self.scope["extensions"][LANE] = self.writer  # type: ignore[assignment]
        return super().run_asgi()

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        super().on_task_complete(task)
        self.abort_soon()

    @property
    def is_open(self) -> bool:
        """Say whether the handshake is done and no Close has come or gone."""
        return self.handshake_complete and not self.close_sent and not self.transport.is_closing()

    def close(self, ending: Ending, reason: str = "") -> None:
        """Write a Close behind what is unsent; a peer that does not take it is dropped. Never waits."""
        if self.is_open:
            CONNECTIONS_CLOSED.add(label=ending.name.lower())
            self.writable.set()  # the base class would wait until the peer has read
            start_eagerly(self.send({"type": "websocket.close", "code": CLOSE_CODES[ending], "reason": reason}))
            if not self.writer.flows:
                self.writable.clear()  # whoever waits for it to flow goes on waiting
            self.abort_soon()

    # --- as a guest of the lobby ---

    @property
    def is_idle(self) -> bool:
        return self.close_sent

    def turn_out(self) -> None:
        self.abort()

    # --- where the base class is not enough ---

    @property
    def close_sent(self) -> bool:
        return self._close_sent

    @close_sent.setter
    def close_sent(self, sent: bool) -> None:
        self._close_sent = sent
        if sent:  # while the base class begins, it sets False
            self.writer.write = nothing
            self.loop.call_soon(self.go_on)

    def handle_close(self, event: Frame) -> None:
        super().handle_close(event)  # which answers with a Close
        self.writer.write = nothing

    def eof_received(self) -> None:
        """Do not wait for what the peer has not read: it has ended its half without a Close."""
        super().eof_received()
        self.writer.write = nothing
        self.abort_soon()

    def shutdown(self) -> None:
        super().shutdown()  # which writes a Close
        self.writer.write = nothing

    def connection_lost(self, exc: Exception | None) -> None:
        self.writer.end()
        lobby.leave(self)
        if self.abort_timer is not None:
            self.abort_timer.cancel()  # it would keep all of this for its seconds: 100 MB at 1,000 visitors a second
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.writer.flows = False

    def resume_writing(self) -> None:
        super().resume_writing()
        self.writer.flows = True

    def start_keepalive(self) -> None:
        """Let go of what only the handshake needed: some KiB for as long as the connection lasts."""
        super().start_keepalive()
        self.writer.write = self.transport.write
        self.scope.clear()  # type: ignore[attr-defined]
        for name in ("request", "response"):  # which `opening` did not need
            vars(self).pop(name, None)
        self.loop.call_soon(self.come_in)

    def come_in(self) -> None:
        """Leave the lobby, unless the peer was refused: it has had a Close by now, and stays in the lobby until it is
        gone."""
        if not self.close_sent:
            lobby.leave(self)
        self.go_on()

    def send_receive_event_to_app(self) -> None:
        """Fail the connection for text that is not UTF-8. The base class would log a traceback, or raise when the peer
        has said goodbye in the same breath."""
        if self.curr_msg_data_type == "text" and not self.close_sent and not is_utf8(b"".join(self.frames)):
            self.frames = []
            self.conn.fail(CloseCode.INVALID_DATA)
            self.handle_parser_exception()
            return
        super().send_receive_event_to_app()

    def keepalive_timeout(self) -> None:
        """Send a Close to the peer, which has not answered a ping, and then drop it."""
        super().keepalive_timeout()
        self.abort_soon()

    def abort_soon(self) -> None:
        if self.abort_timer is None:
            self.drop_within(ABORT_AFTER)

    def drop_within(self, seconds: float) -> None:
        if not self.disconnected:
            if self.abort_timer is not None:
                self.abort_timer.cancel()
            self.abort_timer = self.loop.call_later(seconds, self.abort)

    def abort(self) -> None:
        if not self.disconnected:
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self.transport.abort()


def is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
