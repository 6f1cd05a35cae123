"""Servers that work, each but for one oddity: what the official clients make of them is in verdicts.json."""

from __future__ import annotations

import gzip
import json
import socket
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

from tests.mcp.misbehaving import Behaviour, Request

Message = dict[str, Any]
Writer = Callable[[Request, Message], Awaitable[None]]
ODD: dict[str, Behaviour] = {}

STREAM = "text/event-stream"
TOOLS = [
    {"name": name, "description": "größe", "inputSchema": {"type": "object", "properties": {}}} for name in ("a", "b")
]
INITIALIZED: Message = {
    "protocolVersion": "2025-11-25",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "stub", "version": "1"},
}
RESULTS: Message = {"initialize": INITIALIZED, "ping": {}, "tools/list": {"tools": TOOLS}}


def message_for(request: Request) -> Message:
    head = {"jsonrpc": "2.0", "id": request.body.get("id")}
    if request.method in RESULTS:
        return {**head, "result": RESULTS[request.method]}
    return {**head, "error": {"code": -32601, "message": "Method not found"}}


async def plainly(request: Request, message: Message) -> None:
    await request.reply(200, json.dumps(message))


async def serve(request: Request, write: Writer = plainly) -> None:
    """As any server of the older era, without sessions, but for how it writes its answers."""
    if request.verb != "POST":
        await request.reply(405)
    elif "id" not in request.body:
        await request.reply(202)
    else:
        await write(request, message_for(request))


def odd(write: Writer) -> Writer:
    """A server that writes its answers so."""

    async def behaviour(request: Request) -> None:
        await serve(request, write)

    ODD[write.__name__] = behaviour
    return write


def odd_in(method: str) -> Callable[[Behaviour], Behaviour]:
    """A server that is odd in this method alone, or, named like that, in its notification, DELETE or GET."""

    def register(function: Behaviour) -> Behaviour:
        async def behaviour(request: Request) -> None:
            await (function(request) if (request.method or request.verb) == method else serve(request))

        ODD[function.__name__] = behaviour
        return function

    return register


def bytes_of(message: Message) -> bytes:
    return json.dumps(message, ensure_ascii=False).encode()


def event_of(message: Message) -> str:
    return f"event: message\ndata: {json.dumps(message, ensure_ascii=False)}\n\n"


# --- JSON-RPC -------------------------------------------------------------------------------------------------


@odd
async def nothing_odd(request: Request, message: Message) -> None:
    await plainly(request, message)


@odd
async def text_id(request: Request, message: Message) -> None:
    await plainly(request, {**message, "id": str(message["id"])})


@odd
async def float_id(request: Request, message: Message) -> None:
    await request.reply(200, json.dumps(message).replace(f'"id": {message["id"]}', f'"id": {message["id"]}.0'))


@odd
async def other_id(request: Request, message: Message) -> None:
    await plainly(request, {**message, "id": 4711})


@odd
async def unknown_members_of_the_result(request: Request, message: Message) -> None:
    if "result" in message:
        message = {**message, "result": {**message["result"], "x-own": {"deep": [1, None, True]}}}
    await plainly(request, message)


@odd
async def unknown_members_of_the_message(request: Request, message: Message) -> None:
    await plainly(request, {**message, "x-own": 1})


@odd
async def null_error(request: Request, message: Message) -> None:
    await plainly(request, {"error": None, **message})


@odd
async def number_too_large(request: Request, message: Message) -> None:
    text = json.dumps(message).replace(
        '"result": {', '"result": {"x": 1e400, ' if message.get("result") else '"result": {'
    )
    await request.reply(200, text)


@odd
async def half_a_surrogate(request: Request, message: Message) -> None:
    await request.reply(200, json.dumps(message).replace("gr\\u00f6\\u00dfe", "\\ud800").replace('"stub"', '"\\ud800"'))


@odd
async def batch(request: Request, message: Message) -> None:
    notification = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "x"}}
    await request.reply(200, json.dumps([notification, message]))


@odd
async def bom(request: Request, message: Message) -> None:
    await request.reply(200, b"\xef\xbb\xbf" + bytes_of(message))


@odd
async def white_space_around(request: Request, message: Message) -> None:
    await request.reply(200, b"\r\n \t" + bytes_of(message) + b"\n\n")


@odd
async def broken_utf8(request: Request, message: Message) -> None:
    await request.reply(200, bytes_of(message).replace("ö".encode(), b"\xff").replace(b"stub", b"st\xff"))


# --- The protocol ---------------------------------------------------------------------------------------------


@odd_in("initialize")
async def oldest_version(request: Request) -> None:
    await request.result({**INITIALIZED, "protocolVersion": "2024-11-05"})


@odd_in("initialize")
async def number_as_version(request: Request) -> None:
    await request.result({**INITIALIZED, "protocolVersion": 20251125})


@odd_in("initialize")
async def no_server_info(request: Request) -> None:
    await request.result({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}})


@odd_in("ping")
async def ping_refused_with_400(request: Request) -> None:
    await request.error(-32600, "Invalid Request", status=400)


@odd_in("ping")
async def ping_refused_with_404(request: Request) -> None:
    await request.error(-32603, "not here", status=404)


@odd_in("ping")
async def ping_refused_with_405(request: Request) -> None:
    await request.reply(405)


@odd_in("ping")
async def ping_breaks_it(request: Request) -> None:
    await request.reply(500, "Internal Server Error", "text/plain")


@odd_in("ping")
async def ping_answered_by_a_page(request: Request) -> None:
    await request.reply(200, "<html></html>", "text/html")


@odd_in("ping")
async def ping_not_answered(request: Request) -> None:
    await request.hang()


@odd_in("tools/list")
async def empty_cursor(request: Request) -> None:
    await request.result({"tools": TOOLS, "nextCursor": ""})


@odd_in("tools/list")
async def same_cursor_again(request: Request) -> None:
    await request.result({"tools": TOOLS, "nextCursor": "again"})


@odd_in("tools/list")
async def second_page_refused(request: Request) -> None:
    if "cursor" in (request.body.get("params") or {}):
        return await request.error(-32602, "Invalid cursor")
    return await request.result({"tools": TOOLS, "nextCursor": "2"})


@odd_in("tools/list")
async def list_of_over_a_mebibyte(request: Request) -> None:
    tools = [{**TOOLS[0], "name": f"tool{place}", "description": "x" * 1000} for place in range(1200)]
    await request.result({"tools": tools})


@odd_in("tools/list")
async def list_of_over_four_mebibytes(request: Request) -> None:
    tools = [{**TOOLS[0], "name": f"tool{place}", "description": "x" * 4000} for place in range(1200)]
    await request.result({"tools": tools})


@odd_in("server/discover")
async def discover_forbidden(request: Request) -> None:
    await request.reply(403, "no such method here", "text/plain")


@odd_in("server/discover")
async def discover_breaks_it(request: Request) -> None:
    await request.reply(500)


# --- Notifications, sessions ----------------------------------------------------------------------------------


@odd_in("notifications/initialized")
async def notification_answered_with_202_and_a_body(request: Request) -> None:
    await request.reply(202, '{"status": "accepted"}')


@odd_in("notifications/initialized")
async def notification_answered_with_204(request: Request) -> None:
    await request.raw(b"HTTP/1.1 204 X\r\n\r\n")


@odd_in("notifications/initialized")
async def notification_answered_with_200(request: Request) -> None:
    await request.reply(200, "null")


@odd_in("notifications/initialized")
async def notification_answered_without_end(request: Request) -> None:
    await request.raw(b"HTTP/1.1 202 X\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{")
    await request.hang()


async def begin_session(request: Request, session: str = "session-1") -> None:
    if request.method == "initialize":
        await request.result(INITIALIZED, Mcp_Session_Id=session)
    else:
        await serve(request)


def with_session(status: int) -> Behaviour:
    async def behaviour(request: Request) -> None:
        await (request.reply(status) if request.verb == "DELETE" else begin_session(request))

    return behaviour


ODD["session_ended_with_405"] = with_session(405)
ODD["session_ended_with_404"] = with_session(404)
ODD["session_ended_with_500"] = with_session(500)


@odd_in("DELETE")
async def session_ended_with_204(request: Request) -> None:
    await request.raw(b"HTTP/1.1 204 X\r\n\r\n")


async def session_id_given_twice(request: Request) -> None:
    if request.method != "initialize":
        return await begin_session(request)
    body = bytes_of(message_for(request))
    head = "Mcp-Session-Id: one\r\nMcp-Session-Id: two\r\nContent-Type: application/json\r\n"
    return await request.raw(f"HTTP/1.1 200 X\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


ODD["session_id_given_twice"] = session_id_given_twice


async def foreign_session_id(request: Request) -> None:
    await begin_session(request, "\u00e9\u00e9")


ODD["foreign_session_id"] = foreign_session_id


# --- HTTP -----------------------------------------------------------------------------------------------------


@odd
async def gzip_coding(request: Request, message: Message) -> None:
    await request.reply(200, gzip.compress(bytes_of(message)), Content_Encoding="gzip")


@odd
async def gzip_coding_in_capitals(request: Request, message: Message) -> None:
    await request.reply(200, gzip.compress(bytes_of(message)), Content_Encoding="GZIP")


@odd
async def gzip_coding_cut_short(request: Request, message: Message) -> None:
    await request.reply(200, gzip.compress(bytes_of(message))[:-6], Content_Encoding="gzip")


@odd
async def deflate_coding(request: Request, message: Message) -> None:
    await request.reply(200, zlib.compress(bytes_of(message)), Content_Encoding="deflate")


@odd
async def raw_deflate_coding(request: Request, message: Message) -> None:
    await request.reply(200, zlib.compress(bytes_of(message), wbits=-15), Content_Encoding="deflate")


@odd
async def gzip_coding_twice(request: Request, message: Message) -> None:
    data = gzip.compress(gzip.compress(bytes_of(message)))
    await request.reply(200, data, Content_Encoding="gzip, gzip")


@odd
async def unknown_coding(request: Request, message: Message) -> None:
    await request.reply(200, bytes_of(message), Content_Encoding="utf-8")


@odd
async def gzip_coded_stream(request: Request, message: Message) -> None:
    await request.reply(200, gzip.compress(event_of(message).encode()), STREAM, Content_Encoding="gzip")


@odd
async def charset_in_the_type(request: Request, message: Message) -> None:
    await request.reply(200, bytes_of(message), 'application/json; charset="UTF-8"')


@odd
async def type_in_capitals(request: Request, message: Message) -> None:
    await request.reply(200, bytes_of(message), "Application/JSON;Charset=utf-8")


@odd
async def type_with_a_loose_semicolon(request: Request, message: Message) -> None:
    await request.reply(200, bytes_of(message), "application/json;")


@odd
async def no_type(request: Request, message: Message) -> None:
    body = bytes_of(message)
    await request.raw(f"HTTP/1.1 200 X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)


@odd
async def text_as_type(request: Request, message: Message) -> None:
    await request.reply(200, bytes_of(message), "text/plain")


@odd
async def status_201(request: Request, message: Message) -> None:
    await request.reply(201, bytes_of(message))


@odd
async def http_1_0(request: Request, message: Message) -> None:
    await request.raw(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + bytes_of(message))
    request.writer.close()


@odd
async def closes_each_connection(request: Request, message: Message) -> None:
    await request.reply(200, bytes_of(message), Connection="close")
    request.writer.close()


@odd
async def closes_without_saying_so(request: Request, message: Message) -> None:
    if hasattr(socket, "TCP_CORK"):  # the end with the answer: a client that is quick cannot ask again between them
        request.writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    await request.reply(200, bytes_of(message))
    request.writer.close()


@odd
async def length_given_twice(request: Request, message: Message) -> None:
    body = bytes_of(message)
    await request.reply(200, body, content_length=str(len(body)))


@odd
async def early_hints(request: Request, message: Message) -> None:
    await request.raw(b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n" * 3)
    await request.reply(200, bytes_of(message))


@odd
async def a_byte_at_a_time(request: Request, message: Message) -> None:
    body = bytes_of(message)
    await request.raw(b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    for place in range(len(body)):
        await request.raw(b"1\r\n" + body[place : place + 1] + b"\r\n")
    await request.raw(b"0\r\n\r\n")


async def moved(request: Request, status: int) -> None:
    if "/?" in request.path:
        await serve(request)
    else:
        await request.reply(status, Location=f"{request.path}/?from=here")


async def redirects_with_307(request: Request) -> None:
    await moved(request, 307)


async def redirects_with_308(request: Request) -> None:
    await moved(request, 308)


async def redirects_with_302(request: Request) -> None:
    await moved(request, 302)


ODD |= {each.__name__: each for each in (redirects_with_307, redirects_with_308, redirects_with_302)}


# --- Streams of events ----------------------------------------------------------------------------------------


@odd
async def stream(request: Request, message: Message) -> None:
    await request.reply(200, event_of(message), STREAM)


@odd
async def stream_with_a_bom(request: Request, message: Message) -> None:
    await request.reply(200, "\ufeff" + event_of(message), STREAM)


@odd
async def stream_of_cr(request: Request, message: Message) -> None:
    await request.reply(200, event_of(message).replace("\n", "\r"), STREAM)


@odd
async def stream_of_crlf_cut_anywhere(request: Request, message: Message) -> None:
    data = event_of(message).replace("\n", "\r\n").encode()
    await request.raw(b"HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    for place in range(len(data)):
        await request.raw(b"1\r\n" + data[place : place + 1] + b"\r\n")
    await request.raw(b"0\r\n\r\n")


@odd
async def stream_with_comments_ids_and_retries(request: Request, message: Message) -> None:
    text = f": hello\n\nid: 1\nretry: 50\ndata:\n\n:\nx-own: 1\nid\n{event_of(message)}"
    await request.reply(200, text, "text/event-stream; charset=utf-8")


@odd
async def stream_without_spaces(request: Request, message: Message) -> None:
    await request.reply(200, f"data:{json.dumps(message)}\n\n", STREAM)


@odd
async def stream_of_many_lines(request: Request, message: Message) -> None:
    lines = json.dumps(message, indent=1).splitlines()
    await request.reply(200, "".join(f"data: {line}\n" for line in lines) + "\n", STREAM)


@odd
async def stream_with_other_messages_first(request: Request, message: Message) -> None:
    own = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "x"}}
    asks = {"jsonrpc": "2.0", "id": message["id"], "method": "roots/list"}
    await request.reply(200, event_of(own) + event_of(asks) + event_of(message), STREAM)


@odd
async def stream_with_a_text_id(request: Request, message: Message) -> None:
    await request.reply(200, event_of({**message, "id": str(message["id"])}), STREAM)


@odd
async def stream_of_broken_utf8(request: Request, message: Message) -> None:
    data = event_of(message).encode().replace("ö".encode(), b"\xff").replace(b"stub", b"st\xff")
    await request.reply(200, data, STREAM)


@odd
async def stream_that_stays_open(request: Request, message: Message) -> None:
    await request.raw(b"HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\n\r\n" + event_of(message).encode())
    await request.hang()


@odd
async def stream_without_its_last_line(request: Request, message: Message) -> None:
    await request.reply(200, event_of(message).rstrip("\n"), STREAM)


@odd
async def stream_resumed_by_get(request: Request, message: Message) -> None:
    """Ends before it has answered, and answers who comes back for the rest."""
    await request.reply(200, f"id: {json.dumps(message)}\nretry: 10\ndata:\n\n", STREAM)


plain_get = ODD["stream_resumed_by_get"]


async def stream_resumed_by_get_too(request: Request) -> None:
    if request.verb == "GET" and "last-event-id" in request.headers:
        await request.reply(200, event_of(json.loads(request.headers["last-event-id"])), STREAM)
    else:
        await plain_get(request)


ODD["stream_resumed_by_get"] = stream_resumed_by_get_too
