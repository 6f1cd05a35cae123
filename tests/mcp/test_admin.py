"""What admins see of the fleet, and do to it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import Settings

from eventhub.environment import network
from events.mcp import record
from events.mcp.breaker import Outcome
from events.mcp.checking import check
from events.mcp.models import McpServer, McpServerState, McpTransition, MonitorLease, SecretBinding
from events.mcp.probe import new_client
from events.outbound.address import AddressGuard
from events.outbound.origin import origin_text
from tests.cases import each_case
from tests.events.admin_forms import errors_of, messages_of, submit
from tests.mcp.misbehaving import Misbehaving
from tests.mcp.outcomes import DOWN, NOW, WELL, a_server, results, told
from tests.waiting import WITHIN_S

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files")]

LIST = "/admin/mcp/mcpserver/"
ADD = f"{LIST}add/"


@pytest.fixture(autouse=True)
def _loopback_is_allowed(settings: Settings) -> None:
    settings.MCP_ALLOWED_NETWORKS = [network("127.0.0.0/8")]


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    return client


def viewer() -> Client:
    user = User.objects.create_user("vera", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_mcpserver"))
    client = Client()
    client.force_login(user)
    return client


def page_of(server: McpServer) -> str:
    return f"{LIST}{server.pk}/change/"


def act(client: Client, action: str, *servers: McpServer, confirmed: bool = True) -> Any:
    chosen = {"action": action, "_selected_action": [server.pk for server in servers]}
    return client.post(LIST, chosen | ({"confirmed": "yes"} if confirmed else {}), follow=True)


def actions() -> list[tuple[str, str]]:
    return [
        (data["action_type"], data["target_name"]) for type, data in told("user_action") if "_" in data["action_type"]
    ]


def statuses() -> list[tuple[str | None, str, str]]:
    return [(data.get("old_status"), data["new_status"], data["reason"]) for _, data in told("mcp_status_change")]


@pytest.mark.postgres
def test_the_list_shows_how_each_server_is_doing(admin: Client) -> None:
    down, well = a_server("down", failure_threshold=1, fall=1), a_server("well")
    record.record_manual(results([down], DOWN, NOW)[0], "test")
    record.record_manual(results([well], WELL, NOW)[0], "test")
    text = admin.get(LIST).content.decode()
    for shown in ("unhealthy", "open", "Nobody answers.", "healthy", "3 ms", "2027-01-15 08:00:00"):
        assert shown in text


def test_the_list_says_when_no_monitor_runs(admin: Client) -> None:
    assert "No monitor is running" in admin.get(LIST).content.decode()
    MonitorLease.take("test")
    assert "No monitor is running" not in admin.get(LIST).content.decode()


def test_a_new_server_is_told_of_and_waits_for_its_first_check(admin: Client) -> None:
    submit(admin, ADD, name="oracle_mcp", url="http://127.0.0.1:9/mcp", expected_tools="query, tables\nquery")
    server = McpServer.objects.get()
    assert (server.expected_tools, server.state.health_status) == (["query", "tables"], "unknown")
    assert statuses() == [(None, "active", "Registered")]


@each_case(
    ("members", "field", "error"),
    [
        ({"url": "http://10.1.2.3/mcp"}, "url", "MCP_ALLOWED_NETWORKS=10.1.2.3/32 would allow it"),
        ({"url": "http://169.254.169.254/"}, "url", "no setting allows it"),
        ({"url": "ftp://127.0.0.1/"}, "url", "ftp:// cannot be asked: use https:// or http://"),
        ({"url": "oracle-mcp/mcp"}, "url", "A URL begins with https:// or http://"),
        ({"url": "http://127.0.0.1:0/"}, "url", "0 is not a port"),
        ({"url": "http://127.0.0.1:65536/"}, "url", "65536 is not a port"),
        ({"url": "http://[fe80::1%eth0]/"}, "url", "fe80::1%eth0 is neither a name nor an address"),
        ({"url": "http://127.0.0.1 /mcp"}, "url", "neither a name nor an address"),
        ({"url": "http://ada:hunter2@127.0.0.1/"}, "url", "The URL of 127.0.0.1 holds a user name or password"),
        ({"auth": "bearer", "secret_ref": "hunter2"}, "secret_ref", "env:MCP_SECRET_NAME"),
        ({"secret_ref": "env:MCP_SECRET_STUB"}, "secret_ref", "choose an authentication"),
        ({"auth": "header", "secret_ref": "env:MCP_SECRET_STUB"}, "auth_header", "Name the header"),
        ({"timeout_s": "31"}, "timeout_s", "before the next begins"),
        ({"open_max_s": "5"}, "open_max_s", "at least"),
        ({"check_interval_s": "0"}, "check_interval_s", "greater than or equal to 1"),
        ({"name": "Oracle MCP"}, "name", "lower-case"),
        ({"expected_tools": " ".join(f"tool{n}" for n in range(101))}, "expected_tools", "At most 100"),
    ],
)
def test_what_cannot_be_is_refused_where_it_was_typed(
    members: dict[str, str], field: str, error: str, admin: Client
) -> None:
    page = submit(admin, ADD, **{"name": "oracle_mcp", "url": "http://127.0.0.1:9/mcp", **members})
    assert error in errors_of(page)[field]
    assert "hunter2" not in errors_of(page)[field]
    assert not McpServer.objects.exists()


@pytest.mark.parametrize("url", ["https://127.0.0.1:9/mcp", "http://127.0.0.2:9/mcp", "http://127.0.0.1:10/mcp"])
def test_another_scheme_host_or_port_clears_the_secret_and_is_told_to_auditors(url: str, admin: Client) -> None:
    server = a_server(auth="bearer", secret_ref="env:MCP_SECRET_STUB")
    page = submit(admin, page_of(server), url=url, title="moved")
    assert "its secret was cleared" in " ".join(messages_of(page))
    server.refresh_from_db()
    assert (server.url, server.secret_ref, server.title) == (url, "", "moved")
    ((_, data),) = told("endpoint_changed")
    assert (data["mcp_name"], data["old_host"], data["username"]) == ("oracle_mcp", "127.0.0.1:9", "ada")
    assert data["new_host"] in url
    assert "MCP_SECRET" not in str(told())


def test_another_path_keeps_the_secret(admin: Client) -> None:
    server = a_server(auth="bearer", secret_ref="env:MCP_SECRET_STUB")
    submit(admin, page_of(server), url="http://127.0.0.1:9/other")
    server.refresh_from_db()
    assert server.secret_ref == "env:MCP_SECRET_STUB"
    assert told("endpoint_changed") == []


def test_the_name_is_fixed_once_saved(admin: Client) -> None:
    server = a_server()
    submit(admin, page_of(server), name="another")
    server.refresh_from_db()
    assert server.name == "oracle_mcp"


@pytest.mark.parametrize("action", ["check_now", "enable", "disable", "reset_circuit"])
def test_each_action_asks_back_and_does_nothing_until_it_is_confirmed(action: str, admin: Client) -> None:
    server = a_server(status="inactive" if action == "enable" else "active")
    page = act(admin, action, server, confirmed=False)
    assert "oracle_mcp" in page.content.decode()
    assert "No, take me back" in page.content.decode()
    assert (actions(), statuses()) == ([], [])


@pytest.mark.postgres
def test_disabling_and_enabling_are_told_with_who_did_it(admin: Client) -> None:
    server, already = a_server(), a_server("already_off", status="inactive")
    page = act(admin, "disable", server, already)
    assert messages_of(page)[0] == "Disabled: oracle_mcp."
    server.refresh_from_db()
    assert (server.status, server.disabled_by, server.status_reason) == (
        "inactive",
        "admin",
        "Disabled by admin (ada)",
    )
    act(admin, "enable", server)
    assert McpServer.objects.get(pk=server.pk).status == "active"
    assert statuses() == [("active", "inactive", "Disabled by admin"), ("inactive", "active", "Enabled by admin")]
    assert actions() == [("disable_mcp", "oracle_mcp"), ("enable_mcp", "oracle_mcp")]
    assert {data["username"] for _, data in told("user_action")} == {"ada"}


def test_disabling_one_that_the_monitor_disabled_leaves_it_alone_from_then_on(admin: Client) -> None:
    server = a_server(status="inactive", disabled_by="auto")
    act(admin, "disable", server)
    server.refresh_from_db()
    assert (server.disabled_by, server.state.next_check_at) == ("admin", None)


def test_resetting_a_circuit_closes_it_and_asks_for_a_check_at_once(admin: Client) -> None:
    server = a_server(failure_threshold=1)
    record.record_manual(results([server], DOWN, NOW)[0], "test")
    act(admin, "reset_circuit", server)
    server.state.refresh_from_db()
    assert (server.state.circuit_state, server.state.consecutive_failures) == ("closed", 0)
    assert [data["new_state"] for _, data in told("circuit_breaker_state")] == ["open", "closed"]
    assert actions() == [("reset_circuit", "oracle_mcp")]


def test_the_status_in_the_form_is_told_like_the_action(admin: Client) -> None:
    server = a_server()
    submit(admin, page_of(server), status="inactive", title="Oracle")
    server.refresh_from_db()
    assert (server.status, server.disabled_by, server.title) == ("inactive", "admin", "Oracle")
    assert statuses() == [("active", "inactive", "Disabled by admin")]
    assert actions() == [("disable_mcp", "oracle_mcp")]


@pytest.mark.postgres
def test_a_form_that_was_opened_before_the_monitor_disabled_the_server_does_not_enable_it(admin: Client) -> None:
    server = a_server()
    form = admin.get(page_of(server)).context["adminform"].form
    McpServer.objects.update(status="inactive", disabled_by="auto")
    submit(admin, page_of(server), status="active", **{"initial-status": "active"}, title="Oracle")
    server.refresh_from_db()
    assert (server.status, server.disabled_by, server.title) == ("inactive", "auto", "Oracle")
    assert "initial-status" in str(form)


def test_deleting_is_told(admin: Client) -> None:
    one, another = a_server("one"), a_server("another", status="inactive")
    admin.post(f"{LIST}{one.pk}/delete/", {"post": "yes"})
    admin.post(LIST, {"action": "delete_selected", "_selected_action": [another.pk], "post": "yes"})
    assert not McpServer.objects.exists()
    assert statuses() == [("active", "inactive", "Deleted"), ("inactive", "inactive", "Deleted")]


def test_the_history_of_a_server_says_what_each_setting_was_and_is_but_nothing_of_its_secret(admin: Client) -> None:
    server = a_server(check_interval_s=30, auth="bearer", secret_ref="env:MCP_SECRET_STUB")
    submit(admin, page_of(server), check_interval_s="60", tags="db\nprod", auth="none", secret_ref="")
    history = admin.get(f"{LIST}{server.pk}/history/").content.decode()
    assert "Check every: 30 → 60." in history
    assert "Tags: nothing → db, prod." in history
    assert "MCP_SECRET" not in history


def test_the_history_is_shown_newest_first_and_cannot_be_edited(admin: Client) -> None:
    server, other = a_server(failure_threshold=1, fall=1), a_server("other", fall=1)
    record.record_manual(results([server], DOWN, NOW)[0], "test")
    record.record_manual(results([other], WELL, NOW)[0], "test")
    page = admin.get(page_of(server))
    *_, inline = page.context["inline_admin_formsets"]
    shown = [(form.instance.axis, form.instance.new) for form in inline.formset.forms]
    assert shown == [("circuit", "open"), ("health", "unhealthy")]
    assert not inline.has_change_permission
    assert McpTransition.objects.count() == 3


def test_whoever_may_only_look_finds_no_action(admin: Client) -> None:
    server = a_server()
    client = viewer()
    assert "oracle_mcp" in client.get(LIST).content.decode()
    act(client, "disable", server)
    assert McpServer.objects.get().status == "active"
    assert (actions(), statuses()) == ([], [])


@pytest.fixture
def misbehaving() -> Iterator[Misbehaving]:
    with Misbehaving() as server:
        yield server


@pytest.mark.parametrize("path", ["hang", "html", "unauthorized", "dead_child"])
def test_check_now_gives_the_verdict_that_the_schedule_gives(
    path: str, misbehaving: Misbehaving, admin: Client
) -> None:
    server = a_server(url=misbehaving.url(path), timeout_s=1 if path == "hang" else WITHIN_S)
    page = act(admin, "check_now", server)
    server.state.refresh_from_db()
    outcome = asyncio.run(scheduled_check(server))
    ((_, data),) = told("mcp_health_check")
    assert (data["check"], data["health_status"]) == ("manual", outcome.health)
    assert (server.state.last_error_class, server.state.last_error) == (outcome.error_class, outcome.error)
    assert any(server.state.last_error in message for message in messages_of(page))
    assert actions() == [("check_mcp", "oracle_mcp")]


async def scheduled_check(server: McpServer) -> Outcome:
    async with new_client(AddressGuard.of_settings()) as client:
        return (await check(client, server, {}, deep=True)).outcome


def test_so_many_checks_by_hand_at_once_are_refused_with_the_number_that_is_allowed(admin: Client) -> None:
    servers = [a_server(f"server_{place}") for place in range(21)]
    assert "At most 20 servers" in messages_of(act(admin, "check_now", *servers))[0]


def test_a_secret_that_a_server_repeats_is_in_no_page_no_event_and_no_log(
    misbehaving: Misbehaving, admin: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    monkeypatch.setenv("MCP_SECRET_ORACLE", "Vq7-very-secret")
    server = a_server(url=misbehaving.url("echo"), auth="bearer", secret_ref="env:MCP_SECRET_ORACLE", timeout_s=2)
    SecretBinding.objects.create(secret="MCP_SECRET_ORACLE", origin=origin_text(server.url))
    pages = [act(admin, "check_now", server), admin.get(LIST), admin.get(page_of(server))]
    assert misbehaving.requests[0].headers["authorization"] == "Bearer Vq7-very-secret"
    shown = [page.content.decode() for page in pages]
    assert told("mcp_health_check")
    assert not [text for text in (*shown, str(told()), caplog.text) if "Vq7" in text]


def test_a_host_may_have_a_name_of_one_word_as_containers_have(admin: Client, settings: Settings) -> None:
    settings.MCP_ALLOWED_HOSTS = ["oracle-mcp", "oracle_mcp"]
    for name in settings.MCP_ALLOWED_HOSTS:
        submit(admin, ADD, name=name, url=f"http://{name}:8000/mcp")
    assert sorted(server.url for server in McpServer.objects.all()) == [
        "http://oracle-mcp:8000/mcp", "http://oracle_mcp:8000/mcp",
    ]  # fmt: skip


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_servers_can_be_deleted_from_the_list(admin: Client) -> None:
    servers = [a_server(name) for name in ("oracle_mcp", "other_mcp")]
    chosen = {"action": "delete_selected", "_selected_action": [server.pk for server in servers], "post": "yes"}
    assert admin.post(LIST, chosen).status_code == 302
    assert not McpServer.objects.exists()
    assert [data["reason"] for _, data in told("mcp_status_change")] == ["Deleted", "Deleted"]


def test_the_page_of_a_server_shows_its_checks_as_bars_and_leads_to_the_fleet_and_its_events(admin: Client) -> None:
    server = a_server("one")
    McpServerState.objects.filter(server=server).update(results="+-o")
    text = admin.get(page_of(server)).content.decode()
    assert '<i class="good"></i><i class="bad"></i><i class="neither"></i>' in text
    assert "last 3 checks: 1 succeeded, 1 failed, 1 without a verdict" in text
    assert f'href="/fleet/{server.pk}"' in text
    assert "filter.mcp_names=one" in text
