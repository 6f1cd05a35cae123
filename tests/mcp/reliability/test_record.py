"""What checks leave behind: hours and figures; maintenance, in which nobody is told; certificates that end soon."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from msgspec.structs import replace

from events.mcp import record
from events.mcp.models import Maintenance, McpHour, McpReliability, McpServer, MonitorLease
from tests.mcp.outcomes import DOWN, NOW, WELL, a_server, results, told

pytestmark = pytest.mark.django_db

HOUR = 3_600
DAY = 86_400


@pytest.fixture
def epoch() -> int:
    return MonitorLease.take("test", timedelta(hours=1)) or 0


def check(server: McpServer, outcome: Any, at: float, epoch: int) -> McpServer:
    record.record(results([server], outcome, at), epoch=epoch, every_check=True)
    return McpServer.objects.select_related("state").get(pk=server.pk)


def window(server: McpServer, **columns: Any) -> Maintenance:
    made = Maintenance(server=server, **columns)
    made.full_clean()
    made.save()
    return made


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def test_an_hour_that_is_over_is_a_row_and_the_figures_follow(epoch: int) -> None:
    server = a_server(check_interval_s=600, open_base_s=600)
    for place in range(13):
        check(server, WELL if place < 9 else DOWN, NOW + 600 * place, epoch)
    first, second = McpHour.objects.all()
    assert (first.up, first.down, first.checks) == (3600, 0, 6)
    assert (second.up, second.down, second.counts.failures) == (1800, 1800, {"connect": 3})
    figures = McpReliability.objects.get()
    assert figures.uptime_24h == figures.uptime_90d == pytest.approx(0.75)
    assert figures.hours.endswith("-ux-")
    assert figures.p50 == pytest.approx(3.2, rel=0.7)


def test_in_maintenance_checks_go_on_nobody_is_told_and_nothing_is_disabled(epoch: int) -> None:
    server = a_server(fall=1, failure_threshold=1, open_base_s=1, open_max_s=1, max_failure_cycles=1, min_down_s=0)
    check(server, WELL, NOW, epoch)
    window(server, starts_at=at(NOW + 10), ends_at=at(NOW + 1_000))
    before = len(told())
    for place in range(1, 20):
        seen = check(server, DOWN, NOW + 30 * place, epoch)
    assert [(type, data["state"]) for type, data in told()[before:]] == [("mcp_maintenance", "began")]
    assert (seen.status, seen.state.circuit_state, seen.state.in_maintenance) == ("active", "closed", True)
    check(server, DOWN, NOW + 1_030, epoch)
    types = [type for type, _ in told()[before:]]
    assert types[1:] == ["mcp_maintenance", "mcp_health_check", "circuit_breaker_state"]


def test_what_was_the_monitors_own_fault_is_not_held_against_servers(epoch: int) -> None:
    servers = [a_server(name, check_interval_s=600, fall=1) for name in ("a", "b")]
    for place in range(7):
        outcome = WELL if place < 3 else DOWN
        record.record(results(servers, outcome, NOW + 600 * place), epoch=epoch, every_check=False)
    assert [(hour.up, hour.down) for hour in McpHour.objects.all()] == [(1_800, 0)] * 2


def test_time_in_maintenance_is_left_out(epoch: int) -> None:
    server = a_server(check_interval_s=600)
    window(server, starts_at=at(NOW + 1_800), ends_at=at(NOW + 3_600))
    for place in range(8):
        check(server, WELL, NOW + 600 * place, epoch)
    (hour,) = McpHour.objects.all()
    assert (hour.up, hour.down, hour.maintenance) == (1_800, 0, 1_800)


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({}, "Give either"),
        ({"starts_at": at(NOW)}, "Give either"),
        ({"starts_at": at(NOW), "ends_at": at(NOW), "weekday": 1}, "Give either"),
        ({"starts_at": at(NOW), "ends_at": at(NOW)}, "It must be after"),
        (
            {"weekday": 1, "at": time(2), "lasts": timedelta(hours=1), "zone": "Mars/Base"},
            "“Mars/Base” is no time zone",
        ),
        ({"weekday": 1, "at": time(2), "lasts": timedelta(days=8), "zone": "UTC"}, "at most seven days"),
    ],
)
def test_a_window_that_means_nothing_is_refused(columns: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        window(a_server(), **columns)


def test_a_certificate_that_ends_soon_is_told_21_and_7_days_before_and_anew_once_it_is_renewed(epoch: int) -> None:
    server, ends = a_server(), NOW + 30 * DAY
    for day in range(30):
        for part in (0, 0.5):
            check(server, replace(WELL, certificate_ends=ends), NOW + DAY * (day + part), epoch)
    check(server, replace(WELL, certificate_ends=ends + 400 * DAY), NOW + 30 * DAY, epoch)
    days = [(data["days"], data["severity"]) for _, data in told("certificate_expires")]
    assert days == [(21, "warning"), (7, "error")]
