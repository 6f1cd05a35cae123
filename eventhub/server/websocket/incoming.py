"""What comes in on a WebSocket: nothing is parsed before its sender is known, then a little at a time, and little after
a Close. uvicorn parses whatever has come at once, which 256 KiB of empty frames make a third of a second."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from websockets.frames import Frame

from eventhub.server.websocket.opening import Opening
from events.core.limits import LIMITS
from events.pacing.bucket import Bucket
from subscriptions.protocol.endings import Ending

# What is parsed before others get their turn: 340 of the smallest frames, 3 ms.
TURN_BYTES = 2 * 1024
# What is still parsed after a Close, to find the peer's: as much as it had sent before, which may be on its way again,
# but not more than a command; and a little, for who is closed at once has sent nothing.
AFTER_CLOSE = LIMITS["message_bytes"] + TURN_BYTES
AFTER_CLOSE_AT_LEAST = 1024
DEAF_S = 1.0  # for a peer that goes on sending after that to read our Close


class Incoming(Opening):
    _rest = b""  # of what has come, not parsed yet
    _parsed = 0  # bytes
    _after_close: int | None = None  # bytes that may still be parsed; None: no Close yet
    _turn: asyncio.Handle | None = None
    _budget: Bucket | None = None  # made with the first frame that counts

    def close(self, ending: Ending, reason: str = "") -> None:
        raise NotImplementedError

    def drop_within(self, seconds: float) -> None:
        raise NotImplementedError

    def data_received(self, data: bytes) -> None:
        if self.handshake_complete and not self._rest and len(data) <= TURN_BYTES:
            if self.close_sent:
                self._parse(data)
            else:
                self._parsed += len(data)
                super().data_received(data)
        elif self.handshake_initiated:
            self._rest += data
            self.transport.pause_reading()
            if self.handshake_complete:
                self.go_on()
        else:
            self._shake_hands(data)

    def _shake_hands(self, data: bytes) -> None:
        """Shake hands, and answer where the parser fails: the base class does not send the answer that is left then, if
        one is."""
        super().data_received(data)
        if self.handshake_initiated or self.transport.is_closing():
            return
        answer = b"".join(self.conn.data_to_send())
        if not answer:
            error: BaseException | None = self.conn.handshake_exc
            while error is not None and error.__cause__ is not None:
                error = error.__cause__
            answer = self.conn.reject(HTTPStatus.BAD_REQUEST, f"The handshake cannot be read: {error}.\n").serialize()
        self.transport.write(answer)
        self.close_sent = True
        self.transport.close()

    def _parse(self, data: bytes) -> None:
        if not self.close_sent:
            self._parsed += len(data)
        else:
            if self._after_close is None:
                self._after_close = min(AFTER_CLOSE_AT_LEAST + self._parsed, AFTER_CLOSE)
            self._after_close -= len(data)
            if self._after_close < 0:
                self._rest = b""
                self.transport.pause_reading()
                self.drop_within(DEAF_S)
                return
        super().data_received(data)

    def go_on(self) -> None:
        """Parse what waits, unless the application has not taken the last message yet; if nothing waits, read on."""
        if self.transport.is_closing():
            self._rest = b""
        elif self._rest:
            if not self.read_paused and self._turn is None:
                self._turn = self.loop.call_soon(self._take_turn)
        elif not self.read_paused and (self._after_close is None or self._after_close >= 0):
            self.transport.resume_reading()

    def _take_turn(self) -> None:
        self._turn = None
        if self.transport.is_closing() or self.read_paused:
            return
        piece, self._rest = self._rest[:TURN_BYTES], self._rest[TURN_BYTES:]
        self._parse(piece)
        self.go_on()

    async def receive(self) -> Any:
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            if self._rest or self.close_sent:
                self.go_on()
            else:
                self.transport.resume_reading()
        return message

    # --- frames that are no messages ---

    def handle_ping(self) -> None:
        if self._counts():
            super().handle_ping()
        else:
            self.conn.data_to_send()  # the pongs that it has prepared

    def handle_pong(self, event: Frame) -> None:
        if self._counts():
            super().handle_pong(event)

    def handle_text(self, event: Frame) -> None:
        if event.fin or self._counts():
            super().handle_text(event)

    def handle_bytes(self, event: Frame) -> None:
        if event.fin or self._counts():
            super().handle_bytes(event)

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) >= LIMITS["fragments_per_message"]:
            self._flooded(f"a message in over {LIMITS['fragments_per_message']} fragments")
        elif self._counts():
            super().handle_cont(event)

    def _counts(self) -> bool:
        """Count a frame; False when nothing is to be done with it."""
        if self.close_sent:
            return False
        now = self.loop.time()
        if self._budget is None:
            self._budget = Bucket(LIMITS["frames_per_second"], LIMITS["frame_burst"], now)
        if self._budget.spend(now):
            return True
        self._flooded(f"over {LIMITS['frames_per_second']} control frames and fragments a second")
        return False

    def _flooded(self, reason: str) -> None:
        self.frames = []
        self.close(Ending.FLOODING, f"Flooding: {reason}.")
