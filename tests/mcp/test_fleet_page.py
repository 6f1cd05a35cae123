"""The page /fleet: every server at a glance, the worst first, and what can be done to it there."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags
from pytest_django import Settings

from eventhub.environment import network
from events.mcp import operations
from events.mcp.models import McpServer, McpServerState, MonitorLease
from events.mcp.page.listing import IN_TROUBLE, count_in_trouble, listing
from events.models import EventType, Revision
from tests.mcp.misbehaving import Misbehaving
from tests.mcp.outcomes import a_server, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files")]

FLEET = "/fleet"


def person(*permissions: str) -> Client:
    user = User.objects.create_user("vera")
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def server(name: str, **state: Any) -> McpServer:
    made = a_server(name)
    McpServerState.objects.filter(server=made).update(**state)
    return made


def to(name: str, verb: str) -> str:
    return f"/fleet/{McpServer.objects.get(name=name).pk}/{verb}"


def page(client: Client, **query: str) -> str:
    response = client.get(FLEET, query)
    assert response.status_code == 200, response.content
    return response.content.decode()


def rows(page: str) -> list[str]:
    """The text of each row."""
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    return [" ".join(strip_tags(row).split()) for row in re.findall("<tr.*?</tr>", body, re.DOTALL)]


def names(page: str) -> list[str]:
    return [row.split()[0] for row in rows(page)]


def an_unequal_fleet() -> None:
    server("well", health_status="healthy", last_latency_ms=12.4)
    server("new")
    server("slow", health_status="degraded", last_error="It took 3,000 ms.")
    server("trying", circuit_state="half_open", health_status="unhealthy")
    server("cut", circuit_state="open", health_status="unhealthy", last_error="Connection refused")
    McpServer.objects.filter(pk=server("gone").pk).update(
        status="inactive", disabled_by="auto", status_reason="3 failed trials in a row"
    )
    McpServer.objects.filter(pk=server("retired").pk).update(status="inactive", disabled_by="admin")


def test_the_worst_comes_first_and_what_is_disabled_on_purpose_last() -> None:
    an_unequal_fleet()
    assert names(page(person())) == ["gone", "cut", "trying", "slow", "new", "well", "retired"]


def test_the_head_of_every_page_counts_those_in_trouble() -> None:
    client = person()
    assert "in trouble</span>" not in page(client)
    an_unequal_fleet()
    for address in (FLEET, "/events/types", "/account"):
        assert '4<span class="unseen"> in trouble</span>' in client.get(address).content.decode()
    assert count_in_trouble() == sum(each.grade in IN_TROUBLE for each in listing()) == 4


def test_the_filter_takes_a_state_all_that_is_in_trouble_and_words() -> None:
    an_unequal_fleet()
    McpServer.objects.filter(name="slow").update(title="Slow one")
    client = person()
    assert names(page(client, state="trouble")) == ["gone", "cut", "trying", "slow"]
    assert names(page(client, state="healthy")) == ["well"]
    assert names(page(client, q="ONE slow")) == ["slow"]
    assert names(page(client, q="nothing-like-it")) == []
    assert "<title>(4) Fleet" in page(client)


def test_each_state_that_there_is_can_be_chosen_and_says_how_many_are_so() -> None:
    client = person()
    an_unequal_fleet()
    states = ["all 7", "in trouble 4", "auto-disabled 1", "down 1", "recovering 1", "degraded 1", "not known yet 1"]
    states += ["healthy 1", "disabled 1"]
    assert choices(page(client)) == states
    assert choices(page(client, q="well", state="down")) == ["all 1", "in trouble 0", "healthy 1", "down 0"]
    assert 'href="?q=well&amp;state=healthy"' in page(client, q="well", state="down")


def choices(text: str) -> list[str]:
    navigation = text.partition('id="states"')[2].partition("</nav>")[0]
    return [" ".join(strip_tags(each).split()) for each in re.findall(r"<a .*?</a>", navigation)]


def test_a_state_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    an_unequal_fleet()
    response = person().get(FLEET, {"state": "<b>"})
    assert response.status_code == 400
    text = response.content.decode()
    assert "&quot;&lt;b&gt;&quot; is not a state; allowed: trouble, auto_disabled, down" in text
    assert rows(text) == []


def test_a_server_that_was_disabled_by_the_monitor_says_since_when_and_why() -> None:
    an_unequal_fleet()
    [row] = [row for row in rows(page(person("view_mcpserver"))) if row.startswith("gone")]
    assert "auto-disabled" in row
    assert "3 failed trials in a row" in row


def test_what_a_server_answered_is_for_those_who_may_see_servers() -> None:
    server("cut", circuit_state="open", last_error="refused by 10.0.0.7", last_error_class="connect")
    client = person()
    assert rows(page(client)) == ["cut down connect – – – –"]
    User.objects.get().user_permissions.add(Permission.objects.get(codename="view_mcpserver"))
    assert rows(page(client)) == ["cut down refused by 10.0.0.7 – – – –"]


def test_who_may_not_see_the_events_of_servers_sees_no_more_than_the_list_of_the_api() -> None:
    made = server("cut", circuit_state="open", results="+-", last_latency_ms=5.0, last_error_class="connect")
    McpServer.objects.filter(pk=made.pk).update(tags=["oracle"])
    operations.reset_circuit(made, User.objects.create_superuser("ada"))
    McpServerState.objects.filter(server=made).update(circuit_state="open", last_error="refused")
    client = person()
    assert "connect" in page(client)
    for type_id in ("mcp_status_change", "circuit_breaker_state", "mcp_health_check"):
        closed = EventType.objects.get(pk=type_id)
        closed.allowed_groups.add(Group.objects.get_or_create(name="wardens")[0])
        assert rows(page(client)) == ["cut down"]
        closed.allowed_groups.clear()
        EventType.objects.filter(pk=type_id).update(restricted=False)
        Revision.bump_registry()
        assert "connect" in page(client)
    assert rows(page(client, q="oracle")) == []


def test_words_are_found_in_tags_as_people_write_them() -> None:
    McpServer.objects.filter(pk=server("one").pk).update(tags=["Büro"])
    client = person("view_mcpserver")
    assert names(page(client, q="büro")) == ["one"]
    assert names(page(client, q="[")) == []


def test_a_server_that_was_made_in_bulk_or_has_an_odd_name_is_shown() -> None:
    McpServer.objects.bulk_create([McpServer(name="a/b", url="http://example.org/")])
    assert rows(page(person("change_mcpserver")))[0].startswith("a/b not known yet")


def test_a_server_whose_first_checks_failed_says_why_before_it_counts_as_down() -> None:
    server("new", results="--", last_error="Connection refused", last_error_class="connect")
    assert rows(page(person("view_mcpserver")))[0].startswith("new not known yet Connection refused")


def test_a_row_tells_its_last_checks_latency_and_change() -> None:
    admin = User.objects.create_superuser("ada")
    made = server("well", health_status="healthy", results="++-o+", last_latency_ms=1234.5)
    operations.disable(made, admin)
    text = page(person())
    assert 'aria-label="last 5 checks: 3 succeeded, 1 failed, 1 without a verdict"' in text
    assert "1,234 ms" in text or "1,235 ms" in text
    assert "status: active → inactive" in rows(text)[0]


def test_down_is_since_the_first_failure() -> None:
    began = timezone.now() - timedelta(hours=3)
    server("cut", circuit_state="open", down_since=began)
    assert f"down since {began:%Y-%m-%d %H:%M:%S}" in rows(page(person()))[0]


def test_a_page_of_many_servers_asks_the_database_no_more_often(django_assert_max_num_queries: Any) -> None:
    client = person()
    for number in range(30):
        server(f"s{number}")
    page(client)  # which reads the registry
    with django_assert_max_num_queries(10):
        assert len(rows(page(client))) == 30


def test_without_servers_it_says_how_to_begin() -> None:
    assert "No MCP server is registered yet. An admin can register one." in strip_tags(page(person()))


def test_without_a_monitor_it_says_that_nothing_is_checked() -> None:
    server("well")
    client = person()
    assert "No monitor is running" in page(client)
    MonitorLease.take("me")
    assert "No monitor is running" not in page(client)


def test_nobody_sees_it_without_signing_in(client: Client) -> None:
    response = client.get(FLEET)
    assert response.status_code == 302
    assert response["Location"].startswith("/login/?next=/fleet")


class TestActions:
    @pytest.fixture
    def admin(self) -> Client:
        return person("change_mcpserver")

    def test_disable_and_enable_act_say_so_and_go_back_to_the_same_rows(self, admin: Client) -> None:
        made = server("well", health_status="healthy")
        query = "state=trouble&q=a%26b"
        response = admin.post(to("well", "disable"), {"query": query})
        assert response["Location"] == f"/fleet?{query}"
        made.refresh_from_db()
        assert (made.status, made.disabled_by) == ("inactive", "admin")
        assert "well is disabled." in page(admin)
        admin.post(to("well", "disable"))
        assert "well was disabled already." in page(admin)
        admin.post(to("well", "enable"))
        made.refresh_from_db()
        assert made.status == "active"
        assert [data["action_type"] for _, data in told("user_action")] == ["disable_mcp", "enable_mcp"]

    def test_what_the_page_itself_asks_for_uses_up_no_message(self, admin: Client) -> None:
        server("well")
        admin.post(to("well", "disable"))
        assert "well is disabled." not in admin.get(FLEET, headers={"X-Eventhub-Poll": "1"}).content.decode()
        assert "well is disabled." in page(admin)

    def test_reset_closes_the_circuit(self, admin: Client) -> None:
        made = server("cut", circuit_state="open", health_status="unhealthy")
        assert to("cut", "reset_circuit") in page(admin)
        admin.post(to("cut", "reset_circuit"))
        assert McpServerState.objects.get(server=made).circuit_state == "closed"

    def test_check_now_really_asks_the_server(self, admin: Client, settings: Settings) -> None:
        settings.MCP_ALLOWED_NETWORKS = [network("127.0.0.0/8")]
        with Misbehaving() as real:
            McpServer.objects.filter(pk=server("well").pk).update(url=real.url("modern"))
            admin.post(to("well", "check"))
            assert real.asked("modern")
        assert "well: healthy" in page(admin)

    def test_who_may_not_change_servers_gets_no_button_and_no_effect(self) -> None:
        made = server("well")
        client = person("view_mcpserver")
        assert "<button" not in page(client).partition("<tbody>")[2]
        for verb in ("check", "enable", "disable", "reset_circuit"):
            assert client.post(to("well", verb)).status_code == 403
        made.refresh_from_db()
        assert made.status == "active"

    def test_only_a_form_of_ours_can_do_it(self, admin: Client) -> None:
        server("well")
        assert admin.get(to("well", "disable")).status_code == 405
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(User.objects.get())
        assert strict.post(to("well", "disable")).status_code == 403

    def test_one_that_is_not_there_is_not_found_and_no_address_leads_elsewhere(self, admin: Client) -> None:
        server("well")
        assert admin.post("/fleet/987654/disable").status_code == 404
        assert admin.post(to("well", "explode")).status_code == 404
        response = admin.post(to("well", "disable"), {"query": "//example.org\r\nX: y"})
        assert response["Location"].startswith("/fleet?")
        assert "\n" not in response["Location"]
