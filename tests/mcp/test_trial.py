"""“Test connection”: what is typed is really asked, within all the rules, and nothing is kept of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils.html import strip_tags
from pytest_django import Settings

from eventhub.environment import network
from events.mcp.models import McpServer, McpServerState, SecretBinding
from events.outbound.origin import origin_text
from tests.mcp.misbehaving import Misbehaving
from tests.mcp.outcomes import a_server, told

pytestmark = pytest.mark.django_db

ADD = "/admin/mcp/mcpserver/add/"
TRY = "/admin/mcp/mcpserver/test-connection/"
TYPED = {"timeout_s": "30", "degraded_latency_ms": "60000", "auth": "none"}


@pytest.fixture(autouse=True)
def _pages_of_this_process(settings: Settings) -> None:
    staticfiles = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": staticfiles}
    settings.MCP_ALLOWED_NETWORKS = [network("127.0.0.0/8")]


@pytest.fixture
def peer() -> Iterator[Misbehaving]:
    with Misbehaving() as peer:
        yield peer


def staff(*permissions: str) -> Client:
    user = User.objects.create_user("bob", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def tried(client: Client, address: str = TRY, **typed: str) -> str:
    response = client.post(address, {**TYPED, **typed})
    assert response.status_code == 200, response
    found = re.search(r'id="connection-answer" data-level="(\w+)"[^>]*>(.*?)</p>', response.content.decode(), re.DOTALL)
    assert found
    return f"{found[1]}: {unescape(strip_tags(found[2]))}"


def test_a_server_that_works_says_its_name_protocol_tools_and_latency(peer: Misbehaving) -> None:
    client = staff("add_mcpserver")
    answer = tried(client, url=peer.url("modern"))
    assert re.fullmatch(r"success: It works: stub 2, protocol 2026-07-28, 2 tools, [\d,]+ ms\.", answer), answer
    assert tried(client, url=peer.url("legacy")).startswith("success: It works: stub 1, protocol 2025-11-25, 2 tools,")


def test_the_script_of_the_form_gets_the_sentence_alone(peer: Misbehaving) -> None:
    typed = {**TYPED, "url": peer.url("modern")}
    response = staff("add_mcpserver").post(TRY, typed, headers={"accept": "application/json"})
    assert response.json()["level"] == "success"
    assert response.json()["text"].startswith("It works: stub 2")


def test_nothing_is_saved_and_nobody_is_told(peer: Misbehaving) -> None:
    tried(staff("add_mcpserver"), url=peer.url("modern"), name="new_one")
    assert not McpServer.objects.exists()
    assert not McpServerState.objects.exists()
    assert told("user_action") == told("mcp_health_check") == []


def test_a_server_that_does_not_work_says_why(peer: Misbehaving) -> None:
    client = staff("add_mcpserver")
    assert tried(client, url="http://127.0.0.1:9/").startswith("error: It does not work")
    assert "refused" in tried(client, url="http://127.0.0.1:9/")
    assert tried(client, url=peer.url("hang"), timeout_s="1").startswith("error: It does not work")


def test_an_address_that_may_not_be_asked_is_not(settings: Settings, peer: Misbehaving) -> None:
    settings.MCP_ALLOWED_NETWORKS = []
    answer = tried(staff("add_mcpserver"), url=peer.url("modern"))
    assert answer.startswith("error: URL: ")
    assert "MCP_ALLOWED_" in answer
    assert peer.requests == []


def test_what_is_wrong_with_the_form_is_said_but_a_name_is_not_needed() -> None:
    client = staff("add_mcpserver")
    assert tried(client) == "error: URL: This field is required."
    answer = tried(client, url="http://127.0.0.1:9/", auth="header")
    assert answer == "error: Header: Name the header that carries the secret."


def test_a_tool_that_is_missed_is_said(peer: Misbehaving) -> None:
    answer = tried(staff("add_mcpserver"), url=peer.url("modern"), expected_tools="query\nfly")
    assert answer.startswith("error: It does not work")
    assert "It has no tool fly." in answer


class TestSecrets:
    @pytest.fixture(autouse=True)
    def _secret(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MCP_SECRET_ONE", "very-secret")

    def sent(self, peer: Misbehaving) -> set[str]:
        return {request.headers.get("authorization", "") for request in peer.requests}

    def test_a_bound_secret_is_sent(self, peer: Misbehaving) -> None:
        SecretBinding.objects.create(secret="MCP_SECRET_ONE", origin=origin_text(peer.url("modern")))
        typed = {"url": peer.url("modern"), "auth": "bearer", "secret_ref": "env:MCP_SECRET_ONE"}
        assert tried(staff("add_mcpserver"), **typed).startswith("success: It works")
        assert self.sent(peer) == {"Bearer very-secret"}

    def test_one_that_saving_would_bind_is_not_sent_since_a_trial_leaves_no_trace(self, peer: Misbehaving) -> None:
        typed = {"url": peer.url("modern"), "auth": "bearer", "secret_ref": "env:MCP_SECRET_ONE"}
        answer = tried(staff("add_mcpserver", "add_secretbinding"), **typed)
        assert answer.startswith("success: The secret was not sent")
        assert "Without it: It works" in answer
        assert self.sent(peer) == {""}
        assert not SecretBinding.objects.exists()

    def test_who_may_not_bind_it_gets_no_answer_with_it(self, peer: Misbehaving) -> None:
        typed = {"url": peer.url("modern"), "auth": "bearer", "secret_ref": "env:MCP_SECRET_ONE"}
        assert tried(staff("add_mcpserver"), **typed).startswith("error: Secret: MCP_SECRET_ONE may not be sent to")
        assert peer.requests == []

    def test_the_secret_of_a_saved_server_does_not_go_where_somebody_moves_it(self, peer: Misbehaving) -> None:
        SecretBinding.objects.create(secret="MCP_SECRET_ONE", origin="https://good.example.org")
        server = a_server("one")
        McpServer.objects.filter(pk=server.pk).update(
            url="https://good.example.org/mcp", auth="bearer", secret_ref="env:MCP_SECRET_ONE"
        )
        typed = {"url": peer.url("modern"), "auth": "bearer", "secret_ref": "env:MCP_SECRET_ONE"}
        address = f"/admin/mcp/mcpserver/{server.pk}/test-connection/"
        for permissions in (("change_mcpserver",), ("change_mcpserver", "add_secretbinding")):
            User.objects.filter(username="bob").delete()
            tried(staff(*permissions), address, **typed)
            assert "Bearer very-secret" not in self.sent(peer)


def test_a_saved_server_is_asked_with_what_is_typed_and_stays_as_it_was(peer: Misbehaving) -> None:
    server = a_server("one")
    address = f"/admin/mcp/mcpserver/{server.pk}/test-connection/"
    before = McpServer.objects.values().get(), McpServerState.objects.values().get()
    assert tried(staff("change_mcpserver"), address, url=peer.url("modern")).startswith("success")
    assert (McpServer.objects.values().get(), McpServerState.objects.values().get()) == before


def test_only_who_could_save_it_may_try_it(peer: Misbehaving) -> None:
    server = a_server("one")
    address = f"/admin/mcp/mcpserver/{server.pk}/test-connection/"
    client = staff("view_mcpserver")
    assert client.post(TRY, {**TYPED, "url": peer.url("modern")}).status_code == 403
    assert client.post(address, {**TYPED, "url": peer.url("modern")}).status_code == 403
    assert "Test connection" not in client.get(f"/admin/mcp/mcpserver/{server.pk}/change/").content.decode()
    User.objects.filter(username="bob").delete()
    client = staff("add_mcpserver", "view_mcpserver")
    assert client.post(address, {**TYPED, "url": peer.url("modern")}).status_code == 403
    assert client.get(TRY).status_code == 403
    assert client.post("/admin/mcp/mcpserver/987654/test-connection/", TYPED).status_code == 404
    assert peer.requests == []
    assert TRY in client.get(ADD).content.decode()
