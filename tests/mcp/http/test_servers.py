"""The fleet over HTTP: the permissions of the admin, its address guard, and its rules for secrets."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from knox.models import AuthToken
from pytest_django import Settings

from eventhub.environment import network
from events.mcp.models import Maintenance, McpServer, McpServerState, SecretBinding, ToolList
from events.mcp.tools.definitions import listed
from tests.cases import each_case
from tests.mcp.misbehaving import Misbehaving
from tests.mcp.outcomes import a_server, told
from tests.waiting import WITHIN_S

pytestmark = pytest.mark.django_db

SERVERS = "/api/v1/mcp-servers/"
URL = "http://127.0.0.1:9/mcp"


@pytest.fixture(autouse=True)
def _loopback_is_allowed(settings: Settings) -> None:
    settings.MCP_ALLOWED_NETWORKS = [network("127.0.0.0/8")]


def person(*permissions: str, name: str = "vera", superuser: bool = False) -> Client:
    user = User.objects.create_superuser(name) if superuser else User.objects.create_user(name)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    _, token = AuthToken.objects.create(user)
    return Client(headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def admin() -> Client:
    return person(superuser=True)


def send(client: Client, verb: str, path: str, body: Any = None) -> Any:
    return getattr(client, verb)(f"{SERVERS}{path}", body, content_type="application/json")


def problem(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["detail"]


def test_a_server_is_made_read_changed_and_deleted_and_each_is_told(admin: Client) -> None:
    made = send(admin, "post", "", {"name": "oracle_mcp", "url": URL, "tags": ["db"], "on_tools_changed": "degrade"})
    assert made.status_code == 201
    assert made.json()["state"]["health_status"] == "unknown"
    assert send(admin, "get", "oracle_mcp").json() == made.json()
    changed = send(admin, "patch", "oracle_mcp", {"title": "Oracle", "status": "inactive"}).json()
    assert (changed["title"], changed["status"], changed["tags"]) == ("Oracle", "inactive", ["db"])
    assert [each["name"] for each in send(admin, "get", "").json()["servers"]] == ["oracle_mcp"]
    assert send(admin, "delete", "oracle_mcp").status_code == 204
    assert problem(send(admin, "get", "oracle_mcp")) == (404, 'There is no MCP server "oracle_mcp".')
    assert [data["reason"] for _, data in told("mcp_status_change")] == ["Registered", "Disabled by admin", "Deleted"]


@each_case(
    ("body", "words"),
    [
        ([], "is not a JSON object"),
        ({"name": "a", "url": URL, "colour": "red"}, "colour: no such field; allowed: name, url,"),
        ({"name": "a", "url": 7}, "url: 7 is not a text"),
        ({"name": "a", "url": URL, "tags": "x"}, "is not a list of texts"),
        ({"name": "a", "url": URL, "fall": True}, "fall: true is not a number"),
        ({"name": "A b", "url": URL}, "name: Use up to 64 lower-case letters"),
        ({"name": "a", "url": "http://10.1.2.3/"}, "url: "),
        ({"name": "a", "url": "http://169.254.169.254/"}, "url: "),
        ({"name": "a", "url": URL, "auth": "bearer", "secret_ref": "s3cret-itself"}, "A secret is referred to as env:"),
        ({"name": "a", "url": URL, "check_interval_s": 0}, "check_interval_s: "),
    ],
)
def test_what_the_admin_would_refuse_is_refused_and_a_secret_is_not_repeated(
    admin: Client, body: Any, words: str
) -> None:
    status, detail = problem(send(admin, "post", "", body))
    assert status == 400
    assert words in detail
    assert "s3cret-itself" not in detail
    assert not McpServer.objects.exists()


def test_a_secret_is_bound_by_who_may_bind_secrets_and_by_nobody_else(admin: Client) -> None:
    body = {"name": "a", "url": URL, "auth": "bearer", "secret_ref": "env:MCP_SECRET_A"}
    status, detail = problem(send(person("add_mcpserver", name="bob"), "post", "", body))
    assert status == 400
    assert "may not be sent to http://127.0.0.1:9" in detail
    assert send(admin, "post", "", body).status_code == 201
    assert str(SecretBinding.objects.get()) == "MCP_SECRET_A to http://127.0.0.1:9"
    moved = send(admin, "patch", "a", {"url": "http://127.0.0.1:10/mcp"}).json()
    assert moved["secret_ref"] == ""


def test_a_name_is_fixed(admin: Client) -> None:
    a_server("a")
    assert "it is fixed once saved" in problem(send(admin, "patch", "a", {"name": "b"}))[1]


@pytest.mark.parametrize(
    ("verb", "path", "permission"),
    [
        ("get", "", "view_mcpserver"),
        ("get", "a", "view_mcpserver"),
        ("get", "mcp.json", "view_mcpserver"),
        ("post", "", "add_mcpserver"),
        ("patch", "a", "change_mcpserver"),
        ("delete", "a", "delete_mcpserver"),
        *(("post", f"a/{verb}", "change_mcpserver") for verb in ("enable", "disable", "reset", "maintenance")),
        ("delete", "a/maintenance", "change_mcpserver"),
        ("post", "a/approve-tools", "approve_tools"),
    ],
)
def test_each_call_needs_the_permission_of_the_admin(verb: str, path: str, permission: str) -> None:
    a_server("a")
    assert send(Client(), verb, path).status_code == 401
    every = ("view_mcpserver", "add_mcpserver", "change_mcpserver", "delete_mcpserver", "approve_tools")
    others = [each for each in every if each != permission]
    if permission == "view_mcpserver":
        others.remove("change_mcpserver")
    assert send(person(*others), verb, path, {}).status_code == 403
    with_it = person("view_mcpserver", permission, name="bob")
    assert send(with_it, verb, path, {}).status_code not in (401, 403)


def test_the_verbs_do_what_the_page_does(admin: Client) -> None:
    with Misbehaving() as real:
        a_server("a", url=real.url("modern"), timeout_s=WITHIN_S, degraded_latency_ms=120_000)
        assert send(admin, "post", "a/check").json()["state"]["health_status"] == "healthy"
    assert send(admin, "post", "a/disable").json()["status"] == "inactive"
    assert send(admin, "post", "a/enable").json()["status"] == "active"
    McpServerState.objects.update(circuit_state="open")
    assert send(admin, "post", "a/reset").json()["state"]["circuit_state"] == "closed"
    assert send(admin, "post", "a/explode").status_code == 404


def test_tools_are_approved_by_the_fingerprint_that_was_looked_at(admin: Client) -> None:
    row = ToolList(server=a_server("a"), era="modern", seen_at=datetime.now(UTC))
    row.see(*listed([{"name": "add"}], ""))
    row.save()
    (tools,) = send(admin, "get", "a").json()["tools"]
    assert problem(send(admin, "post", "a/approve-tools", {"fingerprints": ["other"]}))[0] == 409
    assert problem(send(admin, "post", "a/approve-tools", {}))[0] == 400
    approved = send(admin, "post", "a/approve-tools", {"fingerprints": [tools["fingerprint"]]}).json()
    assert approved["tools"][0]["approved_by"] == "vera"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"minutes": 0}, "1 to 100,000"),
        ({"starts_at": "2026-01-01T00:00:00", "ends_at": "2026-01-01T01:00:00Z"}, "has no time zone"),
        ({"weekday": 1, "at": "25:00", "lasts_s": 60, "zone": "UTC"}, "no time of a day"),
        ({"weekday": 9, "at": "02:00", "lasts_s": 60, "zone": "UTC"}, "weekday: Value 9 is not a valid choice"),
        ({"weekday": 1, "at": "02:00", "lasts_s": 60, "zone": "Mars"}, "“Mars” is no time zone"),
        ({"weekday": 1, "at": "02:00", "lasts_s": 10**14, "zone": "UTC"}, "lasts_s: 100000000000000 is not possible"),
        ({"weekday": 1, "at": "02:00", "lasts_s": 60, "zone": "UTC", "note": "\0"}, "cannot be shown"),
        ({"starts_at": "0001-01-01T00:00:00+14:00", "ends_at": "2030-01-01T00:00:00Z"}, "starts_at: “0001"),
        ({"starts_at": "2026-01-01T00:00:00Z", "ends_at": "9999-12-31T23:59:59-14:00"}, "outside of the calendar"),
        ({"until": "tomorrow"}, "until: no such member; allowed: minutes, starts_at, "),
        ({"starts_at": "tomorrow"}, 'starts_at: "tomorrow" was sent; '),
        ({"minutes": "60"}, 'minutes: "60" was sent; expected an integer or null'),
        ([], "[] is not a JSON object"),
        ({}, "Give either"),
    ],
)
def test_maintenance_that_means_nothing_is_refused(admin: Client, body: Any, words: str) -> None:
    a_server("a")
    status, detail = problem(send(admin, "post", "a/maintenance", body))
    assert status == 400
    assert words in detail


def test_maintenance_is_set_and_ended(admin: Client) -> None:
    a_server("a")
    weekly = {"weekday": 6, "at": "02:30", "lasts_s": 7200, "zone": "Europe/Berlin", "note": "Updates"}
    made = send(admin, "post", "a/maintenance", weekly)
    assert (made.status_code, made.json()["zone"], made.json()["at"]) == (201, "Europe/Berlin", "02:30")
    assert send(admin, "post", "a/maintenance", {"minutes": 30}).status_code == 201
    assert len(send(admin, "get", "a").json()["maintenance"]) == 2
    assert send(admin, "delete", "a/maintenance").json()["maintenance"] == []
    assert not Maintenance.objects.filter(weekday=6).exists()


def test_agents_get_the_servers_whose_circuit_is_closed_without_secrets(admin: Client) -> None:
    a_server("up", auth="bearer", secret_ref="env:MCP_SECRET_A")
    McpServerState.objects.filter(server=a_server("down")).update(circuit_state="open")
    a_server("off", status="inactive")
    config = send(admin, "get", "mcp.json")
    assert config.json() == {"mcpServers": {"up": {"type": "http", "url": "http://127.0.0.1:9/up"}}}


def test_a_long_list_goes_on_after_its_last_name(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.mcp.http.servers.MAX_LISTED", 2)
    for name in ("a", "b", "c"):
        a_server(name)
    first = send(admin, "get", "").json()
    assert ([each["name"] for each in first["servers"]], first["next"]) == (["a", "b"], "b")
    second = send(admin, "get", "?after=b").json()
    assert ([each["name"] for each in second["servers"]], second["next"]) == (["c"], None)


@pytest.mark.postgres
def test_a_list_after_what_is_no_name_is_that_after_what_there_is_of_it(admin: Client) -> None:
    for name in ("a", "b"):
        a_server(name)
    assert [each["name"] for each in send(admin, "get", "?after=a%00").json()["servers"]] == ["b"]
