"""One outcome, one step. An open circuit becomes half open with the outcome of the probe that ran after `open_until`;
until then no probe is due."""

from __future__ import annotations

from msgspec.structs import replace

from events.mcp.breaker.pace import next_check, open_until
from events.mcp.breaker.state import (
    Check,
    Circuit,
    Config,
    DisabledBy,
    Feeds,
    Health,
    Outcome,
    State,
    Status,
    Transition,
    Transitions,
    changed,
)

DAY_S = 86_400.0


def step(
    state: State, outcome: Outcome, now: float, config: Config, *, may_disable: bool, jitter: float = 0.0
) -> tuple[State, Transitions]:
    """Return the state after this outcome, and what changed: health, then circuit, then status.

    `may_disable` is the fleet guard's word. `jitter`, from -0.1 to 0.1, is the share by which open times and
    intervals are stretched. A server that an admin disabled stays as it is.
    """
    if state.disabled_by == DisabledBy.ADMIN:
        return state, ()
    new = _half_opened(state, now, config) if state.status == Status.ACTIVE else state
    through_half_open = new.circuit_state != state.circuit_state
    new = _counted(new, outcome, now, config)
    if state.status == Status.ACTIVE:
        new = _circuit_moved(new, outcome, now, config, jitter)
        if _gives_up(new, outcome, now, config) and may_disable:
            new = replace(new, status=Status.INACTIVE, disabled_by=DisabledBy.AUTO, open_until=None)
    elif _recovers(new, outcome, now, config):
        new = _reenabled(new, now)
    new = replace(new, next_check_at=next_check(new, config, now, jitter=jitter, retry_after_s=outcome.retry_after_s))
    return new, _transitions(state, new, outcome, through_half_open=through_half_open)


def _half_opened(state: State, now: float, config: Config) -> State:
    if state.circuit_state != Circuit.OPEN or now < open_until(state, config, now):
        return state
    return replace(state, circuit_state=Circuit.HALF_OPEN, open_until=None, trial_successes=0)


def _counted(state: State, outcome: Outcome, now: float, config: Config) -> State:
    deep = outcome.check != Check.LIVENESS
    state = replace(state, checks_since_deep=0 if deep else (state.checks_since_deep or 0) + 1)
    if outcome.feeds == Feeds.FAILURE:
        failures = state.consecutive_failures + 1
        return replace(
            state,
            consecutive_failures=failures,
            consecutive_successes=0,
            health_status=Health.UNHEALTHY if failures >= config.fall else state.health_status,
            down_since=_begun(state.down_since, now),
            stable_since=None,
        )
    if outcome.feeds == Feeds.SUCCESS:
        successes = state.consecutive_successes + 1
        back = state.health_status != Health.UNHEALTHY or successes >= config.rise
        return replace(
            state,
            consecutive_failures=0,
            consecutive_successes=successes,
            health_status=outcome.health if back else Health.UNHEALTHY,
            down_since=None,
        )
    return state if state.health_status == Health.UNHEALTHY else replace(state, health_status=outcome.health)


def _circuit_moved(state: State, outcome: Outcome, now: float, config: Config, jitter: float) -> State:
    if state.circuit_state == Circuit.HALF_OPEN:
        if outcome.feeds == Feeds.FAILURE:
            return _opened(replace(state, failure_cycles=state.failure_cycles + 1), now, config, jitter)
        if outcome.feeds == Feeds.SUCCESS:
            trials = state.trial_successes + 1
            if trials >= config.half_open_successes:
                return replace(state, circuit_state=Circuit.CLOSED, trial_successes=0, stable_since=now)
            return replace(state, trial_successes=trials)
    if state.circuit_state == Circuit.CLOSED:
        if state.consecutive_failures >= config.failure_threshold and outcome.feeds == Feeds.FAILURE:
            return _opened(state, now, config, jitter)
        if outcome.feeds == Feeds.SUCCESS:
            stable_since = _begun(state.stable_since, now)
            cycles = 0 if now - stable_since >= config.stable_s else state.failure_cycles
            return replace(state, stable_since=stable_since, failure_cycles=cycles)
    return state


def _opened(state: State, now: float, config: Config, jitter: float) -> State:
    doublings = min(state.failure_cycles, 30)  # keeps the number finite; the bound is reached long before
    open_s = min(config.open_base_s * 2**doublings, config.open_max_s) * (1 + jitter)
    return replace(state, circuit_state=Circuit.OPEN, open_until=now + open_s, trial_successes=0)


def _gives_up(state: State, outcome: Outcome, now: float, config: Config) -> bool:
    return (
        config.auto_disable
        and outcome.feeds == Feeds.FAILURE
        and state.circuit_state == Circuit.OPEN
        and state.failure_cycles >= config.max_failure_cycles
        and state.down_since is not None
        and now - state.down_since >= config.min_down_s
    )


def _recovers(state: State, outcome: Outcome, now: float, config: Config) -> bool:
    return (
        config.auto_reenable
        and outcome.feeds == Feeds.SUCCESS
        and state.consecutive_successes >= config.recovery_successes
        and len(_today(state, now)) < config.reenables_per_day
    )


def _reenabled(state: State, now: float) -> State:
    return replace(
        state,
        status=Status.ACTIVE,
        disabled_by=DisabledBy.NOBODY,
        circuit_state=Circuit.CLOSED,
        open_until=None,
        trial_successes=0,
        failure_cycles=0,
        stable_since=now,
        reenabled_at=(*_today(state, now), now),
    )


def _today(state: State, now: float) -> tuple[float, ...]:
    """Return the times within the last day. A time to come is of a clock that has been set back: kept, it would count
    for longer."""
    return tuple(at for at in state.reenabled_at if 0 <= now - at < DAY_S)


def _begun(since: float | None, now: float) -> float:
    """Return when it began, at most now: a time to come is of a clock that has been set back."""
    return now if since is None else min(since, now)


def _transitions(old: State, new: State, outcome: Outcome, *, through_half_open: bool) -> Transitions:
    why = outcome.error or "Recovered"
    passed: Transitions = ()
    if through_half_open:
        passed = (Transition("circuit", old.circuit_state, Circuit.HALF_OPEN, "Open time over"),)
        old = replace(old, circuit_state=Circuit.HALF_OPEN)
    disabled = "Auto-disabled" if new.status == Status.INACTIVE else "Recovered"
    return (
        *changed(old, new, "health", outcome.error or _why_well(old, new)),
        *passed,
        *changed(old, new, "circuit", why),
        *changed(old, new, "status", disabled),
    )


def _why_well(old: State, new: State) -> str:
    if new.health_status == Health.DEGRADED:
        return "Slow"
    return "First check" if old.health_status == Health.UNKNOWN else "Recovered"
