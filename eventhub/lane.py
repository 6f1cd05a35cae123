"""The server lane: uvicorn's WebSocket protocol, through which finished frames can be written, and able to get rid of a
peer that no longer reads.

uvicorn itself only closes such a transport, which then waits for the peer to take what is buffered, for ever. Rests on
the shape of the base class, which tests/test_lane.py checks.
"""

from __future__ import annotations

import socket
import struct

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

from subscriptions.eager import begin
from subscriptions.fast_lane import LANE

ABORT_AFTER = 5.0  # seconds for the peer to take the close frame, once it is written or the application is done
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: the kernel, too, forgets what it has buffered


class ServerLane(WebSocketsSansIOProtocol):
    flows = True

    async def run_asgi(self) -> None:
        self.scope["extensions"][LANE] = self  # type: ignore[assignment]
        try:
            await super().run_asgi()
        finally:
            self.abort_soon()

    # --- what subscriptions.fast_lane asks of a lane ---

    @property
    def unsent(self) -> int:
        return 0 if self.disconnected else self.transport.get_write_buffer_size()

    def write(self, frames: bytes, /) -> None:
        """Nothing, before the handshake is done and after a Close. In between it is the transport's own, see
        `start_keepalive`: to ask at each write would cost a tenth of a delivery."""

    @property
    def is_open(self) -> bool:
        """Accepted, and no Close has come or gone."""
        return self.handshake_complete and not self.close_sent and not self.transport.is_closing()

    def close(self, code: int) -> None:
        if self.is_open:
            self.writable.set()  # the base class would wait until the peer has read
            begin(self.send({"type": "websocket.close", "code": code, "reason": ""}))
            self.abort_soon()

    async def flowing(self) -> None:
        await self.writable.wait()

    # --- where the base class is not enough ---

    @property
    def close_sent(self) -> bool:
        return self._close_sent

    @close_sent.setter
    def close_sent(self, sent: bool) -> None:
        self._close_sent = sent
        if sent:
            self._write_nothing_more()

    def _write_nothing_more(self) -> None:
        self.__dict__.pop("write", None)

    def handle_close(self, event: Frame) -> None:
        super().handle_close(event)  # which answers with a Close
        self._write_nothing_more()

    def connection_lost(self, exc: Exception | None) -> None:
        self._write_nothing_more()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.flows = False

    def resume_writing(self) -> None:
        super().resume_writing()
        self.flows = True

    def start_keepalive(self) -> None:
        """The handshake is done: let go of what only that needed, some KiB for as long as the connection lasts."""
        super().start_keepalive()
        self.write = self.transport.write  # type: ignore[method-assign]
        self.scope.clear()  # type: ignore[attr-defined]
        del self.request, self.response

    def send_receive_event_to_app(self) -> None:
        """Text that is not UTF-8 fails the connection; the base class would log a traceback for it, or, when the peer
        has said goodbye in the same breath, raise."""
        if self.curr_msg_data_type == "text" and not self.close_sent and not is_utf8(b"".join(self.frames)):
            self.frames = []
            self.conn.fail(CloseCode.INVALID_DATA)
            self.handle_parser_exception()
            return
        super().send_receive_event_to_app()

    def keepalive_timeout(self) -> None:
        """The peer has not answered a ping: it is given a close frame, and then dropped."""
        super().keepalive_timeout()
        self.abort_soon()

    def abort_soon(self) -> None:
        if not self.disconnected:
            self.loop.call_later(ABORT_AFTER, self.abort)

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
