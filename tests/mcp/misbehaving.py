"""An MCP server that does what it should not: each path a behaviour of its own, named as in `BEHAVIOURS`.

It runs in a thread, so that tests may block: `with Misbehaving() as server: … server.url("hang")`. `server.requests` is
what it was asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self

from tests.waiting import WITHIN_S

JSON = "application/json"


@dataclass
class Request:
    verb: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    reader: asyncio.StreamReader = field(repr=False)
    writer: asyncio.StreamWriter = field(repr=False)

    @property
    def method(self) -> str:
        return str(self.body.get("method", ""))

    async def raw(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()
        await asyncio.sleep(0)  # drain() alone need not wait: a flood without end would not see that its peer has left

    async def reply(self, status: int, body: bytes | str = b"", kind: str = JSON, **headers: str) -> None:
        body = body.encode() if isinstance(body, str) else body
        lines = {"Content-Type": kind, "Content-Length": str(len(body))}
        lines |= {name.replace("_", "-"): value for name, value in headers.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        await self.raw(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + body)

    async def result(self, result: object, status: int = 200, **headers: str) -> None:
        await self.reply(status, json.dumps({"jsonrpc": "2.0", "id": self.body.get("id"), "result": result}), **headers)

    async def error(self, code: int, message: str, status: int = 200, **headers: str) -> None:
        error = {"jsonrpc": "2.0", "id": self.body.get("id"), "error": {"code": code, "message": message}}
        await self.reply(status, json.dumps(error), **headers)

    async def hang(self) -> None:
        await self.reader.read()  # until the other side gives up


Behaviour = Callable[[Request], Awaitable[None]]
BEHAVIOURS: dict[str, Behaviour] = {}

TOOLS = [{"name": "query", "inputSchema": {}}, {"name": "explain", "inputSchema": {}}]
INITIALIZED = {
    "protocolVersion": "2025-11-25",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "stub", "version": "1"},
}
DISCOVERED = {
    "supportedVersions": ["2026-07-28"],
    "capabilities": {"tools": {}},
    "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "stub", "version": "2"}},
}


def behaviour(function: Behaviour) -> Behaviour:
    BEHAVIOURS[function.__name__] = function
    return function


@behaviour
async def modern(request: Request) -> None:
    answers: dict[str, object] = {"server/discover": DISCOVERED, "tools/list": {"tools": TOOLS}}
    if request.method in answers and request.headers.get("mcp-method") == request.method:
        return await request.result(answers[request.method])
    return await request.error(-32601, "Method not found", status=404)


@behaviour
async def legacy(request: Request) -> None:
    """Sessions are demanded, as bridges do; one is even given with a refusal."""
    if request.verb == "DELETE":
        return await request.reply(200)
    if request.method == "initialize" and "mcp-session-id" not in request.headers:
        return await request.result(INITIALIZED, mcp_session_id="session-1")
    if request.headers.get("mcp-session-id") != "session-1":
        return await request.error(-32600, "Missing session ID", status=400, mcp_session_id="stray")
    if request.method == "notifications/initialized":
        return await request.reply(202)
    answers: dict[str, object] = {"ping": {}, "tools/list": {"tools": TOOLS}}
    return await request.result(answers[request.method])


@behaviour
async def stateless(request: Request) -> None:
    """Of the legacy era, without sessions."""
    answers: dict[str, object] = {"initialize": INITIALIZED, "ping": {}, "tools/list": {"tools": TOOLS}}
    if request.method == "notifications/initialized":
        await request.reply(202)
    elif request.method in answers:
        await request.result(answers[request.method])
    else:
        await request.error(-32601, "Method not found")


@behaviour
async def streaming(request: Request) -> None:
    """Answers as a stream of events, after a few of its own."""
    if request.method == "notifications/initialized":
        return await request.reply(202)
    answers: dict[str, object] = {"initialize": INITIALIZED, "ping": {}, "tools/list": {"tools": TOOLS}}
    if request.method not in answers:
        return await request.error(-32601, "Method not found", status=400)
    answer = json.dumps({"jsonrpc": "2.0", "id": request.body["id"], "result": answers[request.method]}, indent=1)
    await request.raw(b"HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    own = json.dumps({"jsonrpc": "2.0", "id": request.body["id"], "method": "sampling/createMessage", "params": {}})
    lines = [": hello", "", f"data: {own}", "", "event: message", *(f"data:{line}" for line in answer.splitlines()), ""]
    for line in lines:
        half = len(line) // 2
        for part in (line[:half], line[half:] + "\r", "\n"):
            await request.raw(f"{len(part):x}\r\n{part}\r\n".encode() if part else b"")
    return await request.hang()  # some servers keep the stream open


@behaviour
async def slow(request: Request) -> None:
    await asyncio.sleep(0.1)
    await modern(request)


@behaviour
async def no_ping(request: Request) -> None:
    await (request.error(-32603, "ping is not supported") if request.method == "ping" else stateless(request))


@behaviour
async def no_tools(request: Request) -> None:
    answers: dict[str, object] = {"initialize": {**INITIALIZED, "capabilities": {}}, "ping": {}}
    if request.method in answers:
        return await request.result(answers[request.method])
    return await stateless(request)


@behaviour
async def dead_child(request: Request) -> None:
    """A bridge whose server has died: it answers whatever does not need it."""
    await (request.error(-32603, "Connection closed") if request.method == "tools/list" else legacy(request))


@behaviour
async def pages(request: Request) -> None:
    if request.method != "tools/list":
        return await stateless(request)
    page = int(request.body["params"].get("cursor", 0))
    more = {"nextCursor": str(page + 1)} if page < 2 else {}
    return await request.result({"tools": [{"name": f"tool{page}"}], **more})


@behaviour
async def endless_pages(request: Request) -> None:
    if request.method != "tools/list":
        return await stateless(request)
    return await request.result({"tools": [], "nextCursor": "again"})


async def listing(request: Request, result: object) -> None:
    await (request.result(result) if request.method == "tools/list" else stateless(request))


@behaviour
async def empty_cursor(request: Request) -> None:
    await listing(request, {"tools": TOOLS, "nextCursor": ""})


@behaviour
async def number_cursor(request: Request) -> None:
    await listing(request, {"tools": TOOLS, "nextCursor": 2})


@behaviour
async def broken_second_page(request: Request) -> None:
    if request.method == "tools/list" and "cursor" in request.body["params"]:
        return await request.error(-32602, "Invalid cursor")
    return await listing(request, {"tools": TOOLS, "nextCursor": "2"})


@behaviour
async def ever_more_pages(request: Request) -> None:
    await listing(
        request, {"tools": [], "nextCursor": str(len(request.body.get("params", {}).get("cursor", "")) * "x" + "x")}
    )


@behaviour
async def long_list(request: Request) -> None:
    await listing(request, {"tools": TOOLS, "more": "x" * 5_000_000})


@behaviour
async def many_tools(request: Request) -> None:
    """Of over a mebibyte."""
    schema = {"type": "object", "properties": {}}
    tools = [{"name": f"tool{place}", "description": "x" * 1000, "inputSchema": schema} for place in range(1200)]
    await listing(request, {"tools": tools})


@behaviour
async def cookie(request: Request) -> None:
    """Behind a load balancer that finds the session's node by a cookie."""
    if request.method in ("server/discover", "initialize"):
        return await request.result(INITIALIZED, Set_Cookie="node=7; Path=/")
    if request.headers.get("cookie") != "node=7":
        return await request.error(-32600, "No such session", status=404)
    return await stateless(request)


@behaviour
async def unanswered_discover(request: Request) -> None:
    await (request.hang() if request.method == "server/discover" else stateless(request))


@behaviour
async def stumbling(request: Request) -> None:
    await (request.reply(500) if request.method == "server/discover" else stateless(request))


@behaviour
async def unauthorized(request: Request) -> None:
    await request.reply(401, "no", "text/plain", WWW_Authenticate='Bearer realm="secret-realm"')


@behaviour
async def forbidden(request: Request) -> None:
    await request.reply(403, "no", "text/plain")


@behaviour
async def limited(request: Request) -> None:
    await request.reply(429, Retry_After="7")


@behaviour
async def resting(request: Request) -> None:
    await request.reply(503, Retry_After="Wed, 21 Oct 2099 07:28:00 GMT")


@behaviour
async def unavailable(request: Request) -> None:
    await request.reply(503)


@behaviour
async def failing(request: Request) -> None:
    await request.reply(500, "Traceback: password=hunter2", "text/plain")


@behaviour
async def gone(request: Request) -> None:
    await request.reply(404, "no such page", "text/html")


@behaviour
async def redirecting(request: Request) -> None:
    await request.reply(302, Location="/modern")


@behaviour
async def html(request: Request) -> None:
    await request.reply(200, "<html>hunter2</html>", "text/html")


@behaviour
async def hang(request: Request) -> None:
    await request.hang()


@behaviour
async def hang_in_body(request: Request) -> None:
    await request.raw(b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{")
    await request.hang()


@behaviour
async def trickle(request: Request) -> None:
    """A byte now and then keeps every timeout of a single read from running out."""
    await request.raw(b"HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await request.raw(b"1\r\n:\r\n")
        await asyncio.sleep(0.01)


@behaviour
async def endless(request: Request) -> None:
    await request.raw(b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await request.raw(b"10000\r\n" + b" " * 65536 + b"\r\n")


@behaviour
async def endless_stream(request: Request) -> None:
    await request.raw(b"HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await request.raw(b"1\r\n\n\r\n" * 5000)


@behaviour
async def huge(request: Request) -> None:
    await request.result({**INITIALIZED, "instructions": "x" * 2 * 1024 * 1024})


@behaviour
async def compressed(request: Request) -> None:
    await request.reply(200, gzip.compress(b" " * 10_000_000), Content_Encoding="gzip")


@behaviour
async def not_compressed(request: Request) -> None:
    await request.reply(200, "{}", Content_Encoding="gzip")


@behaviour
async def interim_flood(request: Request) -> None:
    while not request.writer.is_closing():  # `drain` alone raises only after TLS has waited 30 s for its own end
        await request.raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 2_000)


@behaviour
async def foreign_session(request: Request) -> None:
    await request.result(INITIALIZED, Mcp_Session_Id="\xe9\xe9")


@behaviour
async def impossible_date(request: Request) -> None:
    await request.reply(503, Retry_After="Mon, 01 Jan 99999999999 00:00:00 GMT")


@behaviour
async def foreign_cookie(request: Request) -> None:
    await stateless(request) if "cookie" in request.headers else await request.result(
        INITIALIZED, Set_Cookie="node=\xe9; expires=Mon, 01 Jan 99999999999 00:00:00 GMT"
    )


@behaviour
async def not_json(request: Request) -> None:
    await request.reply(200, b"\xff{")


@behaviour
async def nested(request: Request) -> None:
    await request.reply(200, b'{"jsonrpc":"2.0","id":1,"result":' + b"[" * 100_000)


@behaviour
async def batch(request: Request) -> None:
    await request.reply(200, json.dumps([{"jsonrpc": "2.0", "id": request.body.get("id"), "result": DISCOVERED}]))


@behaviour
async def other_id(request: Request) -> None:
    await request.reply(200, json.dumps({"jsonrpc": "2.0", "id": 4711, "result": INITIALIZED}))


@behaviour
async def version_one(request: Request) -> None:
    await request.reply(200, json.dumps({"jsonrpc": "1.0", "id": request.body.get("id"), "result": INITIALIZED}))


@behaviour
async def empty_stream(request: Request) -> None:
    await request.reply(200, ": nothing\n\n", "text/event-stream")


@behaviour
async def rpc_error(request: Request) -> None:
    await request.error(-32603, "Internal error")


@behaviour
async def unknown_version(request: Request) -> None:
    answers: dict[str, object] = {"initialize": {**INITIALIZED, "protocolVersion": "1999-01-01"}}
    if request.method in answers:
        return await request.result(answers[request.method])
    return await request.error(-32601, "Method not found")


@behaviour
async def future_version(request: Request) -> None:
    if request.method == "server/discover":
        return await request.error(-32022, "Unsupported protocol version", status=400)
    return await request.error(-32601, "Method not found", status=404)


@behaviour
async def reset(request: Request) -> None:
    request.writer.get_extra_info("socket").setsockopt(1, 13, struct.pack("ii", 1, 0))  # SO_LINGER 0: RST, not FIN
    request.writer.close()


@behaviour
async def hang_up(request: Request) -> None:
    request.writer.close()


@behaviour
async def no_http(request: Request) -> None:
    await request.raw(b"220 smtp.example.org ESMTP\r\n")
    request.writer.close()


@behaviour
async def echo(request: Request) -> None:
    """Says back what it was sent as a credential, in a way that might slip through."""
    secret = request.headers.get("authorization", "").removeprefix("Bearer ")
    await request.error(-32603, f"\x1b[31m{secret[:3]}\u200b{secret[3:]} {secret * 50}\u202e\r\nnot accepted")


@behaviour
async def loud(request: Request) -> None:
    """Its name would steer a terminal, and fill a screen."""
    if request.method == "server/discover":
        name = {"name": "\x1b]0;title\x07<b>" + "x" * 1000, "version": request.headers.get("x-api-key", "")}
        return await request.result({**DISCOVERED, "_meta": {"io.modelcontextprotocol/serverInfo": name}})
    return await modern(request)


class Misbehaving:
    def __init__(
        self, port: int = 0, *, tls: ssl.SSLContext | None = None, behaviours: dict[str, Behaviour] = BEHAVIOURS
    ) -> None:
        self.port = port
        self._behaviours = behaviours
        self.requests: list[Request] = []
        self.connections = 0
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._started = threading.Event()
        self._stop = asyncio.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(WITHIN_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(WITHIN_S)

    def url(self, name: str, host: str = "127.0.0.1") -> str:
        assert name in self._behaviours, f"there is no behaviour {name!r}"
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}/{name}"

    def asked(self, path: str) -> list[str]:
        """The JSON-RPC methods, or HTTP verbs, that came in on this path, in their order."""
        return [request.method or request.verb for request in self.requests if request.path == f"/{path}"]

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connected, "127.0.0.1", self.port, ssl=self._tls)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stop.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while not writer.is_closing():
                await self._answer(reader, writer)
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().rstrip().split("\r\n")
        verb, path, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        request = Request(verb, path, headers, json.loads(body) if body else {}, reader, writer)
        self.requests.append(request)
        await self._behaviours[path.partition("?")[0].strip("/")](request)
