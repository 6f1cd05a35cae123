"""What a probe makes of servers that are well, and of each way in which one may not be."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from events.mcp.probe import Auth, Era, Target, connect, conversation, new_client, probe
from events.outbound import lookup
from events.outbound.connect import usual_authorities
from events.outbound.origin import origin_text
from tests.cases import each_case
from tests.mcp.misbehaving import BEHAVIOURS, Misbehaving
from tests.mcp.probing import LOOPBACK, patient, seen
from tests.ports import free_ports
from tests.waiting import WITHIN_S, eventually

SECRET = "t0p-secret/token"
# Longer than anything here needs, but for what is to run into it.
TIMEOUT_S = {"hang": 0.2, "hang_in_body": 0.2, "trickle": 0.2, "unanswered_discover": 8.0}


@pytest.fixture(scope="module")
def server() -> Iterator[Misbehaving]:
    with Misbehaving() as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with aclosing(new_client(LOOPBACK)) as made:
        yield made


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch, server: Misbehaving) -> None:
    monkeypatch.setenv("MCP_SECRET_STUB", SECRET)
    server.requests.clear()


def target(url: str, **members: Any) -> Target:
    name = url.rsplit("/", 1)[-1]
    origins = frozenset([origin_text(url)])
    timeout = {"timeout_s": TIMEOUT_S[name]} if name in TIMEOUT_S else {}
    return patient(url, **{"secret_origins": origins, **timeout, **members})


def with_token(url: str, **members: Any) -> Target:
    return target(url, auth=Auth.BEARER, secret_reference="env:MCP_SECRET_STUB", **members)


@each_case(
    ("name", "era", "version", "tools"),
    [
        ("modern", "modern", "2026-07-28", 2),
        ("legacy", "legacy", "2025-11-25", 2),
        ("stateless", "legacy", "2025-11-25", 2),
        ("streaming", "legacy", "2025-11-25", 2),
        ("pages", "legacy", "2025-11-25", 3),
        ("cookie", "legacy", "2025-11-25", 2),
        ("no_ping", "legacy", "2025-11-25", 2),
        ("no_tools", "legacy", "2025-11-25", None),
        ("unanswered_discover", "legacy", "2025-11-25", 2),
        ("stumbling", "legacy", "2025-11-25", 2),
    ],
)
async def test_a_server_that_is_well_is_healthy_whichever_way_it_speaks(
    server: Misbehaving, client: httpx.AsyncClient, name: str, era: str, version: str, tools: int | None
) -> None:
    liveness = await probe(client, target(server.url(name)), deep=False)
    assert seen(liveness) == ("healthy", "success", ""), liveness.error
    assert (liveness.protocol_era, liveness.protocol_version, liveness.tool_count) == (era, version, None)
    deep = await probe(client, target(server.url(name), era=Era(era)), deep=True)
    assert seen(deep) == ("healthy", "success", ""), deep.error
    assert (deep.protocol_era, deep.protocol_version, deep.tool_count) == (era, version, tools)
    assert (liveness.check, deep.check) == ("liveness", "deep")


async def test_a_remembered_era_saves_the_detection_and_a_wrong_one_is_found_out(
    server: Misbehaving, client: httpx.AsyncClient
) -> None:
    await probe(client, target(server.url("legacy"), era=Era.LEGACY), deep=False)
    assert server.asked("legacy") == ["initialize", "notifications/initialized", "ping", "DELETE"]
    was_modern = await probe(client, target(server.url("legacy"), era=Era.MODERN), deep=True)
    was_legacy = await probe(client, target(server.url("modern"), era=Era.LEGACY), deep=True)
    assert (was_modern.health, was_modern.protocol_era) == ("healthy", "legacy")
    assert (was_legacy.health, was_legacy.protocol_era) == ("healthy", "modern")


@pytest.mark.parametrize("name", ["legacy", "dead_child"])
async def test_every_session_that_a_server_begins_is_ended(
    server: Misbehaving, client: httpx.AsyncClient, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "FAREWELL_S", WITHIN_S)
    await probe(client, target(server.url(name)), deep=True)
    ended = [request.headers.get("mcp-session-id") for request in server.requests if request.verb == "DELETE"]
    assert ended == ["stray", "session-1"]


async def test_a_session_is_ended_even_when_time_is_up_or_the_monitor_stops(
    server: Misbehaving, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    legacy = BEHAVIOURS["legacy"]

    async def hanging(request: Any) -> None:
        await (request.hang() if request.method in ("ping", "tools/list") else legacy(request))

    monkeypatch.setitem(BEHAVIOURS, "legacy", hanging)
    outcome = await probe(client, target(server.url("legacy"), era=Era.LEGACY, timeout_s=5.0), deep=False)
    assert seen(outcome) == ("unhealthy", "failure", "timeout")
    assert server.asked("legacy")[-1] == "DELETE"
    server.requests.clear()
    task = asyncio.create_task(probe(client, target(server.url("legacy"), era=Era.LEGACY), deep=False))
    await asyncio.to_thread(eventually, lambda: "ping" in server.asked("legacy"))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert server.asked("legacy")[-1] == "DELETE"


async def test_no_tool_is_ever_called_and_no_question_asked_that_changes_something(
    server: Misbehaving, client: httpx.AsyncClient
) -> None:
    for name in ("modern", "legacy", "streaming"):
        await probe(client, target(server.url(name)), deep=True)
    assert {request.method for request in server.requests} <= {
        *("server/discover", "initialize", "notifications/initialized", "tools/list", ""),
    }


# --- The verdict table of docs/fleet.md, row by row -----------------------------------------------------------


async def test_a_slow_server_is_degraded_and_that_is_a_success(server: Misbehaving, client: httpx.AsyncClient) -> None:
    outcome = await probe(client, target(server.url("slow"), degraded_latency_ms=50), deep=False)
    assert seen(outcome) == ("degraded", "success", "")
    assert outcome.latency_ms is not None
    assert outcome.latency_ms > 50


@pytest.mark.parametrize("name", ["unauthorized", "forbidden"])
async def test_a_server_that_asks_for_a_credential_nobody_gave_us_is_well(
    server: Misbehaving, client: httpx.AsyncClient, name: str
) -> None:
    outcome = await probe(client, target(server.url(name)), deep=True)
    assert (*seen(outcome), outcome.auth_required) == ("healthy", "success", "", True)


@pytest.mark.parametrize("name", ["unauthorized", "forbidden"])
async def test_a_credential_that_is_not_accepted_degrades_and_feeds_nothing(
    server: Misbehaving, client: httpx.AsyncClient, name: str
) -> None:
    outcome = await probe(client, with_token(server.url(name)), deep=True)
    assert seen(outcome) == ("degraded", "no", "auth")


async def test_a_server_that_asks_to_be_left_alone_is(server: Misbehaving, client: httpx.AsyncClient) -> None:
    limited = await probe(client, target(server.url("limited")), deep=False)
    assert (*seen(limited), limited.retry_after_s) == ("degraded", "no", "rate_limited", 7.0)
    resting = await probe(client, target(server.url("resting")), deep=False)
    assert seen(resting) == ("degraded", "no", "rate_limited")
    assert resting.retry_after_s is not None
    assert resting.retry_after_s > 1e9


@each_case("era", list(Era))
@each_case(
    ("name", "error_class", "says"),
    [
        ("unavailable", "http", "HTTP 503"),
        ("failing", "http", "HTTP 500"),
        ("gone", "http", "HTTP 404"),
        (
            "redirecting",
            "http",
            "HTTP 302: redirects are not followed, register the address it leads to: http://127.0.0.1",
        ),
        ("html", "protocol", "neither application/json nor text/event-stream"),
        ("not_json", "protocol", "not a JSON-RPC response"),
        ("nested", "protocol", "not a JSON-RPC response"),
        ("other_id", "protocol", "not a JSON-RPC response"),
        ("version_one", "protocol", "not a JSON-RPC response"),
        ("empty_stream", "protocol", "not a JSON-RPC response"),
        ("rpc_error", "protocol", "JSON-RPC error -32603: Internal error"),
        ("unknown_version", "protocol", "speaks version 1999-01-01 of the protocol"),
        ("huge", "protocol", "longer than 1,048,576 bytes"),
        ("endless", "protocol", "longer than 1,048,576 bytes"),
        ("endless_stream", "protocol", "in too many pieces"),
        ("compressed", "protocol", "longer than 1,048,576 bytes"),
        ("not_compressed", "protocol", "says that it is compressed by gzip, and is not"),
        ("interim_flood", "protocol", "No answer begins within"),
        ("foreign_session", "protocol", "session id with characters"),
        ("hang", "timeout", "No answer within 0.2 s"),
        ("hang_in_body", "timeout", "No answer within 0.2 s"),
        ("trickle", "timeout", "No answer within 0.2 s"),
        ("reset", "connect", "broke"),
        ("hang_up", "connect", "broke"),
        ("no_http", "connect", "broke"),
    ],
)
async def test_a_server_in_trouble_is_unhealthy_and_that_is_a_failure(
    server: Misbehaving, client: httpx.AsyncClient, name: str, error_class: str, says: str, era: Era
) -> None:
    outcome = await probe(client, target(server.url(name), era=era), deep=True)
    assert seen(outcome) == ("unhealthy", "failure", error_class), outcome.error
    assert says in outcome.error
    assert "hunter2" not in outcome.error
    assert server.asked("modern") == []  # where the redirect leads


async def test_a_server_that_speaks_only_a_newer_version_says_so(
    server: Misbehaving, client: httpx.AsyncClient
) -> None:
    outcome = await probe(client, target(server.url("future_version")), deep=False)
    assert seen(outcome) == ("unhealthy", "failure", "http")
    assert "-32022: Unsupported protocol version" in outcome.error


async def test_a_bridge_whose_child_is_dead_is_found_out_by_a_deep_check(
    server: Misbehaving, client: httpx.AsyncClient
) -> None:
    liveness = await probe(client, target(server.url("dead_child")), deep=False)
    deep = await probe(client, target(server.url("dead_child")), deep=True)
    assert seen(liveness) == ("healthy", "success", "")
    assert seen(deep) == ("unhealthy", "failure", "tools")
    assert "Connection closed" in deep.error
    assert deep.protocol_version == "2025-11-25"


@pytest.mark.parametrize("name", ["modern", "no_tools"])
async def test_a_missing_tool_is_named(server: Misbehaving, client: httpx.AsyncClient, name: str) -> None:
    outcome = await probe(client, target(server.url(name), expected_tools=("query", "vacuum")), deep=True)
    assert seen(outcome) == ("unhealthy", "failure", "tools")
    assert "vacuum" in outcome.error
    expected = await probe(client, target(server.url("modern"), expected_tools=("query",)), deep=True)
    assert seen(expected) == ("healthy", "success", "")


@each_case(
    ("name", "tools", "questions", "says"),
    [
        ("endless_pages", 0, 2, "gives a nextCursor a second time"),
        ("empty_cursor", 2, 1, "empty nextCursor"),
        ("number_cursor", 2, 1, "nextCursor that is no text"),
        ("broken_second_page", None, 2, "Page 2 of its list of tools cannot be read"),
        ("ever_more_pages", None, 50, "more than 50 pages"),
        ("long_list", None, 1, "more than 4,194,304 bytes"),
    ],
)
async def test_a_list_of_tools_that_does_not_end_as_it_should_degrades_and_says_why(
    server: Misbehaving, client: httpx.AsyncClient, name: str, tools: int | None, questions: int, says: str
) -> None:
    outcome = await probe(client, target(server.url(name), expected_tools=()), deep=True)
    assert seen(outcome) == ("degraded", "success", "deviates")
    assert says in outcome.error
    assert outcome.tool_count == tools
    assert server.asked(name).count("tools/list") == questions


async def test_a_list_of_tools_of_over_a_mebibyte_is_read(server: Misbehaving, client: httpx.AsyncClient) -> None:
    outcome = await probe(client, target(server.url("many_tools"), expected_tools=("tool1199",)), deep=True)
    assert (*seen(outcome), outcome.tool_count) == ("healthy", "success", "", 1200)


async def test_where_nobody_listens_the_connection_fails(client: httpx.AsyncClient) -> None:
    outcome = await probe(client, target(f"http://127.0.0.1:{free_ports(1)[0]}/mcp"), deep=False)
    assert (*seen(outcome), outcome.latency_ms) == ("unhealthy", "failure", "connect", None)


async def test_a_name_without_an_address_is_a_failure_of_dns(client: httpx.AsyncClient) -> None:
    outcome = await probe(client, target("https://no-such-host.invalid/mcp"), deep=False)
    assert seen(outcome) == ("unhealthy", "failure", "dns")
    assert "no-such-host.invalid" in outcome.error


async def test_a_name_server_that_does_not_answer_is_under_the_same_deadline(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answered.wait(WITHIN_S) and [])
    outcome = await probe(client, target("https://slow-dns.example/mcp", timeout_s=0.1), deep=False)
    answered.set()
    await asyncio.to_thread(eventually, no_lookup_runs)
    assert seen(outcome) == ("unhealthy", "failure", "timeout")


def no_lookup_runs() -> bool:
    """They give back what bounds them; that must not be another test's."""
    return not any(thread.name.startswith("lookup of slow-dns") for thread in threading.enumerate())


async def test_names_that_wait_for_a_dead_name_server_are_bounded(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answered.wait(WITHIN_S) and [])
    monkeypatch.setattr(lookup, "_free", threading.BoundedSemaphore(2))
    targets = [target(f"https://slow-dns-{number}.example/mcp", timeout_s=0.1, era=Era.LEGACY) for number in range(3)]
    outcomes = await asyncio.gather(*(probe(client, each, deep=False) for each in targets))
    answered.set()
    await asyncio.to_thread(eventually, no_lookup_runs)
    assert [outcome.error_class for outcome in outcomes] == ["timeout", "timeout", "dns"]
    assert "not looked up" in outcomes[2].error


async def test_a_tls_handshake_that_hangs_is_under_the_same_deadline(
    server: Misbehaving, client: httpx.AsyncClient
) -> None:
    url = f"https://127.0.0.1:{server.port}/modern"  # it speaks no TLS and goes on waiting for a request
    outcome = await probe(client, target(url, timeout_s=0.2), deep=False)
    assert seen(outcome) == ("unhealthy", "failure", "timeout")


async def test_a_certificate_has_to_be_valid_for_the_name_and_signed_by_somebody_known(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = trustme.CA()
    known = ssl.create_default_context()
    authority.configure_trust(known)
    of_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(of_server)
    with Misbehaving(tls=of_server) as server:
        async with aclosing(new_client(LOOPBACK, tls=known)) as trusting:
            well = await probe(trusting, target(server.url("modern", "localhost")), deep=True)
            other_name = await probe(trusting, target(server.url("modern", "127.0.0.1")), deep=True)
        async with aclosing(new_client(LOOPBACK)) as usual:
            unknown = await probe(usual, target(server.url("modern", "localhost")), deep=True)
        authority.cert_pem.write_to_path(str(tmp_path / "own.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
        monkeypatch.setattr(connect, "usual_authorities", usual_authorities.__wrapped__)  # of a new process
        async with aclosing(new_client(LOOPBACK)) as told:
            own = await probe(told, target(server.url("modern", "localhost")), deep=True)
    assert seen(well) == seen(own) == ("healthy", "success", "")
    assert seen(other_name) == ("unhealthy", "failure", "tls")
    assert seen(unknown) == ("unhealthy", "failure", "tls")
    assert "self-signed certificate" in unknown.error or "unable to get local issuer certificate" in unknown.error


@each_case(
    ("members", "says"),
    [
        ({"url": "ftp://127.0.0.1/"}, "ftp:// cannot be asked"),
        ({"url": "http://"}, "names no host"),
        ({"url": "http://me:hunter2@127.0.0.1/"}, "use a secret reference"),
        ({"url": "http://127.0.0.1:99999/"}, "99999 is not a port"),
        ({"url": "http://①②⑦.0.0.1/"}, "no URL"),
        ({"url": "http://192.168.7.7/"}, "MCP_ALLOWED_NETWORKS=192.168.7.7/32 would allow it"),
        ({"auth": Auth.BEARER, "secret_reference": "env:MCP_SECRET_UNSET"}, "MCP_SECRET_UNSET"),
        ({"auth": Auth.BEARER, "secret_reference": "hunter2"}, "env:MCP_SECRET_NAME"),
        ({"auth": Auth.BEARER, "secret_reference": "env:EVENTHUB_SECRET_KEY"}, "EVENTHUB_SECRET_KEY may not be used"),
        (
            {"auth": Auth.BEARER, "secret_reference": "env:MCP_SECRET_STUB", "secret_origins": frozenset()},
            "MCP_SECRET_STUB may not be sent to http://127.0.0.1:",
        ),
        ({"auth": Auth.HEADER, "secret_reference": "env:MCP_SECRET_STUB"}, "No header is named"),
        ({"auth": Auth.HEADER, "header_name": "X Y", "secret_reference": "env:MCP_SECRET_STUB"}, "cannot be sent"),
        ({"auth": Auth.BEARER, "secret_reference": "env:MCP_SECRET_BROKEN"}, "cannot be sent"),
        ({"auth": Auth.BEARER, "secret_reference": "env:MCP_SECRET_FOREIGN"}, "cannot be sent"),
    ],
)
async def test_what_is_registered_wrongly_feeds_nothing_and_says_what_is_wrong(
    server: Misbehaving,
    client: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    members: dict[str, Any],
    says: str,
) -> None:
    monkeypatch.setenv("MCP_SECRET_BROKEN", "hunter2\r\nX-Injected: 1")
    monkeypatch.setenv("MCP_SECRET_FOREIGN", "hunter2ü")
    outcome = await probe(client, target(**{"url": server.url("modern"), **members}), deep=False)
    assert seen(outcome) == ("degraded", "no", "config"), outcome.error
    assert says in outcome.error
    assert "hunter2" not in outcome.error
    assert server.requests == []


# --- What may not get out -------------------------------------------------------------------------------------


@each_case("deep", [True, False])
@each_case("name", sorted(BEHAVIOURS))
async def test_no_secret_no_header_and_no_control_character_is_in_an_outcome(
    server: Misbehaving, client: httpx.AsyncClient, name: str, deep: bool, caplog: pytest.LogCaptureFixture
) -> None:
    outcome = await probe(client, with_token(server.url(name)), deep=deep)
    text = f"{outcome} {caplog.text}"
    for forbidden in (SECRET, "hunter2", "secret-realm", "session-1", "stray", "node=7", "\x1b", "\u200b", "\u202e"):
        assert forbidden not in text, name
    assert len(outcome.error) <= 300
    assert len(outcome.server_info) <= 300
    assert "\n" not in outcome.error


async def test_a_secret_that_the_server_says_back_is_blotted_out(
    server: Misbehaving, client: httpx.AsyncClient
) -> None:
    outcome = await probe(client, with_token(server.url("echo")), deep=False)
    assert "*** ***" in outcome.error
    header = {"auth": Auth.HEADER, "header_name": "X-Api-Key", "secret_reference": "env:MCP_SECRET_STUB"}
    named = await probe(client, target(server.url("loud"), **header), deep=False)
    assert named.health == "healthy"
    assert named.server_info.startswith("]0;title<b>xxx")
    assert server.requests[-1].headers["x-api-key"] == SECRET


async def test_what_a_server_sets_is_not_kept_from_one_probe_to_the_next(
    server: Misbehaving, client: httpx.AsyncClient
) -> None:
    for _ in range(2):
        await probe(client, target(server.url("cookie")), deep=False)
    first_questions = [request for request in server.requests if request.method == "server/discover"]
    assert [request.headers.get("cookie") for request in first_questions] == [None, None]
    assert len(client.cookies) == 0


async def test_the_environments_proxy_is_not_asked(server: Misbehaving, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_ports(1)[0]}")
    async with aclosing(new_client(LOOPBACK)) as client:
        outcome = await probe(client, target(server.url("modern")), deep=False)
    assert outcome.health == "healthy"


async def test_one_connection_serves_a_whole_probe(server: Misbehaving, client: httpx.AsyncClient) -> None:
    before = server.connections
    await probe(client, target(server.url("legacy"), era=Era.LEGACY), deep=True)
    assert server.connections == before + 1
