"""The server lane: uvicorn's WebSocket protocol, able to get rid of a peer that no longer reads.

uvicorn itself only closes such a transport, which then waits for the peer to take what is buffered, for ever. Rests on
the shape of the base class, which tests/test_lane.py checks.
"""

from __future__ import annotations

import socket
import struct

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode

ABORT = "eventhub.abort"  # the scope extension: a callable that drops the connection at once, whatever is unsent
ABORT_AFTER = 5.0  # seconds for the peer to take the close frame, once the application is done with it
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: the kernel, too, forgets what it has buffered


class ServerLane(WebSocketsSansIOProtocol):
    async def run_asgi(self) -> None:
        self.scope["extensions"][ABORT] = self.abort  # type: ignore[assignment]
        try:
            await super().run_asgi()
        finally:
            self.loop.call_later(ABORT_AFTER, self.abort)

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
