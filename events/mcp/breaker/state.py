"""What the breaker reads and returns. Times are seconds since 1970."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, NamedTuple

import msgspec


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
    offers_events: bool | None = None  # None: it did not come to say so
    tools_fingerprint: str = ""  # empty: not looked at, or not to their end
    tools: bytes = b""  # canonical JSON
    auth_required: bool = False
    certificate_ends: float | None = None
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


Axis = Literal["health", "circuit", "status"]


class Transition(NamedTuple):
    axis: Axis
    old: str
    new: str
    reason: str


Transitions = tuple[Transition, ...]


def changed(old: State, new: State, axis: Axis, reason: str) -> Transitions:
    """Return the transition of this axis, if it is one."""
    before, after = {
        "health": (old.health_status, new.health_status),
        "circuit": (old.circuit_state, new.circuit_state),
        "status": (old.status, new.status),
    }[axis]
    return () if before == after else (Transition(axis, before, after, reason),)
