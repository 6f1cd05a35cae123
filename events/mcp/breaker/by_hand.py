"""What is done to a server from outside its checks: by admins, and because its tools have changed."""

from __future__ import annotations

from msgspec.structs import replace

from events.mcp.breaker.state import Circuit, Config, DisabledBy, State, Status, Transitions, changed

TOOLS_CHANGED = "Tools changed"


def enabled_by_admin(state: State, now: float) -> tuple[State, Transitions]:
    """Make the server active again, with fresh counters. A circuit that was not closed has to pass its trial first."""
    if state.status == Status.ACTIVE:
        return state, ()
    circuit = Circuit.CLOSED if state.circuit_state == Circuit.CLOSED else Circuit.HALF_OPEN
    new = State(circuit_state=circuit, reenabled_at=state.reenabled_at, next_check_at=now)
    return new, changed(state, new, "circuit", "Enabled by admin") + changed(state, new, "status", "Enabled by admin")


def disabled_by_admin(state: State) -> tuple[State, Transitions]:
    """Make the server inactive until an admin enables it; also one that the monitor had disabled, which is then left
    alone."""
    new = replace(state, status=Status.INACTIVE, disabled_by=DisabledBy.ADMIN, next_check_at=None)
    return new, changed(state, new, "status", "Disabled by admin")


def circuit_reset(state: State, now: float) -> tuple[State, Transitions]:
    """Close the circuit, without failures or cycles behind it, and have the server probed at once. Its status does not
    change."""
    new = replace(
        state,
        circuit_state=Circuit.CLOSED,
        consecutive_failures=0,
        trial_successes=0,
        failure_cycles=0,
        open_until=None,
        down_since=None,
        stable_since=None,
        next_check_at=None if state.disabled_by == DisabledBy.ADMIN else now,
    )
    return new, changed(state, new, "circuit", "Reset by admin")


def disabled_for_tools(state: State, now: float, config: Config) -> tuple[State, Transitions]:
    """Make an active server inactive, as the monitor does. It is looked after, and does not recover by itself as long
    as its tools are not approved."""
    if state.status != Status.ACTIVE:
        return state, ()
    again = now + config.recovery_interval_s
    new = replace(state, status=Status.INACTIVE, disabled_by=DisabledBy.AUTO, open_until=None, next_check_at=again)
    return new, changed(state, new, "status", TOOLS_CHANGED)
