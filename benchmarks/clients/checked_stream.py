"""One event stream of the load client, checked as a WebSocket is: a chunk of HTTP is to it what a frame is there."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from benchmarks.clients.checked_socket import Commands, Socket
from benchmarks.clients.feed import Wrong
from benchmarks.clients.frames import PONG, TEXT

PATH = "/api/v1/events/stream"


def request(url: str, asks: Commands) -> bytes:
    """The request for what the only subscribe command asks for. The URL's token goes into a header."""
    parts, [only] = urlsplit(url), asks
    filters = [(f"filter.{name}", value) for name, values in only["filters"].items() for value in values]
    query = urlencode([*(("event_type", each) for each in only["event_types"]), *filters])
    token = parts.query.removeprefix("token=")
    return (
        f"GET {parts.path}?{query} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {token}\r\n\r\n"
    ).encode()


class Stream(Socket):
    begins_with = b"event: subscribed\n"

    def _upgraded(self, data: bytes) -> bytes:
        head, end, rest = data.partition(b"\r\n\r\n")
        chunk = self._frame_in(rest, 0)
        if not end or chunk is None:
            return data
        _, _, behind = chunk
        if not head.startswith(b"HTTP/1.1 200 ") or self.begins_with not in rest[:behind]:
            raise Wrong(f"the request was answered with {data[:200]!r}")
        return self._begin(rest[behind:])

    @staticmethod
    def _frame_in(data: bytes, at: int) -> tuple[int, int, int] | None:
        """As for frames; what tells a quiet client its position counts as a pong. JSON may have line breaks behind
        it."""
        size, found, _ = data[at : at + 10].partition(b"\r\n")
        start = at + len(size) + 2
        end = start + int(size, 16) + 2 if found else 0
        if not found or len(data) < end:
            return None
        payload = data.find(b"\ndata: ", start, end)
        return (PONG, start, end) if payload < 0 else (TEXT, payload + len(b"\ndata: "), end)
