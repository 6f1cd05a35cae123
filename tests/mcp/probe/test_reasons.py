"""Where somebody has to look is said: the address that is right, the reason that the server gives, what it speaks."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager

import httpx
import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from events.mcp.breaker import Outcome
from events.mcp.probe import Auth, conversation, new_client, probe
from events.mcp.probe.wire.refusal import retry_after, shown_reason
from events.outbound.origin import origin_text
from tests.cases import each_case
from tests.mcp.misbehaving import BEHAVIOURS, Behaviour, Misbehaving, Request
from tests.mcp.probing import LOOPBACK, patient, seen
from tests.waiting import WITHIN_S


@pytest.fixture(scope="module")
def server() -> Iterator[Misbehaving]:
    with Misbehaving() as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with aclosing(new_client(LOOPBACK)) as made:
        yield made


def replying(status: int, body: str = "", kind: str = "text/plain", **headers: str) -> Behaviour:
    async def behaviour(request: Request) -> None:
        await request.reply(status, body, kind, **headers)

    return behaviour


@asynccontextmanager
async def saying(data: bytes) -> AsyncIterator[int]:
    """The port of a server that says this, whatever it is asked."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(data)
        await writer.drain()
        writer.close()

    running = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with running:
        yield running.sockets[0].getsockname()[1]


UNFOLLOWED = "redirects are not followed, register the address"
SECRET_PLACE = "http://me:hunter2@elsewhere.example:8000/mcp/?token=hunter2#hunter2"


@each_case(
    ("behaviour", "error_class", "says"),
    [
        (replying(421, "Invalid Host header"), "http", "HTTP 421: Invalid Host header"),
        (replying(503, "\n upstream connect error\nmore", "Text/Plain; charset=utf-8"), "http",
         "HTTP 503: upstream connect error"),
        (replying(500, "Traceback: password=hunter2"), "http", "HTTP 500: Traceback: password=***"),
        (replying(502, "redis://me:hunter2@cache/ is away"), "http", "HTTP 502: redis://***@cache/ is away"),
        (replying(500, "x" * 3000), "http", "HTTP 500"),
        (replying(422, json.dumps({"detail": "Field required"}), "application/problem+json"), "http",
         "HTTP 422: Field required"),
        (replying(400, json.dumps({"error": {"message": "No such tenant"}}), "application/json"), "http",
         "HTTP 400: No such tenant"),
        (replying(500, "<h1>hunter2</h1>", "text/html"), "http", "HTTP 500"),
        (replying(301, Location=SECRET_PLACE), "http", f"{UNFOLLOWED} it leads to: http://elsewhere.example:8000/mcp/"),
        (replying(307, Location="https://elsewhere.example/"), "http", "leads to: https://elsewhere.example/"),
        (replying(302, Location="http://x:y/"), "protocol", "It redirects to what is no address."),
        (replying(307, Location=""), "http", f"{UNFOLLOWED} they lead to."),
        (replying(308, Location="/loop"), "http", f"{UNFOLLOWED} it leads to: http://127.0.0.1"),
        (replying(400, "<h1>400 The plain HTTP request was sent to HTTPS port</h1>", "text/html"), "protocol",
         "It speaks https: register its address with https://"),
        (replying(400, "Client sent an HTTP request to an HTTPS server.\n"), "protocol", "It speaks https"),
    ],
)  # fmt: skip
async def test_what_a_server_says_with_its_refusal_is_shown_without_secrets(
    server: Misbehaving,
    client: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    behaviour: Behaviour,
    error_class: str,
    says: str,
) -> None:
    monkeypatch.setitem(BEHAVIOURS, "loop", behaviour)
    outcome = await probe(client, patient(server.url("loop")), deep=True)
    assert seen(outcome) == ("unhealthy", "failure", error_class), outcome.error
    assert says in outcome.error
    assert "hunter2" not in outcome.error
    assert len(outcome.error) <= 300


async def test_why_a_credential_is_not_accepted_is_shown_without_it(
    server: Misbehaving, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MCP_SECRET_STUB", "t0p-secret")
    monkeypatch.setitem(BEHAVIOURS, "loop", replying(403, "Invalid Origin for t0p-secret"))
    url = server.url("loop")
    target = patient(
        url,
        auth=Auth.BEARER,
        secret_reference="env:MCP_SECRET_STUB",
        secret_origins=frozenset([origin_text(url)]),
    )
    outcome = await probe(client, target, deep=False)
    assert seen(outcome) == ("degraded", "no", "auth")
    assert outcome.error.endswith("It says: Invalid Origin for ***")


async def test_a_server_of_plain_http_that_is_registered_with_https_is_named(client: httpx.AsyncClient) -> None:
    async with saying(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n") as port:
        outcome = await probe(client, patient(f"https://127.0.0.1:{port}/"), deep=True)
    assert seen(outcome) == ("unhealthy", "failure", "tls")
    assert "It speaks plain http: register it with http://" in outcome.error


async def test_a_server_of_https_that_is_registered_with_http_is_named(client: httpx.AsyncClient) -> None:
    async with saying(b"\x15\x03\x03\x00\x02\x02\x46") as port:
        outcome = await probe(client, patient(f"http://127.0.0.1:{port}/"), deep=True)
    assert seen(outcome) == ("unhealthy", "failure", "protocol")
    assert "It speaks https: register its address with https://" in outcome.error


async def test_the_old_transport_is_named(
    server: Misbehaving, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def old(request: Request) -> None:
        if request.verb != "GET":
            return await request.reply(405)
        await request.raw(b"HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        event = b"event: endpoint\r\ndata: /messages/?session_id=1\r\n\r\n"
        await request.raw(f"{len(event):x}\r\n".encode() + event + b"\r\n")
        return await request.hang()

    monkeypatch.setitem(BEHAVIOURS, "loop", old)
    monkeypatch.setattr(conversation, "OLD_TRANSPORT_S", WITHIN_S)
    outcome = await probe(client, patient(server.url("loop")), deep=True)
    assert seen(outcome) == ("unhealthy", "failure", "protocol")
    assert "It speaks the old SSE transport, which is not supported" in outcome.error


async def test_a_server_that_forgets_to_say_that_it_closes_a_connection_is_asked_again_over_another(
    server: Misbehaving, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forgetful(request: Request) -> None:
        before = [each for each in server.requests if each.writer is request.writer]
        await (request.reply(404) if len(before) == 1 else request.raw(b""))
        if len(before) > 1:
            request.writer.close()

    monkeypatch.setitem(BEHAVIOURS, "loop", forgetful)
    outcome = await probe(client, patient(server.url("loop")), deep=True)
    assert outcome.error == "HTTP 404"


# --- What parsers are given -----------------------------------------------------------------------------------


async def outcome_of(client: httpx.AsyncClient, data: bytes) -> Outcome:
    async with saying(data) as port:
        return await probe(client, patient(f"http://127.0.0.1:{port}/"), deep=True)


HEADERS = (
    "Retry-After: Mon, 01 Jan 99999999999 00:00:00 GMT",
    "Retry-After: Mon, 31 Feb 2026 25:61:61 +9999",
    "Retry-After: 9999999999999999999999999",
    "Set-Cookie: a=b; expires=Mon, 01 Jan 99999999999 00:00:00 GMT; Max-Age=99999999999999999999",
    "Set-Cookie: a=\xe9; Path=/; Domain=\xe9",
    "Mcp-Session-Id: \xe9\xe9",
    "Content-Type: \xe9; charset=\xe9",
    "Content-Encoding: gzip, gzip, gzip, gzip, gzip, gzip",
    "Location: http://[::1",
    "Location: \xe9://\xe9",
)


@each_case("status", [200, 202, 307, 429, 503])
@each_case("header", HEADERS)
async def test_no_header_makes_the_probe_fail_by_itself_or_blames_who_registered_the_server(
    client: httpx.AsyncClient, header: str, status: int
) -> None:
    body = b'{"jsonrpc":"2.0","id":1,"result":{}}'
    kind = "" if header.startswith("Content-Type") else "Content-Type: application/json\r\n"
    head = f"HTTP/1.1 {status} X\r\n{kind}{header}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    outcome = await outcome_of(client, head.encode("latin-1") + body)
    assert outcome.error_class in ("protocol", "http", "rate_limited"), outcome.error


BODIES = (
    b'{"jsonrpc":"2.0","id":1,"result":{"x":' + b"9" * 100_000 + b"}}",
    b'{"jsonrpc":"2.0","id":' + b"9" * 5_000 + b',"result":{}}',
    b'{"jsonrpc":"2.0","id":1e999,"result":{}}',
    b'{"jsonrpc":"2.0","id":true,"result":{}}',
    b'{"jsonrpc":"2.0","id":1,"error":{"code":1e999,"message":"\\ud800"}}',
    b'{"jsonrpc":"2.0","id":1,"error":{"code":' + b"9" * 5_000 + b',"message":null}}',
    b'{"a":' * 100_000,
    b"[" * 1_000_000,
    b"\xff\xfe{\x00}\x00",
    b"nan",
    b"",
)


@each_case("kind", ["application/json", "text/event-stream"])
@each_case("status", [200, 400])
@each_case("body", BODIES)
async def test_no_body_makes_the_probe_fail_by_itself(
    client: httpx.AsyncClient, body: bytes, status: int, kind: str
) -> None:
    body = b"data: " + body + b"\n\n" if kind == "text/event-stream" else body
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    outcome = await outcome_of(client, head.encode() + body)
    assert (outcome.feeds, outcome.error_class) == ("failure", "protocol" if status == 200 else "http"), outcome.error


@given(text=st.text(max_size=60) | st.from_regex(r"[A-Z][a-z]{2}, \d{1,3} [A-Z][a-z]{2} \d{1,12} \d+:\d+:\d+ .{0,8}"))
def test_a_time_to_wait_that_is_none_is_passed_over(text: str) -> None:
    seconds = retry_after(text)
    assert seconds is None or seconds >= 0


@given(text=st.text(max_size=500))
def test_a_reason_is_one_line(text: str) -> None:
    assert len(shown_reason(text).splitlines()) <= 1


def test_a_flood_of_interim_responses_is_given_up_at_once(server: Misbehaving) -> None:
    """The CPU of it is bounded, whatever the timeout is."""

    async def checked() -> Outcome:
        async with aclosing(new_client(LOOPBACK)) as client:
            return await probe(client, patient(server.url("interim_flood")), deep=True)

    outcome = asyncio.run(checked())
    assert seen(outcome) == ("unhealthy", "failure", "protocol")
    assert "interim responses" in outcome.error


async def test_over_tls_a_flood_is_bounded_as_well() -> None:
    authority = trustme.CA()
    known = ssl.create_default_context()
    authority.configure_trust(known)
    of_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(of_server)
    with Misbehaving(tls=of_server) as server:
        async with aclosing(new_client(LOOPBACK, tls=known)) as client:
            flood = await probe(client, patient(server.url("interim_flood", "localhost")), deep=True)
            plain = await probe(client, patient(f"http://127.0.0.1:{server.port}/modern"), deep=True)
    assert "interim responses" in flood.error
    assert plain.feeds == "failure"
