"""What hostile peers do, by kind and name:

    python -m tests.hostile.attacks KIND PORT TOKEN

makes all attacks of a kind, and prints as JSON what became of the peer, by the attack's name. Those that wait for the
server's time to be over wait together.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.hostile.peer import Peer, frame, handshake
from tests.waiting import WITHIN_S

Attack = Callable[[int, str], str]
ATTACKS: dict[str, dict[str, Attack]] = {}  # kind → name → attack

SECONDS = 0.7  # of sending, where nobody ends it; each showed its fault within that
STAYS_OPEN_S = 0.5  # after that: whom the server sends away, it does at once

HOST = b"Host: 127.0.0.1\r\n"
GET = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"
CHUNKED = b"POST /login/ HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def attack(kind: str, name: str) -> Callable[[Attack], Attack]:
    def take(function: Attack) -> Attack:
        ATTACKS.setdefault(kind, {})[name] = function
        return function

    return take


def flooding(kind: str, name: str, first: bytes, over_and_over: bytes, *, ends: bool = True) -> None:
    """An attack of one connection without credentials."""

    @attack(kind, name)
    def run(port: int, token: str) -> str:
        peer = Peer(port)
        peer.send(first)
        peer.flood(over_and_over, WITHIN_S if ends else SECONDS)
        while peer.is_open and b"\r\n\r\n" not in peer.began:
            peer.read(WITHIN_S)
        return peer.outcome(WITHIN_S if ends else STAYS_OPEN_S)


def framing(kind: str, name: str, first: bytes, over_and_over: bytes) -> None:
    """An attack of one WebSocket with a token."""

    @attack(kind, name)
    def run(port: int, token: str) -> str:
        peer = Peer(port)
        peer.handshake(token)
        peer.send(first)
        if over_and_over:
            peer.flood(over_and_over, WITHIN_S)
        return peer.outcome()


# --- before anybody is known -----------------------------------------------------------------------------

flooding("pipelines", "pipelined requests", b"", GET * 3000, ends=False)
flooding("pipelines", "pipelined requests of HTTP 1.0", b"", GET.replace(b"1.1", b"1.0") * 3000)
flooding("pipelines", "pipelined preflights", b"", GET.replace(b"GET", b"OPTIONS") * 3000, ends=False)
flooding(
    "pipelines",
    "pipelined requests that expect 100",
    b"",
    GET[:-2] + b"Expect: 100-continue\r\nContent-Length: 0\r\n\r\n",
    ends=False,
)
flooding("heads", "an address without end", b"GET /", b"a" * 100_000)
flooding("heads", "a header without end", b"GET / HTTP/1.1\r\nX: ", b"a" * 100_000)
flooding("heads", "a header's name without end", b"GET / HTTP/1.1\r\n", b"a" * 100_000)
flooding("heads", "headers without end", b"GET / HTTP/1.1\r\n" + HOST, b"X: a\r\n" * 20_000)
flooding("heads", "empty lines without end", b"", b"\r\n" * 50_000)
flooding("heads", "empty lines behind a request", GET, b"\r\n" * 50_000)
flooding("bodies", "trailers without end", CHUNKED + b"0\r\n", b"X: a\r\n" * 20_000)
flooding("bodies", "a chunk's extension without end", CHUNKED + b"1;", b"x" * 100_000)
flooding("bodies", "extensions at all chunks", CHUNKED, (b"1;" + b"x" * 1000 + b"\r\na\r\n") * 100)
flooding("bodies", "chunks of one byte", CHUNKED, b"1\r\na\r\n" * 20_000)
flooding("bodies", "a body over what a form takes", CHUNKED, b"10000\r\n" + b"a" * 0x10000 + b"\r\n")
flooding("strangers", "garbage", b"", b"\x16\x03\x01" * 30_000)
flooding("strangers", "a preface of HTTP 2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\0" * 100_000)
flooding("strangers", "frames along with a wrong handshake", handshake("wrong"), frame(PONG) * 40_000)
flooding(
    "strangers",
    "fragments along with a wrong handshake",
    handshake("wrong"),
    frame(TEXT, final=False) + frame(0) * 40_000,
)
flooding("strangers", "frames without a handshake", b"", frame(PING) * 40_000)


@attack("strangers", "frames after a wrong handshake")
def _after_refusal(port: int, token: str) -> str:
    peer = Peer(port)
    peer.handshake("wrong")
    peer.flood(frame(PONG) * 40_000, WITHIN_S)
    return peer.outcome()


def answered(kind: str, name: str, request: Callable[[str], bytes], count: int = 20) -> None:
    """Requests that must be answered, on a connection each, of which nothing more comes."""

    @attack(kind, name)
    def run(port: int, token: str) -> str:
        peers = []
        for _ in range(count):
            peers.append(Peer(port))
            peers[-1].send(request(token))
        return " / ".join(sorted({peer.outcome() for peer in peers}))


answered(
    "handshakes", "cookies over what a handshake takes", lambda token: handshake(token, f"Cookie: a={'a' * 9000}\r\n")
)
answered("handshakes", "headers over what a handshake takes", lambda token: handshake(token, "X: a\r\n" * 130))
answered("handshakes", "a handshake with a body", lambda token: handshake(token, "Content-Length: 5\r\n"))
answered("handshakes", "a handshake in chunks", lambda token: handshake(token, "Transfer-Encoding: chunked\r\n"))
answered("handshakes", "a handshake that is a POST", lambda token: handshake(token).replace(b"GET", b"POST", 1))
answered("halves", "nothing at all", lambda token: b"", 50)
answered("halves", "half a head", lambda token: b"GET / HTTP/1.1\r\nHost: x\r\nX: ", 50)
answered("halves", "half a handshake", lambda token: handshake(token)[:-2], 50)
answered(
    "halves", "half a body", lambda token: b"POST /login/ HTTP/1.1\r\n" + HOST + b"Content-Length: 1000\r\n\r\na=b", 50
)
answered("halves", "a second half", lambda token: GET + b"GET / HT", 50)
answered(
    "bodies",
    "a large body for a form",
    lambda token: b"POST /login/ HTTP/1.1\r\n" + HOST + b"Content-Length: 8388608\r\n\r\n" + b"a" * 1_000_000,
    40,
)
answered(
    "bodies",
    "a large body of nobody",
    lambda token: b"POST /api/v1/events/ HTTP/1.1\r\n" + HOST + b"Content-Length: 8388608\r\n\r\n" + b"a" * 1_000_000,
    40,
)


@attack("halves", "a body that drips")
def _dripping(port: int, token: str) -> str:
    peer = Peer(port)
    peer.send(b"POST /login/ HTTP/1.1\r\n" + HOST + b"Content-Length: 50000\r\n\r\n")
    while peer.is_open and not peer.read(0.1):
        peer.send(b"a")
    return peer.outcome()


@attack("log lines", "hosts of 60,000 characters")
def _long_hosts(port: int, token: str) -> str:
    for _ in range(50):
        peer = Peer(port)
        peer.send(b"GET /login/ HTTP/1.1\r\nHost: " + b"a" * 60_000 + b"\r\nConnection: close\r\n\r\n")
        outcome = peer.outcome()
    return outcome[:3]


# --- with a token ----------------------------------------------------------------------------------------

framing("frames", "pings", b"", frame(PING) * 10_000)
framing("frames", "pongs", b"", frame(PONG) * 10_000)
framing("frames", "long pings", b"", frame(PING, b"x" * 125) * 1_000)
framing("frames", "empty fragments", frame(TEXT, final=False), frame(0, final=False) * 10_000)
framing("frames", "fragments of a byte", frame(TEXT, b'"', final=False), frame(0, b"a", final=False) * 10_000)
framing("frames", "messages in fragments", b"", (frame(BINARY, final=False) + frame(0)) * 5_000)
framing("commands", "text that is no JSON", b"", frame(TEXT, b"{") * 5_000)
framing("commands", "binary frames", b"", frame(BINARY) * 10_000)
framing("commands", "commands without end", b"", frame(TEXT, b'{"action":"ping"}') * 2_000)
framing("broken frames", "reserved bits", frame(TEXT, b"{}", reserved=0x40), b"")
framing("broken frames", "an opcode that is not there", frame(3), b"")
framing("broken frames", "a fragmented ping", frame(PING, final=False), b"")
framing("broken frames", "a frame of a huge length", b"\x82\xff" + (2**62).to_bytes(8) + bytes(4), b"")
framing("broken frames", "frames behind a close", frame(CLOSE, (1000).to_bytes(2)), frame(PING) * 10_000)


@attack("broken frames", "offers of compression")
def _offers(port: int, token: str) -> str:
    offer = "permessage-deflate; server_max_window_bits=8, " * 100
    peer = Peer(port)
    peer.handshake(token, f"Sec-WebSocket-Extensions: {offer}x\r\n")
    if b"Sec-WebSocket-Extensions" in peer.began:
        return "compressed"
    peer.flood(frame(TEXT, b"\x00" * 100, reserved=0x40), WITHIN_S)
    return peer.outcome()


@attack("answers", "answers that are never read")
def _unread(port: int, token: str) -> str:
    page = b"GET /api/v1/events/?limit=1000 HTTP/1.1\r\n" + HOST + f"Authorization: Bearer {token}\r\n\r\n".encode()
    peers = [Peer(port, receive_buffer=4096) for _ in range(20)]
    for peer in peers:
        peer.send(page * 50)
    time.sleep(SECONDS)
    answers = {peer.socket.recv(12) for peer in peers}
    return str(answers)


def make(kind: str, port: int, token: str) -> dict[str, str]:
    """What became of each peer."""
    at_once = len(ATTACKS[kind]) if kind == "halves" else 1
    with ThreadPoolExecutor(at_once) as threads:
        made = {name: threads.submit(run, port, token) for name, run in ATTACKS[kind].items()}
    return {name: outcome.result() for name, outcome in made.items()}


if __name__ == "__main__":
    print(json.dumps(make(sys.argv[1], int(sys.argv[2]), sys.argv[3])))
