"""Monitors as processes: one leads, the next takes over, and nothing is told twice or lost."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pytest

from tests.conftest import MakeServer
from tests.mcp.misbehaving import Misbehaving
from tests.mcp.monitors import LEADS, LOOPBACK, QUICK, WAITS, events, monitors, register, transitions
from tests.ports import free_ports
from tests.servers import ServerProcess
from tests.waiting import eventually


def emit_event(server: ServerProcess, event_type: str) -> None:
    server.manage("emit_event", event_type, "username=alice")


@pytest.fixture
def fleet(make_server: MakeServer) -> ServerProcess:
    """No server runs: what is needed is a database and its environment."""
    return make_server(start=False, env=LOOPBACK)


def nobody_there() -> str:
    return f"http://127.0.0.1:{free_ports(1)[0]}/mcp"


def test_when_the_leader_is_killed_the_other_takes_over_and_no_change_is_doubled_or_lost(
    fleet: ServerProcess,
) -> None:
    register(fleet, oracle_mcp=nobody_there())
    with monitors(fleet, 2) as (one, other):
        eventually(lambda: LEADS in one.log + other.log and WAITS in one.log + other.log)
        leader, standby = (one, other) if LEADS in one.log else (other, one)
        eventually(lambda: ("oracle_mcp", "circuit", "half_open", "open") in transitions(fleet))
        assert LEADS not in standby.log
        leader.kill()
        eventually(lambda: LEADS in standby.log)
        eventually(lambda: ("oracle_mcp", "status", "active", "inactive") in transitions(fleet))
    assert_one_story(fleet)
    assert [data["mcp_name"] for data in events(fleet, "mcp_auto_disabled")] == ["oracle_mcp"]


def assert_one_story(server: ServerProcess, names: Sequence[str] = ("oracle_mcp",)) -> None:
    """Each change begins where the one before it ended, and each of a circuit was told once."""
    told = transitions(server)
    for name, (axis, begin) in product(names, (("health", "unknown"), ("circuit", "closed"), ("status", "active"))):
        now = begin
        for *_, old, new in (each for each in told if each[:2] == (name, axis)):
            assert old == now, told
            now = new
    circuit = [(old, new) for _, axis, old, new in told if axis == "circuit"]
    assert [(data["old_state"], data["new_state"]) for data in events(server, "circuit_breaker_state")] == circuit


def test_a_monitor_that_is_started_again_goes_on_where_the_last_one_was(fleet: ServerProcess) -> None:
    register(fleet, oracle_mcp=nobody_there())
    with monitors(fleet, 1) as (first,):
        eventually(lambda: ("oracle_mcp", "circuit", "half_open", "open") in transitions(fleet))
        assert first.stop() == 0
    ((cycles, open_until),) = fleet.database.rows("SELECT failure_cycles, open_until FROM mcp_mcpserverstate")
    assert cycles >= 1
    assert open_until is not None
    seen = len(transitions(fleet))
    with monitors(fleet, 1):
        eventually(lambda: len(transitions(fleet)) > seen)
        assert transitions(fleet)[seen] == ("oracle_mcp", "circuit", "open", "half_open")
        ((at,),) = fleet.database.rows(f"SELECT at FROM mcp_mcptransition ORDER BY id LIMIT 1 OFFSET {seen}")  # noqa: S608
        assert at >= open_until
    assert_one_story(fleet)


def test_a_server_that_an_admin_adds_or_disables_is_checked_or_left_alone_without_a_restart(
    fleet: ServerProcess,
) -> None:
    with monitors(fleet, 1) as (monitor,):
        eventually(lambda: LEADS in monitor.log)
        register(fleet, late_mcp=nobody_there())
        eventually(lambda: events(fleet, "mcp_health_check"))
        fleet.manage(
            "shell", "-v", "0", "-c",
            "from events.mcp import record, breaker; from events.mcp.models import McpServer\n"
            "record.change(McpServer.objects.get().pk, breaker.disabled_by_admin, username='admin', at=0.0)",
        )  # fmt: skip
        register(fleet, another_mcp=nobody_there())
        eventually(lambda: any(data["mcp_name"] == "another_mcp" for data in events(fleet, "mcp_health_check")))
        # A check that had begun before has ended by now.
        ((checked,),) = fleet.database.rows("SELECT min(last_checked_at) FROM mcp_mcpserverstate")
        # Checks of the other server went on for longer than the interval of this one.
        eventually(lambda: ("another_mcp", "circuit", "closed", "open") in transitions(fleet))
        assert fleet.database.rows("SELECT min(last_checked_at) FROM mcp_mcpserverstate") == [(checked,)]


def test_once_prints_what_was_seen_and_fails_if_a_server_does(fleet: ServerProcess) -> None:
    register(fleet, oracle_mcp=nobody_there())
    done = fleet.manage("monitor_mcps", "--once", check=False)
    assert done.returncode == 1
    assert "1 of 1 servers failed" in done.stderr
    (line,) = (line for line in done.stdout.splitlines() if "oracle_mcp" in line)
    assert "unhealthy: The connection was refused" in line
    assert [data["check"] for data in events(fleet, "mcp_health_check")] == ["manual"]


def test_when_the_network_is_cut_none_of_five_servers_is_disabled_and_it_is_told_once(fleet: ServerProcess) -> None:
    names = [f"mcp_{place}" for place in range(5)]
    with monitors(fleet, 1):
        with Misbehaving(free_ports(1)[0]) as servers:  # which nobody else gets while it is away
            register(fleet, **{name: servers.url("modern") for name in names})
            eventually(lambda: all((name, "health", "unknown", "healthy") in transitions(fleet) for name in names))
        # Each has failed more trials than it takes to disable one.
        eventually(lambda: all(trials(fleet, name) > QUICK["max_failure_cycles"] for name in names))
        with Misbehaving(servers.port):
            eventually(lambda: all((name, "circuit", "half_open", "closed") in transitions(fleet) for name in names))
            eventually(lambda: len(events(fleet, "component_health")) == 2)
    assert not [change for change in transitions(fleet) if change[1] == "status"]
    assert events(fleet, "mcp_auto_disabled") == []
    assert [data["new_state"] for data in events(fleet, "component_health")] == ["degraded", "up"]
    assert_one_story(fleet, names)


def trials(server: ServerProcess, name: str) -> int:
    return transitions(server).count((name, "circuit", "half_open", "open"))


def test_a_monitor_sends_a_secret_of_the_settings_file_as_long_as_it_is_bound_and_logs_it_nowhere(
    make_server: MakeServer, tmp_path: Path
) -> None:
    file = tmp_path / "env"
    file.write_text("MCP_SECRET_ORACLE=Vq7-very-secret\nMCP_ALLOWED_NETWORKS=127.0.0.0/8\n")
    server = make_server(start=False, env={"EVENTHUB_ENV_FILE": str(file), "EVENTHUB_LOG_LEVEL": "DEBUG"})
    with Misbehaving() as oracle:
        register(server, oracle_mcp=oracle.url("modern"))
        say = "from events.mcp.models import McpServer, SecretBinding\nfrom events.outbound.origin import origin_text\n"
        server.manage(
            *("shell", "-v", "0", "-c"),
            f"{say}server = McpServer.objects.get()\n"
            "SecretBinding(secret='MCP_SECRET_ORACLE', origin=origin_text(server.url)).save()\n"
            "server.auth, server.secret_ref = 'bearer', 'env:MCP_SECRET_ORACLE'\nserver.save()",
        )
        with monitors(server, 1) as [monitor]:
            sent = eventually(lambda: [each.headers.get("authorization") for each in oracle.requests])
            assert sent[0] == "Bearer Vq7-very-secret"
            server.manage("shell", "-v", "0", "-c", f"{say}SecretBinding.objects.get().delete()")
            error = "SELECT last_error FROM mcp_mcpserverstate"
            eventually(lambda: "MCP_SECRET_ORACLE may not be sent to" in server.database.rows(error)[0][0])
        assert "DEBUG" in monitor.log
        assert "Vq7" not in monitor.log


def test_the_monitor_that_leads_deletes_old_events_without_being_asked(fleet: ServerProcess) -> None:
    emit_event(fleet, "user_login")
    fleet.database.change("UPDATE events_eventtype SET retention_days = 90 WHERE id = 'user_login'")
    fleet.database.change("UPDATE events_event SET timestamp = '2020-01-01 00:00:00+00:00'")
    with monitors(fleet, 1) as (monitor,):
        eventually(lambda: not events(fleet, "user_login"))
        eventually(lambda: "Retention: 1 events" in monitor.log)
