"""Uptime, bars and percentiles on the pages; maintenance by a click; what everybody may read; who would be told."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils.html import strip_tags
from pytest_django import Settings

from events.mcp.models import Maintenance, McpReliability, McpServer, McpServerState
from events.mcp.page import bars
from events.mcp.page.bars import percent
from events.mcp.reliability.tally import Counts, Hour, Tally
from events.models import SavedView
from subscriptions.models import StandingSubscription
from tests.cases import each_case
from tests.mcp.outcomes import a_server, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files")]

HOUR = 500_000


def person(*permissions: str) -> Client:
    user = User.objects.create_user("vera")
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def was(name: str, up: float, hours: int = 3, **members: Any) -> McpServer:
    """A server that was up for this share of the last hours, and in the one under way."""
    server = a_server(name, **members)
    figures = McpReliability(server=server)
    latencies = {5: 90, 9: 10}
    figures.take(
        Hour(HOUR - back, Counts(up=3600 * up, down=3600 * (1 - up), checks=100, latencies=latencies))
        for back in range(hours, 0, -1)
    )
    figures.save()
    tally = Tally(HOUR, Counts(up=60, checks=2))
    McpServerState.objects.filter(server=server).update(tally=msgspec.msgpack.encode(tally), health_status="healthy")
    return server


def text_of(response: Any) -> str:
    assert response.status_code == 200, response.content
    return " ".join(strip_tags(response.content.decode().replace("<", " <")).split())


def names(response: Any) -> list[str]:
    body = response.content.decode().partition("<tbody>")[2]
    return [strip_tags(f"<tr{row}").split()[0] for row in body.split("<tr")[1:]]


def test_a_row_has_uptime_bars_and_percentiles_and_the_list_its_order() -> None:
    was("good", 1.0)
    was("bad", 0.5)
    a_server("new")
    client = person()
    page = client.get("/fleet", {"order": "uptime_24h"})
    assert names(page) == ["bad", "good", "new"]
    text = text_of(page)
    assert "100 %" in text
    assert "p50 11 · p95 91 · p99 91 ms" in text
    assert 'aria-label="last 24 hours: 4 up, 20 unknown"' in page.content.decode()
    assert names(client.get("/fleet", {"order": "name"})) == ["bad", "good", "new"]
    refused = client.get("/fleet", {"order": "age"})
    assert refused.status_code == 400
    assert "is not an order; allowed: worst, name," in strip_tags(refused.content.decode())


def test_a_row_and_the_page_of_a_server_draw_its_latency_and_say_it_in_words() -> None:
    server = was("slower", 1.0)
    now = Tally(HOUR, Counts(up=60, checks=2, latencies={3: 2}))
    McpServerState.objects.filter(server=server).update(tally=msgspec.msgpack.encode(now))
    a_server("new")
    client = person()
    for address in ("/fleet", f"/fleet/{server.pk}"):
        pictures = re.findall('aria-label="(p95 [^"]*)"', client.get(address).content.decode())
        assert pictures == ["p95 of the last 24 hours: 3.8 ms to 91 ms, in this hour 3.8 ms"]


def test_a_line_begins_and_ends_where_something_is_known() -> None:
    assert bars.line("-" * 23 + "a") == ""
    gap = bars.line("-aa-k-")
    assert 'd="M4 13L7 13M13 3h0"' in gap
    assert "p95 of the last 6 hours: 0.8 ms to 155 ms, in this hour unknown" in gap
    assert 'd="M1 13L4 11"' in bars.line("ab")  # what only wavers stays low
    assert 'class="end" d="M4 11h0"' in bars.line("ab")


def test_figures_that_were_written_before_there_were_lines_have_one_from_now_on() -> None:
    was("old", 1.0)
    McpReliability.objects.update(latencies="")
    client = person()
    assert "p95 of" not in client.get("/fleet").content.decode()
    over = McpReliability.objects.get()
    over.take([Hour(HOUR, Counts(up=3600, checks=100, latencies={5: 100}))])
    over.save()
    assert "p95 of the last 24 hours: 11 ms to 91 ms, in this hour unknown" in client.get("/fleet").content.decode()


def test_a_server_whose_first_hour_is_not_over_stands_where_its_figures_put_it() -> None:
    was("good", 1.0)
    server = a_server("young")
    first = Tally(HOUR, Counts(up=60, down=60, checks=4, latencies={15: 2}))
    McpServerState.objects.filter(server=server).update(tally=msgspec.msgpack.encode(first))
    a_server("new")
    client = person()
    assert names(client.get("/fleet", {"order": "uptime_90d"})) == ["young", "good", "new"]
    assert names(client.get("/fleet", {"order": "latency"})) == ["young", "good", "new"]


def test_a_long_list_has_pages_that_keep_the_choice() -> None:
    for number in range(51):
        a_server(f"s{number:03}")
    client = person()
    first = client.get("/fleet", {"order": "name"})
    assert (len(names(first)), names(client.get("/fleet", {"order": "name", "page": "2"}))) == (50, ["s050"])
    assert "?order=name&amp;page=2" in first.content.decode()


@each_case(("share", "shown"), [(1.0, "100 %"), (0.999999, "99.99 %"), (0.5, "50.00 %"), (None, "–")])
def test_an_uptime_is_never_rounded_up_to_all(share: float | None, shown: str) -> None:
    assert percent(share) == shown


def test_the_page_of_a_server_has_the_figures_of_each_period_for_those_who_may_see_checks() -> None:
    server = was("oracle_mcp", 0.5, hours=20)
    text = text_of(person().get(f"/fleet/{server.pk}"))
    assert "24 hours 50.04 % 83 % – 2,002 11 ms" in text
    assert "Who would be told" not in text


def test_maintenance_is_begun_and_ended_by_who_may_change_servers() -> None:
    server = a_server()
    vera = person("change_mcpserver")
    address = f"/fleet/{server.pk}/maintenance"
    text = text_of(vera.post(address, {"minutes": "60"}, follow=True))
    assert "is in maintenance for an hour" in text
    assert Maintenance.objects.get().created_by == "vera"
    assert (
        "&quot;7&quot; minutes are not possible" in vera.post(address, {"minutes": "7"}, follow=True).content.decode()
    )
    assert "has no maintenance any more" in text_of(vera.post(address, {"end": "1"}, follow=True))
    assert Maintenance.objects.get().ends_at <= datetime.now(UTC)  # type: ignore[operator]
    assert [data["action_type"] for _, data in told("user_action")] == ["set_maintenance", "end_maintenance"]
    User.objects.all().delete()
    assert person("view_mcpserver").post(address, {"minutes": "60"}).status_code == 403


def test_the_end_of_a_weekly_window_leaves_what_it_covered() -> None:
    now = datetime.now(UTC)
    begun = now - timedelta(hours=1)
    window = Maintenance(
        server=a_server(), weekday=begun.weekday(), at=begun.time(), lasts=timedelta(hours=3), zone="UTC",
        created_at=now - timedelta(days=8),
    )  # fmt: skip
    window.save()
    window.end(now)
    assert Maintenance.objects.filter(weekday=None).count() == Maintenance.objects.count() == 2


def test_who_would_be_told_is_who_asks_for_it_and_may_see_it() -> None:
    server = a_server()
    a_server("other_mcp")
    bob, eve = User.objects.create_user("bob"), User.objects.create_user("eve")
    views = [
        (bob, ["mcp_status_change", "user_login"], {"mcp_names": ["oracle_mcp"], "severity": ["error"]}),
        (eve, ["mcp_status_change"], {"mcp_names": ["other_mcp"]}),
        (eve, ["endpoint_changed"], {}),  # for auditors alone
        (eve, ["user_login"], {}),
    ]
    for user, types, filters in views:
        SavedView.objects.create(user=user, event_types=types, filters=filters)
    StandingSubscription.objects.create(
        owner=eve, name="pager", event_types=["mcp_auto_disabled"], epoch="0", position=0
    )
    text = text_of(person("change_mcpserver").get(f"/fleet/{server.pk}"))
    assert "bob , by a view: MCP status change" in text
    assert "eve , by a delivery: MCP auto-disabled" in text
    assert "eve , by a view" not in text


class TestStatus:
    def test_it_is_not_there_unless_it_is_switched_on(self) -> None:
        a_server(public_name="Oracle")
        assert [Client().get(address).status_code for address in ("/status", "/status/Oracle.svg")] == [404, 404]

    def test_it_tells_public_names_states_and_uptime_and_nothing_else(self, settings: Settings) -> None:
        settings.EVENTHUB_PUBLIC_STATUS = True
        was("oracle_mcp", 0.5, public_name="Oracle", title="Inner title")
        was("hidden_mcp", 1.0)
        response = Client().get("/status")
        text = text_of(response)
        assert "Oracle up" in text
        assert "50." in text
        for secret in ("oracle_mcp", "hidden_mcp", "Inner title", "127.0.0.1"):
            assert secret not in response.content.decode()

    def test_what_nobody_checks_any_more_is_unknown(self, settings: Settings) -> None:
        settings.EVENTHUB_PUBLIC_STATUS = True
        was("oracle_mcp", 1.0, public_name="Oracle")
        McpServerState.objects.update(next_check_at=datetime.now(UTC) - timedelta(hours=1))
        assert 'aria-label="Oracle: unknown"' in Client().get("/status/Oracle.svg").content.decode()

    def test_a_badge_says_how_one_is(self, settings: Settings) -> None:
        settings.EVENTHUB_PUBLIC_STATUS = True
        was("oracle_mcp", 1.0, public_name="Oracle")
        badge = Client().get("/status/Oracle.svg")
        assert badge["Content-Type"] == "image/svg+xml"
        assert 'aria-label="Oracle: up"' in badge.content.decode()
        assert Client().get("/status/oracle_mcp.svg").status_code == 404
