"""The other ends of outboxes: each keeps what a client would have got, and stops reading when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from websockets.frames import Frame as WebSocketFrame
from websockets.frames import Opcode
from websockets.streams import StreamReader

from subscriptions.outbox.base import Outbox
from subscriptions.outbox.direct import DirectOutbox
from subscriptions.outbox.direct_stream import DirectStreamOutbox
from subscriptions.outbox.frames import Frame
from subscriptions.outbox.queued import QueuedOutbox
from subscriptions.protocol.endings import Ending


class QueuePeer:
    """A transport that waits while its client does not read, and has no word of WebSockets."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.closed: list[Ending] = []
        self.writes = 0
        self._reading = asyncio.Event()
        self._reading.set()
        self.outbox: Outbox = QueuedOutbox(self)

    async def write(self, frame: Frame) -> None:
        await self._reading.wait()
        self.texts.append(frame.text)

    async def end(self, ending: Ending) -> None:
        await self._reading.wait()
        self.closed.append(ending)

    def stall(self) -> None:
        self._reading.clear()

    def read(self) -> None:
        self._reading.set()


class LanePeer:
    """The other end of a server lane, which keeps what the peer does not read."""

    form: type[DirectOutbox] = DirectOutbox

    def __init__(self) -> None:
        self.flows = True
        self.unsent = 0
        self.closed: list[Ending] = []
        self.wire = b""
        self.write: Callable[[bytes], object] = self.take
        self._reading = asyncio.Event()
        self._reading.set()
        self.outbox: Outbox = self.form(self)

    def take(self, frames: bytes) -> None:
        assert not self.closed, "a frame after the Close"
        self.wire += frames
        if not self._reading.is_set():
            self.unsent += len(frames)
            self.flows = False

    def close(self, ending: Ending) -> None:
        self.closed.append(ending)
        if not self._reading.is_set():  # whoever waits is woken
            self._reading.set()
            self._reading.clear()

    async def flowing(self) -> None:
        await self._reading.wait()

    def stall(self) -> None:
        self._reading.clear()

    def read(self) -> None:
        self.unsent, self.flows = 0, True
        self._reading.set()

    @property
    def texts(self) -> list[str]:
        return list(texts_of(self.wire))


class StreamPeer(LanePeer):
    """The other end of a server lane that carries an event stream."""

    form = DirectStreamOutbox

    @property
    def texts(self) -> list[str]:
        return list(data_of(self.wire))


def data_of(wire: bytes) -> Iterator[str]:
    """Yield the data of each block, in chunks as HTTP/1.1 has them."""
    while wire:
        size, _, rest = wire.partition(b"\r\n")
        block, wire = rest[: int(size, 16)], rest[int(size, 16) :].removeprefix(b"\r\n")
        yield "".join(line.removeprefix("data: ") for line in block.decode().split("\n") if line.startswith("data: "))


def texts_of(wire: bytes) -> Iterator[str]:
    """Yield them as a client's parser, not ours, reads them."""
    reader = StreamReader()
    reader.feed_data(wire)
    reader.feed_eof()
    while reader.buffer:
        parser = WebSocketFrame.parse(reader.read_exact, mask=False)
        try:
            next(parser)
        except StopIteration as parsed:
            frame: WebSocketFrame = parsed.value
            assert (frame.opcode, frame.fin) == (Opcode.TEXT, True)
            yield bytes(frame.data).decode()
