"""What a check does to a server, and what is told of it: one transaction, in the documented order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from events.mcp import record
from events.mcp.breaker import Check, Feeds, Health
from events.mcp.models import McpServer, McpServerState, McpTransition, MonitorLease, transition
from events.models import EventType
from tests.mcp.outcomes import DOWN, NOW, WELL, a_server, results, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def epoch() -> int:
    epoch = MonitorLease.take("test", timedelta(hours=1))
    assert epoch is not None
    return epoch


def check(server: McpServer, outcome: Any, at: float, epoch: int, *, every_check: bool = True) -> record.Outcomes:
    return record.record(results([server], outcome, at), epoch=epoch, every_check=every_check)


def until_disabled(server: McpServer, epoch: int) -> float:
    at = NOW
    while McpServer.objects.get(pk=server.pk).status == "active":
        assert at < NOW + 100 * 60, "it is never disabled"
        check(server, DOWN, at, epoch)
        at += 60
    return at - 60


def test_being_disabled_is_told_in_the_documented_order_with_the_documented_payloads(epoch: int) -> None:
    server = a_server(open_max_s=60)
    at = until_disabled(server, epoch)
    events = told()
    types = [type for type, _ in events[-5:]]
    assert types == [
        "mcp_health_check", "circuit_breaker_state", "circuit_breaker_state", "mcp_auto_disabled", "mcp_status_change",
    ]  # fmt: skip
    health, half_open, opened, disabled, status = (data for _, data in events[-5:])
    assert (health["health_status"], health["severity"], health["error"]) == ("unhealthy", "error", "Nobody answers.")
    assert (half_open["old_state"], half_open["state"], half_open["failure_cycles"]) == ("open", "half_open", 2)
    assert (opened["old_state"], opened["new_state"], opened["failure_cycles"]) == ("half_open", "open", 3)
    assert disabled["severity"] == "critical"
    assert (disabled["failure_cycles"], disabled["max_failure_cycles"]) == (3, 3)
    assert disabled["down_seconds"] == at - NOW
    assert disabled["last_error"] == "Nobody answers."
    assert disabled["next_probe_at"].endswith("Z")
    assert {name: status[name] for name in ("old_status", "new_status", "reason", "disabled_by", "severity")} == {
        "old_status": "active", "new_status": "inactive", "reason": "Auto-disabled", "disabled_by": "auto",
        "severity": "error",
    }  # fmt: skip
    assert {data["mcp_name"] for _, data in events} == {"oracle_mcp"}


def test_one_that_recovers_is_active_again_and_it_is_told(epoch: int) -> None:
    server = a_server(open_max_s=60)
    at = until_disabled(server, epoch)
    for place in range(1, 4):
        check(server, WELL, at + 300 * place, epoch)
    assert told("mcp_status_change")[-1][1].items() >= {
        "old_status": "inactive", "new_status": "active", "reason": "Recovered", "severity": "info",
    }.items()  # fmt: skip
    server = McpServer.objects.get()
    assert (server.status, server.disabled_by, server.state.circuit_state) == ("active", "", "closed")


def test_the_first_failures_are_warnings_of_what_the_check_saw_and_the_third_changes_the_health(epoch: int) -> None:
    server = a_server()
    check(server, WELL, NOW, epoch)
    for place in range(1, 5):
        check(server, DOWN, NOW + place, epoch)
    seen = [
        (data["health_status"], data["previous_health_status"], data["changed"], data["severity"])
        for _, data in told("mcp_health_check")
    ]
    assert seen == [
        ("healthy", "unknown", True, "info"),
        ("unhealthy", "healthy", False, "warning"),
        ("unhealthy", "healthy", False, "warning"),
        ("unhealthy", "healthy", True, "error"),
        ("unhealthy", "unhealthy", False, "error"),
    ]


def test_of_a_large_fleet_only_changes_are_told(epoch: int) -> None:
    server = a_server()
    for place in range(5):
        check(server, WELL, NOW + place, epoch, every_check=False)
    assert [data["changed"] for _, data in told("mcp_health_check")] == [True]


def test_each_change_is_kept_in_the_history(epoch: int) -> None:
    until_disabled(a_server(open_max_s=60), epoch)
    changes = [(each.axis, each.old, each.new) for each in McpTransition.objects.order_by("id")]
    assert changes == [
        ("health", "unknown", "unhealthy"),
        ("circuit", "closed", "open"),
        *(("circuit", "open", "half_open"), ("circuit", "half_open", "open")) * 3,
        ("status", "active", "inactive"),
    ]


def test_an_open_circuit_and_its_cycles_are_in_the_database_for_whoever_leads_next(epoch: int) -> None:
    server = a_server(failure_threshold=1)
    check(server, DOWN, NOW, epoch)
    check(server, DOWN, NOW + 70, epoch)
    state = McpServerState.objects.select_related("server").get().as_breaker()
    assert (state.circuit_state, state.failure_cycles) == ("open", 1)
    assert state.open_until is not None
    assert 108 <= state.open_until - (NOW + 70) <= 132
    assert state.next_check_at == pytest.approx(state.open_until)


def test_what_was_seen_of_a_server_is_kept_until_it_is_seen_anew(epoch: int) -> None:
    server = a_server()
    told_more = replace(WELL, protocol_version="2026-07-28", protocol_era="modern", server_info="time 1.2")
    check(server, told_more, NOW, epoch)
    check(server, DOWN, NOW + 30, epoch)
    state = McpServerState.objects.get()
    assert (state.protocol_version, state.protocol_era, state.tool_count) == ("2026-07-28", "modern", 4)
    assert (state.last_error_class, state.last_error, state.results) == ("connect", "Nobody answers.", "+-")
    check(server, WELL, NOW + 60, epoch)
    assert McpServerState.objects.get().last_error == ""


@pytest.mark.parametrize("meanwhile", ["deleted", "disabled", "moved"])
def test_a_check_that_was_overtaken_by_an_admin_counts_for_nothing(meanwhile: str, epoch: int) -> None:
    server = a_server()
    seen = results([server], DOWN, NOW)
    if meanwhile == "deleted":
        server.delete()
    elif meanwhile == "disabled":
        McpServer.objects.update(status="inactive", disabled_by="admin")
    else:
        McpServer.objects.update(url="http://127.0.0.1:10/")
    assert record.record(seen, epoch=epoch, every_check=True).recorded == []
    assert told() == []


def test_a_check_by_hand_never_disables_a_server(epoch: int) -> None:
    server = a_server(open_max_s=60, fall=1)
    by_hand = replace(DOWN, check=Check.MANUAL)
    for place in range(50):
        record.record_manual(results([server], by_hand, NOW + 60 * place)[0], "admin:ada")
    assert McpServer.objects.get().status == "active"
    assert told("mcp_health_check")[0][1]["check"] == "manual"


def test_what_tells_neither_success_nor_failure_is_told_as_degraded(epoch: int) -> None:
    limited = replace(DOWN, health=Health.DEGRADED, feeds=Feeds.NO, error_class="rate_limited")
    check(a_server(), limited, NOW, epoch)
    ((_, data),) = told("mcp_health_check")
    assert (data["health_status"], data["severity"], data["consecutive_failures"]) == ("degraded", "warning", 0)


@pytest.mark.parametrize("change", [{"is_active": False}, {"severity_levels": ["critical"]}])
def test_an_event_type_that_an_admin_switched_off_or_changed_stops_no_monitor(
    change: dict[str, Any], epoch: int
) -> None:
    EventType.objects.filter(id="mcp_health_check").update(**change)
    check(a_server(failure_threshold=1), DOWN, NOW, epoch)
    assert [type for type, _ in told()] == ["circuit_breaker_state"]
    assert McpServerState.objects.get().circuit_state == "open"


def test_a_check_by_hand_of_a_server_that_has_moved_meanwhile_counts_for_nothing(epoch: int) -> None:
    (seen,) = results([a_server()], DOWN, NOW)
    McpServer.objects.update(url="http://127.0.0.1:10/")
    assert record.record_manual(seen, "admin:ada") is None
    assert told() == []


def test_of_a_server_that_goes_up_and_down_the_newest_changes_are_kept(
    epoch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transition, "KEPT", 4)
    flapping, other = a_server(fall=1, rise=1), a_server("other")
    check(other, WELL, NOW, epoch)
    for place in range(10):
        check(flapping, DOWN if place % 2 else WELL, NOW + place, epoch)
    kept = McpTransition.objects.filter(server=flapping)
    assert [(each.new, each.at.timestamp()) for each in kept] == [
        ("unhealthy", NOW + 9), ("healthy", NOW + 8), ("unhealthy", NOW + 7), ("healthy", NOW + 6),
    ]  # fmt: skip
    assert other.transitions.count() == 1
