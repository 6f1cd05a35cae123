"""The official client signs in at a real server by OAuth, and its token opens /mcp and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import trustme
import websockets

from subscriptions.protocol.mcp_events import EXTENSION
from tests.client import Client as Socket
from tests.emitting import emit_many
from tests.servers import ServerProcess
from tests.subscriptions.agents.calling import META, MODERN
from tests.subscriptions.agents.oauth.hosting import Program, trusted
from tests.waiting import WITHIN_S

if TYPE_CHECKING:
    from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthToken

LISTENS_AT = "http://127.0.0.1:50007/callback"


class Storage:
    """What a program keeps, so that nobody must sign in again."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class Browser:
    """Somebody who signs in, reads what is asked, and allows it; `sent_to` is where that leads."""

    def __init__(self, server: ServerProcess, name: str) -> None:
        self._server = server
        self._name = name
        self.sent_to = ""
        self.asked = ""

    async def open(self, address: str) -> None:
        async with httpx.AsyncClient(timeout=WITHIN_S, trust_env=False, headers={"Origin": self._server.url}) as http:
            page = await http.get(address, follow_redirects=True)
            sent = {"username": self._name, "password": f"pw-{self._name}", **hidden_in(page)}
            page = await http.post(page.url, data=sent, follow_redirects=True)
            self.asked = page.text
            sent = {"decision": "allow", "valid_for": "30", "may_emit": "on", **hidden_in(page)}
            answer = await http.post(page.url, data=sent)
        self.sent_to = answer.headers["Location"]

    async def result(self) -> AuthorizationCodeResult:
        from mcp.shared.auth import AuthorizationCodeResult

        told = {name: value for name, [value] in parse_qs(urlsplit(self.sent_to).query).items()}
        return AuthorizationCodeResult(code=told["code"], state=told["state"], iss=told["iss"])


def hidden_in(page: httpx.Response) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]+)"', page.text)
    return {name: value.replace("&amp;", "&") for name, value in found}


@pytest.fixture
def program() -> Iterator[Program]:
    with Program(trustme.CA()) as program:
        program.describe()
        yield program


@pytest.fixture
def server(make_server: Callable[..., ServerProcess], program: Program, tmp_path: Path) -> ServerProcess:
    environment = {
        "SSL_CERT_FILE": trusted(program.authority, tmp_path),
        "EVENTHUB_OAUTH_ALLOWED_NETWORKS": "127.0.0.0/8",
    }
    return make_server(env=environment)


async def test_the_official_client_signs_in_lists_polls_and_can_be_ended(
    server: ServerProcess, program: Program
) -> None:
    import httpx2  # each worker that collects this test would take half a second to import these
    from mcp import Client
    from mcp.client import advertise
    from mcp.client.auth import OAuthClientProvider
    from mcp.client.streamable_http import streamable_http_client
    from mcp.shared.auth import OAuthClientMetadata
    from pydantic import AnyUrl

    from tests.subscriptions.agents.polls import poll

    browser, storage = Browser(server, "emitter"), Storage()
    provider = OAuthClientProvider(
        f"{server.url}/mcp",
        OAuthClientMetadata(redirect_uris=[AnyUrl(LISTENS_AT)], client_name="Proof"),
        storage,
        browser.open,
        browser.result,
        client_metadata_url=program.client_id,
    )
    async with (
        httpx2.AsyncClient(auth=provider, timeout=WITHIN_S) as http,
        Client(
            streamable_http_client(f"{server.url}/mcp", http_client=http), extensions=[advertise(EXTENSION)]
        ) as client,
    ):
        assert "emit_event" in {tool.name for tool in (await client.list_tools()).tools}
        cursor = (await poll(client, cursor=None))["cursor"]
        emit_many(server, ["one"])
        assert [each["data"]["mcp_name"] for each in (await poll(client, cursor=cursor))["events"]] == ["one"]
    assert "on your own computer" in browser.asked
    assert browser.sent_to.startswith(f"{LISTENS_AT}?code=")
    assert storage.tokens is not None
    assert storage.tokens.scope == "read emit"
    assert program.connections == 1
    await opens_nothing_but_mcp(server, storage.tokens.access_token)


async def opens_nothing_but_mcp(server: ServerProcess, token: str) -> None:
    sentence = "This token is for agents, at /mcp alone."
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=WITHIN_S, trust_env=False) as http:
        for address in ("/api/v1/events/", "/api/v1/events/stream?event_type=mcp_status_change"):
            refused = await http.get(address)
            assert (refused.status_code, refused.json()["detail"].startswith(sentence)) == (403, True)
        async with websockets.connect(f"{server.ws_url}?token={token}", proxy=None) as socket:
            said = await Socket(socket).receive()
            assert (said["code"], said["message"].startswith(sentence)) == ("forbidden", True)
        stream: dict[str, Any] = {
            "headers": {"MCP-Protocol-Version": MODERN, "Mcp-Method": "events/stream"},
            "json": {
                "jsonrpc": "2.0",
                "id": 1,
                "method": "events/stream",
                "params": {"name": "mcp_status_change", "_meta": META},
            },
        }
        async with http.stream("POST", "/mcp", **stream) as answer:
            assert answer.status_code == 200
        await revoke(server, httpx.Cookies({"sessionid": server.session("emitter")}))
        refused = await http.post("/mcp", **stream)
    assert refused.status_code == 401
    assert 'error="invalid_token", resource_metadata="http://127.0.0.1' in refused.headers["WWW-Authenticate"]


async def revoke(server: ServerProcess, cookies: httpx.Cookies) -> None:
    """End the token of the program on the page of the account."""
    async with httpx.AsyncClient(
        base_url=server.url, cookies=cookies, timeout=WITHIN_S, trust_env=False, headers={"Origin": server.url}
    ) as http:
        page = await http.get("/account")
        [address] = re.findall(r'href="([^"]+)" aria-label="Revoke 127[.]0[.]0[.]1:\d+: Agents"', page.text)
        done = await http.post(address, data=hidden_in(await http.get(address)))
        assert done.status_code == 302
