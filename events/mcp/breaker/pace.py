"""When a server is probed next, and how thoroughly."""

from __future__ import annotations

from events.mcp.breaker.state import Circuit, Config, DisabledBy, Health, State, Status

RETRY_AFTER_MAX_S = 3_600.0  # a server may ask to be left alone for an hour, not for ever
DEEP_CHECK_EVERY = 5
CLOCK_STEP_S = 1.0  # by which a clock may be set back without anybody being checked before his time
JITTER = 0.1  # share by which open times and intervals are stretched or shortened, so that no two servers keep step


def next_check(
    state: State, config: Config, now: float, *, jitter: float = 0.0, retry_after_s: float | None = None
) -> float | None:
    """Return when the server is to be probed next; None for one that an admin disabled."""
    if state.disabled_by == DisabledBy.ADMIN:
        return None
    if state.status == Status.ACTIVE and state.circuit_state == Circuit.OPEN:
        return max(now, open_until(state, config, now))
    if state.status == Status.INACTIVE:
        interval = config.recovery_interval_s
    elif state.circuit_state == Circuit.HALF_OPEN and state.trial_successes:
        interval = min(config.half_open_interval_s, config.check_interval_s)
    else:
        interval = config.check_interval_s
    asked = min(retry_after_s or 0.0, RETRY_AFTER_MAX_S)
    return now + max(interval * (1 + jitter), asked)


def deep_check_due(state: State) -> bool:
    """Return whether the next probe has to look at the tools.

    The first one, every fifth, all while the circuit is not closed or the server is inactive; and, since a bridge whose
    child is dead goes on answering what is not deep, all after a failure until the server is well again. All while it
    is degraded, too: what only its tools show would come and go with every fifth check.
    """
    return (
        state.checks_since_deep is None
        or state.checks_since_deep + 1 >= DEEP_CHECK_EVERY
        or state.circuit_state != Circuit.CLOSED
        or state.status == Status.INACTIVE
        or state.consecutive_failures > 0
        or state.health_status in (Health.UNHEALTHY, Health.DEGRADED)
    )


def open_until(state: State, config: Config, now: float) -> float:
    """Return until when an open circuit stays open. A time for which no circuit is open is of a clock that has been set
    back since: then it is over."""
    until = state.open_until or 0.0
    return until if until <= now + config.open_max_s * (1 + JITTER) else 0.0


def wait(state: State, config: Config, now: float, *, left_alone: bool) -> float:
    """Return the seconds until the next probe is due.

    A time that no state of this kind sets is one of a clock that was wrong then or has been set back since, or of
    another interval: it is due now. `left_alone` is a server that has asked to be, and may be for an hour.
    """
    seconds = max(0.0, (state.next_check_at or 0.0) - now)
    usual = config.check_interval_s
    if state.status == Status.INACTIVE:
        usual = max(usual, config.recovery_interval_s)
    elif state.circuit_state == Circuit.OPEN:
        usual = max(usual, config.open_max_s)
    longest = max(usual * (1 + JITTER), RETRY_AFTER_MAX_S if left_alone else 0.0)
    return seconds if seconds <= longest + CLOCK_STEP_S else 0.0
