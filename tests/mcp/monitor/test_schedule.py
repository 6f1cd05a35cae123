"""Which server is checked when: spread out, each by its own deadline, and as an admin's changes ask."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from typing import Any

import pytest
from django.db import OperationalError
from msgspec.structs import replace
from pytest_django import Settings

from eventhub.environment import network
from events.leadership import leader as any_leader
from events.leadership.lease import TTL, LeaseLost
from events.mcp import breaker, fleet, record
from events.mcp.fleet import Result
from events.mcp.models import McpServer, McpServerState, MonitorLease
from events.mcp.models.state import moment
from events.mcp.monitor import monitor_leader
from events.mcp.monitor.canary import Canary
from events.mcp.monitor.monitor_leader import summarise
from events.mcp.monitor.schedule import Schedule, phase
from events.mcp.monitor.watched import WatchedFleet, load
from tests.mcp.misbehaving import Misbehaving
from tests.mcp.outcomes import WELL, a_server, results, told
from tests.ports import free_ports
from tests.waiting import eventually


def test_what_is_due_is_taken_out_in_order_and_only_once() -> None:
    schedule = Schedule()
    for server_id, due in ((1, 3.0), (2, 1.0), (3, 9.0)):
        schedule.put(server_id, due)
    assert schedule.next() == 1.0
    assert schedule.take_due(5.0) == [2, 1]
    assert schedule.take_due(5.0) == []
    assert schedule.next() == 9.0


def test_the_last_deadline_of_a_server_counts() -> None:
    schedule = Schedule()
    schedule.put(1, 1.0)
    schedule.put(1, 5.0)
    schedule.put(2, 2.0)
    schedule.drop(2)
    assert (schedule.take_due(4.0), schedule.next()) == ([], 5.0)


def test_phases_are_spread_over_the_whole_interval() -> None:
    phases = sorted(phase(f"server_{n}") for n in range(1000))
    assert phases[0] < 0.02
    assert phases[-1] > 0.98
    assert max(after - before for before, after in pairwise(phases)) < 0.02


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watched(clock: Clock, db: None) -> WatchedFleet:
    return WatchedFleet(clock)


def due(watched: WatchedFleet) -> list[str]:
    return sorted(each.server.name for each in watched.take_due())


def test_a_monitor_that_starts_checks_each_server_within_its_interval_but_not_all_at_once(
    watched: WatchedFleet, clock: Clock
) -> None:
    for place in range(40):
        a_server(f"server_{place}")
    watched.load(load()[1])
    counts = []
    for _ in range(31):
        counts.append(len(due(watched)))
        clock.now += 1
    assert sum(counts) == 40
    assert max(counts) <= 8


def test_a_server_that_is_added_or_enabled_while_the_monitor_runs_is_checked_at_once(watched: WatchedFleet) -> None:
    watched.load(load()[1])
    server = a_server()
    watched.load(load()[1])
    assert due(watched) == ["oracle_mcp"]
    record.change(server.pk, breaker.disabled_by_admin, username="ada", at=time.time())
    watched.load(load()[1])
    watched.missed(server.pk)
    assert watched.until_next() is None
    record.change(server.pk, lambda state: breaker.enabled_by_admin(state, time.time()), username="ada", at=time.time())
    watched.load(load()[1])
    assert due(watched) == ["oracle_mcp"]


@pytest.fixture
def _wall_clock_that_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)


@pytest.mark.usefixtures("_wall_clock_that_stands")
def test_the_next_check_comes_when_the_last_one_said(watched: WatchedFleet, clock: Clock) -> None:
    server = a_server(check_interval_s=30)
    watched.load([])
    watched.load(load()[1])
    assert due(watched) == ["oracle_mcp"]
    epoch = MonitorLease.take("test")
    assert epoch is not None
    (done,) = record.record(results([server], WELL, time.time()), epoch=epoch, every_check=True).recorded
    watched.recorded(done)
    wait = watched.until_next()
    assert wait is not None
    assert 26 < wait < 34
    watched.load(load()[1])  # nothing has changed
    assert watched.until_next() == pytest.approx(wait, abs=1)


def test_a_server_in_flight_is_not_checked_a_second_time(watched: WatchedFleet, clock: Clock) -> None:
    server = a_server(check_interval_s=30)
    watched.load([])
    watched.load(load()[1])
    assert due(watched) == ["oracle_mcp"]
    McpServer.objects.filter(pk=server.pk).update(check_interval_s=20)
    watched.load(load()[1])
    clock.now += 1000
    assert due(watched) == []
    watched.missed(server.pk)
    wait = watched.until_next()
    assert wait is not None
    assert 19 < wait <= 20


def test_a_server_that_is_deleted_is_forgotten(watched: WatchedFleet, clock: Clock) -> None:
    a_server().delete()
    watched.load(load()[1])
    a_server("another")
    watched.load(load()[1])
    McpServer.objects.all().delete()
    watched.load(load()[1])
    clock.now += 1000
    assert due(watched) == []


@pytest.mark.django_db
def test_servers_that_were_made_in_bulk_have_a_state_once_the_monitor_has_loaded_them() -> None:
    McpServer.objects.bulk_create([McpServer(name="bulk", url="http://127.0.0.1:9/")])
    (server,) = load()[1]
    assert server.state.health_status == "unknown"


@pytest.mark.django_db
def test_the_summary_of_a_large_fleet_is_told_by_the_leader_alone() -> None:
    a_server()
    epoch = MonitorLease.take("test")
    assert epoch is not None
    summarise(epoch)
    ((_, data),) = told("mcp_fleet_summary")
    assert data == fleet.summary()
    with pytest.raises(LeaseLost):
        summarise(epoch + 1)
    assert len(told("mcp_fleet_summary")) == 1


STEPS_S = (-86_400, -3_600, -60, 3_600, 86_400)


@pytest.mark.parametrize("state", ["closed", "half_open", "open", "inactive", "left alone"])
@pytest.mark.parametrize("step", STEPS_S)
def test_after_a_step_of_the_clock_each_server_is_checked_within_its_own_interval(
    watched: WatchedFleet, clock: Clock, monkeypatch: pytest.MonkeyPatch, step: float, state: str
) -> None:
    of_servers: dict[str, Any] = {"open_max_s": 60, "recovery_interval_s": 60}
    of_states: dict[str, Any] = {"next_check_at": moment(time.time() + 30)}
    match state:
        case "inactive":
            of_servers |= {"status": "inactive", "disabled_by": "auto"}
        case "left alone":
            of_states["last_error_class"] = "rate_limited"
        case "open":
            of_states |= {"circuit_state": state, "open_until": of_states["next_check_at"]}
        case _:
            of_states["circuit_state"] = state
    servers = [McpServer(name=f"mcp_{place}", url="http://127.0.0.1:9/", **of_servers) for place in range(20)]
    McpServerState.objects.bulk_create(
        McpServerState(server=server, **of_states) for server in McpServer.objects.bulk_create(servers)
    )
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + step)
    watched.load(load()[1])
    longest = 3_600 if state == "left alone" else 66
    counts = []
    while clock.now <= longest:
        counts.append(len(due(watched)))
        clock.now += 1
    assert sum(counts) == 20
    if step in (-86_400, 86_400):
        assert max(counts) <= 5, "a storm"


def test_a_clock_that_is_set_back_while_a_check_is_recorded_does_not_postpone_the_next(
    watched: WatchedFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = a_server()
    watched.load([])
    watched.load(load()[1])
    assert due(watched) == ["oracle_mcp"]
    epoch = MonitorLease.take("test")
    assert epoch is not None
    (done,) = record.record(results([server], WELL, time.time()), epoch=epoch, every_check=True).recorded
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 86_400)
    watched.recorded(done)
    assert watched.until_next() == 0.0


@pytest.mark.usefixtures("_wall_clock_that_stands")
def test_a_server_that_asked_to_be_left_alone_is_after_the_monitor_has_started_again(watched: WatchedFleet) -> None:
    server = a_server()
    epoch = MonitorLease.take("test")
    assert epoch is not None
    limited = replace(WELL, health=breaker.Health.DEGRADED, feeds=breaker.Feeds.NO, error_class="rate_limited")
    asked = replace(limited, retry_after_s=1_800.0)
    record.record(results([server], asked, time.time()), epoch=epoch, every_check=True)
    watched.load(load()[1])
    wait = watched.until_next()
    assert wait == pytest.approx(1_800)


def test_a_check_that_could_not_be_made_is_not_made_again_at_once_however_short_its_circuit_opens(
    watched: WatchedFleet,
) -> None:
    server = a_server(open_base_s=1, open_max_s=2)
    server.state.circuit_state = "open"
    server.state.save()
    watched.load([])
    watched.load(load()[1])
    assert due(watched) == ["oracle_mcp"]
    watched.missed(server.pk)
    wait = watched.until_next()
    assert wait is not None
    assert 29 < wait <= 30


async def test_a_server_that_was_disabled_while_its_check_waited_for_a_turn_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.MCP_ALLOWED_NETWORKS = [network("127.0.0.0/8")]
    monkeypatch.setattr(monitor_leader, "IN_FLIGHT_OF_HOST", 1)

    async def in_database(question: Any, *arguments: object) -> None:
        return None

    with Misbehaving() as somebody:
        servers = [McpServer(pk=place, name=f"mcp_{place}", url=somebody.url("hang"), timeout_s=2) for place in (1, 2)]
        for server in servers:
            server.state = McpServerState(server=server)
        leader = monitor_leader.MonitorLeader(1, in_database, monitor_leader.Pace(), TTL)
        leader.fleet.load([])
        leader.fleet.load(servers)
        checks = [asyncio.create_task(leader.check(watched)) for watched in leader.fleet.take_due()]
        await asyncio.to_thread(eventually, lambda: somebody.connections)
        for server in servers:
            server.status, server.disabled_by = "inactive", "admin"
        leader.fleet.load(servers)
        await asyncio.gather(*checks)
        assert leader.results.qsize() == 1


async def test_the_canary_answers_whatever_it_answers() -> None:
    with Misbehaving() as somebody:
        assert await Canary(somebody.url("failing")).answers() is True
        assert await Canary(somebody.url("html")).answers() is True
    assert await Canary(f"http://127.0.0.1:{free_ports(1)[0]}/").answers() is False
    assert await Canary("").answers() is None


async def test_many_failures_at_once_ask_the_canary_once() -> None:
    with Misbehaving() as somebody:
        canary = Canary(somebody.url("html"))
        for _ in range(5):
            await canary.answers()
        assert len(somebody.requests) == 1


async def test_what_is_seen_while_the_database_is_away_is_recorded_when_it_is_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(any_leader, "AFTER_FAILURE_S", 0.0)
    recorded: list[Result] = []
    away = True

    async def in_database(question: Any) -> record.Outcomes:
        if away:
            raise OperationalError("it is gone")
        recorded.extend(question.args[0])
        return record.Outcomes([], guarded=False)

    leader = monitor_leader.MonitorLeader(1, in_database, monitor_leader.Pace(), TTL)
    seen = Result(1, "http://127.0.0.1:9/", WELL, 0.0)
    leader.results.put_nowait(seen)
    await leader.record_batch()
    assert "are recorded when it is back: it is gone" in caplog.text
    away = False
    await leader.record_batch()
    assert recorded == [seen]
    assert leader.results.empty()
