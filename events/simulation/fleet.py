"""MCP servers: long health, now and then a decline that opens the circuit, then recovery or being disabled."""

from __future__ import annotations

from typing import Any

from events.simulation.cast import PEOPLE, Cast, Story, Told

TYPES = frozenset(
    {"mcp_status_change", "circuit_breaker_state", "mcp_health_check", "mcp_auto_disabled", "mcp_fleet_summary"}
)
ERRORS = (
    ("ConnectError", "connection refused"),
    ("ReadTimeout", "no answer within 5 s"),
    ("HTTPStatusError", "502 Bad Gateway"),
)
FAILURES_TO_OPEN = 3  # in a row
CYCLES_TO_DISABLE = 5  # of an open circuit that was tried and failed again
OPEN_SECONDS = 30  # in the first cycle; doubles with each
SUMMARY_CHANCE = 0.02


def story(cast: Cast) -> Story:
    servers = [Server(name, cast) for name in cast.servers]
    lives = [server.live() for server in servers]
    while True:
        yield next(cast.chance.choice(lives))
        if cast.chance.random() < SUMMARY_CHANCE:
            yield summary(servers)


def summary(servers: list[Server]) -> Told:
    active = [server for server in servers if server.status == "active"]
    health = {state: sum(server.health == state for server in active) for state in ("healthy", "degraded", "unhealthy")}
    counts = {
        "total": len(servers),
        **health,
        "inactive": len(servers) - len(active),
        "open_circuits": sum(server.circuit == "open" for server in active),
    }
    all_well = counts["healthy"] == counts["total"]
    return Told("mcp_fleet_summary", {**counts, "severity": "info" if all_well else "warning"})


class Server:
    def __init__(self, name: str, cast: Cast) -> None:
        self.name = name
        self.cast = cast
        self.chance = cast.chance
        self.health = "healthy"
        self.circuit = "closed"
        self.status = "active"
        self.failures = 0
        self.cycles = 0

    def live(self) -> Story:
        while True:
            for _ in range(self.chance.randint(2, 9)):
                yield self.check("healthy")
            for _ in range(self.chance.randint(1, 3)):
                yield self.check("degraded")
            if self.chance.random() < 0.6:
                yield from self.fail()

    def fail(self) -> Story:
        error = self.chance.choice(ERRORS)
        for _ in range(FAILURES_TO_OPEN):
            yield self.check("unhealthy", error)
        yield self.turn("open")
        while True:
            yield self.turn("half_open")
            if self.chance.random() < 0.3:
                break
            yield self.check("unhealthy", error)
            self.cycles += 1
            yield self.turn("open")
            if self.cycles == CYCLES_TO_DISABLE:
                yield from self.be_disabled(error)
                yield self.turn("half_open")
                break
        yield self.check("healthy")
        self.cycles = 0
        yield self.turn("closed")

    def be_disabled(self, error: tuple[str, str]) -> Story:
        down = OPEN_SECONDS * (2**self.cycles - 1)
        yield self.told(
            "mcp_auto_disabled",
            "critical",
            reason=f"failed {self.cycles} cycles in a row",
            failure_cycles=self.cycles,
            max_failure_cycles=CYCLES_TO_DISABLE,
            down_seconds=down,
            last_error=error[1],
            next_probe_at=self.cast.later(down),
        )
        yield self.become("inactive", "error", reason="Auto-disabled", disabled_by="auto")
        yield self.become("active", "info", reason="Enabled by admin", actor=self.chance.choice(PEOPLE))

    def check(self, health: str, error: tuple[str, str] = ("", "")) -> Told:
        previous, self.health = self.health, health
        self.failures = self.failures + 1 if health == "unhealthy" else 0
        slowness = {"healthy": 1, "degraded": 12, "unhealthy": 100}[health]
        return self.told(
            "mcp_health_check",
            {"healthy": "info", "degraded": "warning", "unhealthy": "error"}[health],
            health_status=health,
            previous_health_status=previous,
            changed=health != previous,
            check=self.chance.choice(("liveness", "liveness", "deep")),
            latency_ms=round(self.chance.lognormvariate(3.4, 0.4) * slowness, 1),
            consecutive_failures=self.failures,
            error_class=error[0] or None,
            error=error[1] or None,
            protocol_version="2025-06-18",
            tool_count=0 if error[0] else 4 + len(self.name) % 9,
        )

    def turn(self, state: str) -> Told:
        previous, self.circuit = self.circuit, state
        wait = OPEN_SECONDS * 2**self.cycles if state == "open" else None
        return self.told(
            "circuit_breaker_state",
            {"closed": "info", "half_open": "warning", "open": "error"}[state],
            old_state=previous,
            new_state=state,
            state=state,
            failure_count=self.failures,
            failure_cycles=self.cycles,
            open_until=self.cast.later(wait) if wait else None,
            retry_after_s=wait,
        )

    def become(self, status: str, severity: str, **why: Any) -> Told:
        previous, self.status = self.status, status
        return self.told("mcp_status_change", severity, old_status=previous, new_status=status, **why)

    def told(self, event_type: str, severity: str, **data: Any) -> Told:
        return Told(event_type, {"mcp_name": self.name, **data, "severity": severity})
