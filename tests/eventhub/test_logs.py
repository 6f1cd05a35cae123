"""No credential gets into a log, whatever logs it and at whichever level."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import httpx
import pytest
import websockets
from django.template import Context, Template
from pytest_django import Settings
from websockets.exceptions import InvalidStatus

from eventhub import logs
from eventhub.logging_settings import logging_settings
from eventhub.logs import RedactTokens, redact
from tests.cases import each_case
from tests.conftest import MakeServer
from tests.waiting import eventually

TOKEN = "ehub_" + "0123456789abcdef" * 4


@pytest.fixture(autouse=True)
def _known_anew() -> Iterator[None]:
    logs.known.cache_clear()
    yield
    logs.known.cache_clear()


@each_case(
    ("text", "redacted"),
    [
        ('"WebSocket /ws?a=1&Token=ehub_x&b=2" [accepted]', '"WebSocket /ws?a=1&Token=***&b=2" [accepted]'),
        ("GET /ws?tok%65n=abc&b=2", "GET /ws?tok%65n=***&b=2"),
        ("GET /ws?%74%4F%6b%45%6E=abc HTTP/1.1", "GET /ws?%74%4F%6b%45%6E=*** HTTP/1.1"),
        ("Referer: /login/?next=%2Fws%3Ftoken%3Dabc%26b", "Referer: /login/?next=%2Fws%3Ftoken%3D***"),
        ("GET /api/v1/events/stream?event_type=a&ticket=abc", "GET /api/v1/events/stream?event_type=a&ticket=***"),
        (f"ticket_{'0af1' * 16} was used", "*** was used"),
        ("< authorization: Bearer abc", "< authorization: ***"),
        ("Authorization: Basic abc\nHost: x", "Authorization: ***\nHost: x"),
        ("> set-cookie: sessionid=abc; Path=/", "> set-cookie: ***"),
        ("{'HTTP_COOKIE': 'sessionid=abc; a=b', 'PATH': 'x'}", "{'HTTP_COOKIE': ***, 'PATH': 'x'}"),
        ("[(b'proxy-authorization', b'abc'), (b'host', b'x')]", "[(b'proxy-authorization', ***), (b'host', b'x')]"),
        ('{"X-CSRFToken": "abc", "a": 1}', '{"X-CSRFToken": ***, "a": 1}'),
        ("sec-websocket-protocol: bearer, abc", "sec-websocket-protocol: ***"),
        ("cookies sessionid=abc; theme=dark", "cookies sessionid=***; theme=dark"),
        ("redis://default:abc@host:6379/0", "redis://default:***@host:6379/0"),
        (f"a line with {TOKEN} in it", "a line with *** in it"),
    ],
)
def test_credentials_are_blotted_out_and_what_is_beside_them_is_kept(text: str, redacted: str) -> None:
    assert redact(text) == redacted


@each_case(
    "text",
    [
        "Forbidden (CSRF cookie not set.): /login/",
        "The authorization failed, try again.",
        "ehub_0123456789… of ada",
        "wss://events.example.org:8500/ws/events?type=user_login",
        "12 tokens, none expired",
    ],
)
def test_other_lines_stay_as_they_are(text: str) -> None:
    assert redact(text) == text


@pytest.fixture
def logged() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(RedactTokens())
    logger = logging.getLogger("tests.logs")
    logger.addHandler(handler)
    yield logger, written
    logger.removeHandler(handler)


def test_arguments_exceptions_and_stacks_are_looked_through_too(logged: tuple[logging.Logger, io.StringIO]) -> None:
    logger, written = logged
    logger.warning("< %s: %s", "Authorization", "Bearer first-secret")
    try:
        raise ValueError({"headers": [(b"cookie", b"second-secret")]}) from KeyError("?token=third-secret")
    except ValueError:
        logger.exception("It failed.", stack_info=True)
    logger.error("%d of them", "token=fourth-secret")
    text = written.getvalue()
    assert "-secret" not in text
    assert "< Authorization: ***" in text
    assert "ValueError" in text
    assert "Stack (most recent call last)" in text


def test_secrets_of_mcp_servers_are_blotted_out_wherever_they_stand(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setenv("MCP_SECRET_ORACLE", "of-the-environment")
    settings.MCP_SECRETS_IN_FILE = {"MCP_SECRET_OTHER": "of-the-file"}
    settings.SECRET_KEY = "of-the-sessions"
    said = "[(b'X-Steal', b'of-the-environment')] of-the-file of-the-sessions"
    assert redact(said) == "[(b'X-Steal', b'***')] *** ***"


@pytest.mark.parametrize("kind", ["uvicorn", "daphne"])
async def test_no_credential_gets_into_the_log_of_a_server_at_debug(kind: str, make_server: MakeServer) -> None:
    server = make_server(server=kind, env={"EVENTHUB_LOG_LEVEL": "DEBUG"})
    token, session = server.token("alice"), server.session("alice")
    origin = {"Origin": server.url}
    for query, headers in (
        (f"?token={token}", {}),
        (f"?tok%65n={token}", {}),
        ("", {"Authorization": f"Bearer {token}"}),
        ("", {"Cookie": f"sessionid={session}; csrftoken=c0ffee-c0ffee", **origin}),
        ("?token=wr0ng-wr0ng", {"X-CSRFToken": "c0ffee-c0ffee", "Proxy-Authorization": "Basic c0ffee-c0ffee"}),
    ):
        try:
            async with websockets.connect(f"{server.ws_url}{query}", additional_headers=headers, proxy=None) as client:
                await client.send('{"action": "ping"}')
                await client.recv()
        except (InvalidStatus, websockets.ConnectionClosed):
            assert "wr0ng" in query
    with httpx.Client(base_url=server.url, cookies={"sessionid": session}, headers=origin) as browser:
        browser.get(f"/nowhere?tok%65n={token}")
        browser.post("/login/", data={"username": "alice", "password": "pw-alice"})  # without CSRF's token
        browser.get("/api/v1/events/metadata", headers={"Authorization": f"Bearer {token}"})
        browser.get("/", headers={"Host": f"x.{token}"})
    eventually(lambda: "DEBUG" in server.log)
    server.stop()
    found = [secret for secret in (token, session, "c0ffee-c0ffee", "wr0ng-wr0ng", "pw-alice") if secret in server.log]
    assert found == []


def test_the_secrets_of_destinations_are_in_no_line(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setenv("EVENTHUB_DESTINATION_SHOP", "of-the-environment")
    settings.DESTINATION_SECRETS_IN_FILE = {"EVENTHUB_DESTINATION_OTHER": "of-the-file"}
    line = redact("of-the-environment of-the-file whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw== whsec_")
    assert line == "*** *** *** whsec_"


def test_what_a_page_knows_is_in_no_line_if_a_name_is_missing_there(caplog: pytest.LogCaptureFixture) -> None:
    configured = logging_settings("DEBUG", "text")["loggers"]["django.template"]["level"]
    with caplog.at_level(configured, "django.template"):
        Template("{{ made.nothing.there }}").render(Context({"made": {"secret": "shown-once"}}))
    assert "shown-once" not in caplog.text
    with caplog.at_level("DEBUG", "django.template"):  # which is why
        Template("{{ made.nothing.there }}").render(Context({"made": {"secret": "shown-once"}}))
    assert "shown-once" in caplog.text
