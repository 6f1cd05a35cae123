"""The fleet guard: failures of many servers at once are the monitor's own, and disable nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from pytest_django import Settings

from events.mcp import fleet, record
from events.mcp.models import McpServer, MonitorLease
from tests.cases import each_case
from tests.mcp.outcomes import DOWN, NOW, WELL, a_server, results, told

LONG = timedelta(hours=1)


def latest(down: int, well: int, age: float = 0.0) -> list[fleet.Latest]:
    return [fleet.Latest(place < down, NOW - age, 30.0) for place in range(down + well)]


@each_case(
    ("down", "well", "ours"),
    [
        *((0, 5, False), (1, 0, False), (1, 1, False), (2, 0, True), (2, 1, False), (3, 0, True)),
        *((2, 3, False), (3, 2, True), (3, 3, False), (4, 3, True), (100, 101, False), (101, 100, True)),
    ],
)
def test_it_is_our_fault_when_most_of_several_servers_are_down(down: int, well: int, ours: bool) -> None:
    assert bool(fleet.is_ours(latest(down, well), NOW)) is ours


@each_case(
    ("down", "well", "still"),
    [
        *((24, 23, True), (23, 24, True), (16, 31, True), (15, 32, False)),
        *((2, 3, True), (1, 2, True), (1, 3, False), (1, 1, True), (0, 2, False), (1, 0, False), (0, 0, False)),
    ],
)
def test_it_stays_our_fault_until_less_than_a_third_is_down(down: int, well: int, still: bool) -> None:
    assert bool(fleet.is_ours(latest(down, well), NOW, was=True)) is still


def test_while_most_servers_were_not_checked_lately_it_stays_as_it_was() -> None:
    """As when a monitor starts after a night: the first few that it checks say nothing of the others."""
    known = [*latest(3, 0), *latest(20, 24, age=3600.0)]
    assert not fleet.is_ours(known, NOW)
    assert fleet.is_ours([*latest(0, 3), *known[3:]], NOW, was=True)


def test_outcomes_of_long_ago_say_nothing_of_now() -> None:
    assert fleet.is_ours(latest(5, 0, age=60.0), NOW)
    assert not fleet.is_ours(latest(5, 0, age=61.0), NOW)


def test_a_server_whose_circuit_is_open_counts_as_long_as_its_next_check_is_not_overdue() -> None:
    waiting = [fleet.Latest(True, NOW - 400, 240.0)] * 4
    assert fleet.is_ours([*waiting, fleet.Latest(True, NOW, 30.0)], NOW)


@pytest.fixture
def epoch(db: None) -> int:
    epoch = MonitorLease.take("test", LONG)
    assert epoch is not None
    return epoch


def fail_for_long(servers: Sequence[McpServer], epoch: int, canary: bool | None = None, start: float = NOW) -> float:
    """So many checks, a minute apart, that each server would be disabled five times over; the time then."""
    at = start
    for _ in range(30):
        record.record(results(servers, DOWN, at, canary), epoch=epoch, every_check=False)
        at += 60
    return at


def monitor_health() -> list[tuple[str, str]]:
    return [(data["old_state"], data["new_state"]) for _, data in told("component_health")]


@pytest.mark.parametrize("size", [2, 3, 5])
def test_when_all_servers_fail_at_once_none_is_disabled_and_it_is_told_once(size: int, epoch: int) -> None:
    servers = [a_server(f"server_{place}", open_max_s=60) for place in range(size)]
    record.record(results(servers, WELL, NOW - 30), epoch=epoch, every_check=False)
    at = fail_for_long(servers, epoch)
    assert {server.state.failure_cycles > 3 for server in McpServer.objects.select_related("state")} == {True}
    assert told("mcp_auto_disabled", "mcp_status_change") == []
    assert set(McpServer.objects.values_list("status", flat=True)) == {"active"}
    assert monitor_health() == [("up", "degraded")]
    for place in range(6):
        record.record(results(servers, WELL, at + 30 * place), epoch=epoch, every_check=False)
    assert monitor_health() == [("up", "degraded"), ("degraded", "up")]


def test_of_five_two_that_are_down_and_one_that_fails_every_other_check_do_not_trip_the_guard(epoch: int) -> None:
    servers = [a_server(f"server_{place}", open_max_s=60) for place in range(5)]
    for place in range(120):
        at = NOW + 30 * place
        flapping = DOWN if place % 2 else WELL
        seen = [*results(servers[:2], DOWN, at), *results(servers[2:3], flapping, at), *results(servers[3:], WELL, at)]
        record.record(seen, epoch=epoch, every_check=False)
    assert monitor_health() == []
    assert sorted({data["mcp_name"] for _, data in told("mcp_auto_disabled")}) == ["server_0", "server_1"]


def test_a_canary_that_answers_every_other_time_does_not_make_the_guard_flap(epoch: int, settings: Settings) -> None:
    settings.MCP_CANARY_URL = "http://127.0.0.1:9/"
    servers = [a_server(f"server_{place}") for place in range(5)]
    for place in range(60):
        seen = results(servers[:1], DOWN, NOW + 30 * place, canary=place % 2 == 0)
        record.record(seen, epoch=epoch, every_check=False)
    assert monitor_health() == [("up", "degraded")]


def test_a_single_server_is_guarded_by_the_canary(epoch: int, settings: Settings) -> None:
    settings.MCP_CANARY_URL = "http://127.0.0.1:9/"
    server = a_server(open_max_s=60)
    at = fail_for_long([server], epoch, canary=False)
    assert told("mcp_auto_disabled") == []
    assert monitor_health() == [("up", "degraded")]
    at = fail_for_long([server], epoch, canary=True, start=at)
    assert [data["mcp_name"] for _, data in told("mcp_auto_disabled")] == ["oracle_mcp"]
    assert monitor_health() == [("up", "degraded"), ("degraded", "up")]


def test_while_the_canary_was_not_asked_again_the_guard_stays(epoch: int, settings: Settings) -> None:
    settings.MCP_CANARY_URL = "http://127.0.0.1:9/"
    server = a_server()
    for canary in (False, None, None):
        record.record(results([server], DOWN, NOW, canary), epoch=epoch, every_check=False)
    assert monitor_health() == [("up", "degraded")]


def test_what_the_guard_has_told_is_not_told_again_by_the_next_leader(epoch: int) -> None:
    servers = [a_server(f"server_{place}") for place in range(3)]
    for place in range(3):
        record.record(results(servers, DOWN, NOW + 30 * place), epoch=epoch, every_check=False)
    assert monitor_health() == [("up", "degraded")]
    MonitorLease.give_back(epoch)
    following = MonitorLease.take("another", LONG)
    assert following is not None
    record.record(results(servers, DOWN, NOW + 90), epoch=following, every_check=False)
    assert monitor_health() == [("up", "degraded")]


def test_one_server_of_many_that_fails_is_disabled(epoch: int) -> None:
    servers = [a_server(f"server_{place}", open_max_s=60) for place in range(3)]
    at = NOW
    for _ in range(20):
        seen = [*results(servers[:1], DOWN, at), *results(servers[1:], WELL, at)]
        record.record(seen, epoch=epoch, every_check=False)
        at += 60
    assert [data["mcp_name"] for _, data in told("mcp_auto_disabled")] == ["server_0"]
    assert monitor_health() == []


def test_the_summary_counts_every_server_once(epoch: int) -> None:
    well, down = a_server("well"), a_server("down", fall=1, failure_threshold=1)
    a_server("off", status="inactive")
    a_server("new")
    record.record([*results([well], WELL, NOW), *results([down], DOWN, NOW)], epoch=epoch, every_check=False)
    counts = {"total": 4, "healthy": 1, "degraded": 0, "unhealthy": 1, "inactive": 1, "open_circuits": 1}
    assert fleet.summary() == {**counts, "severity": "warning"}
