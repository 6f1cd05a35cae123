"""What one outcome of a probe does to a server: its health, its circuit and its status. No I/O, no clock, no chance.

`step` is the whole machine; the admin's verbs stand beside it. Times are seconds since 1970. An open circuit becomes
half open in `step`, with the outcome of the probe that ran after `open_until`; until then no probe is due.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, NamedTuple

import msgspec
from msgspec.structs import replace

DAY_S = 86_400.0
RETRY_AFTER_MAX_S = 3_600.0  # a server may ask to be left alone for an hour, not for ever
DEEP_CHECK_EVERY = 5


class Health(StrEnum):
    UNKNOWN = "unknown"
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


class Circuit(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Status(StrEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"


class DisabledBy(StrEnum):
    NOBODY = ""
    ADMIN = "admin"
    AUTO = "auto"


class Feeds(StrEnum):
    """What the breaker is fed with: a success, a failure, or nothing, since the outcome tells neither."""

    SUCCESS = "success"
    FAILURE = "failure"
    NO = "no"


class Check(StrEnum):
    LIVENESS = "liveness"
    DEEP = "deep"
    MANUAL = "manual"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one probe saw: a success is healthy or degraded, a failure unhealthy, what feeds nothing degraded."""

    health: Health
    feeds: Feeds
    check: Check
    error_class: str = ""
    error: str = ""
    latency_ms: float | None = None
    protocol_version: str = ""
    protocol_era: str = ""
    server_info: str = ""
    tool_count: int | None = None
    auth_required: bool = False
    retry_after_s: float | None = None


class Config(msgspec.Struct, frozen=True, kw_only=True):
    check_interval_s: float = 30.0
    fall: int = 3
    rise: int = 2
    failure_threshold: int = 5
    open_base_s: float = 60.0
    open_max_s: float = 900.0
    half_open_successes: int = 2
    half_open_interval_s: float = 5.0
    max_failure_cycles: int = 3
    stable_s: float = 600.0
    auto_disable: bool = True
    min_down_s: float = 300.0
    auto_reenable: bool = True
    recovery_interval_s: float = 300.0
    recovery_successes: int = 3
    reenables_per_day: int = 2


class State(msgspec.Struct, frozen=True, kw_only=True):
    status: Status = Status.ACTIVE
    disabled_by: DisabledBy = DisabledBy.NOBODY
    health_status: Health = Health.UNKNOWN
    circuit_state: Circuit = Circuit.CLOSED
    consecutive_failures: int = 0
    consecutive_successes: int = 0
    trial_successes: int = 0  # since the circuit is half open
    failure_cycles: int = 0
    checks_since_deep: int | None = None  # None: there was no deep check yet
    open_until: float | None = None
    down_since: float | None = None  # the first failure since the last success
    stable_since: float | None = None  # the first success of a closed circuit since the last failure
    reenabled_at: tuple[float, ...] = ()  # by the monitor, within the last day
    next_check_at: float | None = None  # None: at once if active, never if an admin disabled it


class Transition(NamedTuple):
    axis: Literal["health", "circuit", "status"]
    old: str
    new: str
    reason: str


Transitions = tuple[Transition, ...]


def step(
    state: State, outcome: Outcome, now: float, config: Config, *, may_disable: bool, jitter: float = 0.0
) -> tuple[State, Transitions]:
    """Return the state after this outcome, and what changed: health, then circuit, then status.

    `may_disable` is the fleet guard's word. `jitter`, from -0.1 to 0.1, is the share by which open times and
    intervals are stretched. A server that an admin disabled stays as it is.
    """
    if state.disabled_by == DisabledBy.ADMIN:
        return state, ()
    new = _half_opened(state, now) if state.status == Status.ACTIVE else state
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


def next_check(
    state: State, config: Config, now: float, *, jitter: float = 0.0, retry_after_s: float | None = None
) -> float | None:
    """Return when the server is to be probed next; None for one that an admin disabled."""
    if state.disabled_by == DisabledBy.ADMIN:
        return None
    if state.status == Status.ACTIVE and state.circuit_state == Circuit.OPEN and state.open_until is not None:
        return max(now, state.open_until)
    if state.status == Status.INACTIVE:
        interval = config.recovery_interval_s
    elif state.circuit_state == Circuit.HALF_OPEN and state.trial_successes:
        interval = min(config.half_open_interval_s, config.check_interval_s)
    else:
        interval = config.check_interval_s
    asked = min(retry_after_s or 0.0, RETRY_AFTER_MAX_S)
    return now + max(interval * (1 + jitter), asked)


def deep_check_due(state: State) -> bool:
    """Whether the next probe has to look at the tools.

    The first one, every fifth, all while the circuit is not closed or the server is inactive; and, since a bridge whose
    child is dead goes on answering what is not deep, all after a failure until the server is well again.
    """
    return (
        state.checks_since_deep is None
        or state.checks_since_deep + 1 >= DEEP_CHECK_EVERY
        or state.circuit_state != Circuit.CLOSED
        or state.status == Status.INACTIVE
        or state.consecutive_failures > 0
        or state.health_status == Health.UNHEALTHY
    )


def enabled_by_admin(state: State, now: float) -> tuple[State, Transitions]:
    """Active again, with fresh counters; a circuit that was not closed has to pass its trial first."""
    if state.status == Status.ACTIVE:
        return state, ()
    circuit = Circuit.CLOSED if state.circuit_state == Circuit.CLOSED else Circuit.HALF_OPEN
    new = State(circuit_state=circuit, reenabled_at=state.reenabled_at, next_check_at=now)
    return new, _changed(state, new, "circuit", "Enabled by admin") + _changed(state, new, "status", "Enabled by admin")


def disabled_by_admin(state: State) -> tuple[State, Transitions]:
    """Inactive until an admin enables it; also one that the monitor had disabled, which is then left alone."""
    new = replace(state, status=Status.INACTIVE, disabled_by=DisabledBy.ADMIN, next_check_at=None)
    return new, _changed(state, new, "status", "Disabled by admin")


def circuit_reset(state: State, now: float) -> tuple[State, Transitions]:
    """Closed, without failures or cycles behind it, and probed at once; whether it is active does not change."""
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
    return new, _changed(state, new, "circuit", "Reset by admin")


def _half_opened(state: State, now: float) -> State:
    if state.circuit_state != Circuit.OPEN or (state.open_until is not None and now < state.open_until):
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
            down_since=now if state.down_since is None else state.down_since,
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
            stable_since = now if state.stable_since is None else state.stable_since
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
    return tuple(at for at in state.reenabled_at if now - at < DAY_S)


def _transitions(old: State, new: State, outcome: Outcome, *, through_half_open: bool) -> Transitions:
    why = outcome.error or ("Recovered" if outcome.feeds == Feeds.SUCCESS else "")
    passed: Transitions = ()
    if through_half_open:
        passed = (Transition("circuit", old.circuit_state, Circuit.HALF_OPEN, "Open time over"),)
        old = replace(old, circuit_state=Circuit.HALF_OPEN)
    disabled = "Auto-disabled" if new.status == Status.INACTIVE else "Recovered"
    return (
        *_changed(old, new, "health", why),
        *passed,
        *_changed(old, new, "circuit", why),
        *_changed(old, new, "status", disabled),
    )


def _changed(old: State, new: State, axis: Literal["health", "circuit", "status"], reason: str) -> Transitions:
    before, after = {
        "health": (old.health_status, new.health_status),
        "circuit": (old.circuit_state, new.circuit_state),
        "status": (old.status, new.status),
    }[axis]
    return () if before == after else (Transition(axis, before, after, reason),)
