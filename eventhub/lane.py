"""The server lane: uvicorn's WebSocket protocol, able to get rid of a peer that no longer reads.

uvicorn itself only closes such a transport, which then waits for the peer to take what is buffered, for ever. Rests on
the shape of the base class, which tests/test_lane.py checks.
"""

from __future__ import annotations

import socket
import struct

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

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

    def keepalive_timeout(self) -> None:
        """The peer has not answered a ping: it is given a close frame, and then dropped."""
        super().keepalive_timeout()
        self.loop.call_later(ABORT_AFTER, self.abort)

    def abort(self) -> None:
        if not self.disconnected:
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self.transport.abort()
