"""The breaker as a promise: first the story of one server, then what holds for every story."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from events.mcp.breaker import (
    RETRY_AFTER_MAX_S,
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
    circuit_reset,
    deep_check_due,
    disabled_by_admin,
    enabled_by_admin,
    next_check,
    step,
)
from tests.cases import each_case
from tests.settings import examples

CONFIG = Config()
WELL = Outcome(health=Health.HEALTHY, feeds=Feeds.SUCCESS, check=Check.DEEP)
SLOW = replace(WELL, health=Health.DEGRADED)
FAILED = Outcome(
    health=Health.UNHEALTHY, feeds=Feeds.FAILURE, check=Check.DEEP, error_class="connect", error="Refused."
)
LIMITED = Outcome(health=Health.DEGRADED, feeds=Feeds.NO, check=Check.DEEP, error_class="rate_limited")


class Server:
    """A server's life: each outcome comes when its next check is due, or as many seconds later as is said."""

    def __init__(self, state: State | None = None, config: Config = CONFIG, *, may_disable: bool = True) -> None:
        self.state = state or State()
        self.config = config
        self.may_disable = may_disable
        self.now = 1_000_000.0
        self.transitions: list[Transition] = []

    def is_active(self) -> bool:
        return self.state.status == Status.ACTIVE

    def sees(self, *outcomes: Outcome, after: float | None = None, jitter: float = 0.0) -> list[str]:
        """Return the transitions as `axis old>new`."""
        seen: list[Transition] = []
        for outcome in outcomes:
            due = self.state.next_check_at or self.now
            self.now = due if after is None else self.now + after
            self.state, new = step(
                self.state, outcome, self.now, self.config, may_disable=self.may_disable, jitter=jitter
            )
            seen += new
        self.transitions += seen
        return [f"{each.axis} {each.old}>{each.new}" for each in seen]


def test_a_server_is_unhealthy_after_three_failures_and_back_after_two_successes() -> None:
    server = Server()
    assert server.sees(WELL) == ["health unknown>healthy"]
    assert server.sees(SLOW, WELL) == ["health healthy>degraded", "health degraded>healthy"]
    assert server.sees(FAILED, FAILED) == []
    assert server.sees(FAILED) == ["health healthy>unhealthy"]
    assert server.transitions[-1].reason == "Refused."
    assert server.sees(WELL) == []
    assert server.sees(WELL) == ["health unhealthy>healthy"]
    assert server.state.consecutive_failures == 0


def test_one_success_forgets_failures_that_were_not_enough() -> None:
    server = Server()
    assert server.sees(WELL, *[FAILED, FAILED, WELL] * 50) == ["health unknown>healthy"]


def test_a_circuit_opens_is_tried_and_opens_for_longer_each_time() -> None:
    server = Server(config=Config(auto_disable=False))
    server.sees(*[FAILED] * 4)
    assert server.sees(FAILED) == ["circuit closed>open"]
    open_for = []
    for _ in range(7):
        assert server.state.open_until == server.state.next_check_at is not None
        open_for.append(server.state.next_check_at - server.now)
        assert server.sees(FAILED) == ["circuit open>half_open", "circuit half_open>open"]
    assert open_for == [60, 120, 240, 480, 900, 900, 900]
    assert server.state.failure_cycles == 7


def test_a_circuit_closes_after_two_successes_and_forgets_its_cycles_when_it_stays_closed() -> None:
    server = Server(config=Config(auto_disable=False))
    server.sees(*[FAILED] * 7)
    assert server.sees(WELL) == ["circuit open>half_open"]
    assert server.state.next_check_at == server.now + 5
    assert server.sees(WELL) == ["health unhealthy>healthy", "circuit half_open>closed"]
    assert server.state.failure_cycles == 2
    server.sees(*[WELL] * 10)
    assert server.state.failure_cycles == 2
    server.sees(*[WELL] * 20)
    assert server.state.failure_cycles == 0


def test_a_short_recovery_does_not_erase_the_cycles() -> None:
    server = Server(config=Config(auto_disable=False))
    server.sees(*[FAILED] * 6, WELL, WELL, WELL)
    assert (server.state.circuit_state, server.state.failure_cycles) == ("closed", 1)
    server.sees(*[FAILED] * 5)
    assert server.state.open_until == server.now + 120


def test_while_a_circuit_is_open_a_manual_check_is_told_but_moves_no_circuit() -> None:
    server = Server()
    server.sees(*[FAILED] * 5)
    until = server.state.open_until
    assert server.sees(replace(WELL, check=Check.MANUAL), after=1) == []
    assert (server.state.circuit_state, server.state.open_until, server.state.next_check_at) == ("open", until, until)


def test_a_dead_server_is_disabled_in_the_documented_order_about_ten_minutes_after_its_first_failure() -> None:
    server = Server()
    server.sees(WELL)
    began = server.now
    while server.is_active():
        last = server.sees(FAILED)
    assert last == ["circuit open>half_open", "circuit half_open>open", "status active>inactive"]
    assert server.transitions[-1].reason == "Auto-disabled"
    assert (server.state.disabled_by, server.state.failure_cycles) == ("auto", 3)
    assert 500 < server.now - began < 620
    assert server.state.next_check_at == server.now + 300


def test_when_health_falls_last_it_still_comes_first() -> None:
    config = Config(fall=1, failure_threshold=1, max_failure_cycles=1, min_down_s=0, open_base_s=1)
    server = Server(State(circuit_state=Circuit.HALF_OPEN), config)
    assert server.sees(FAILED) == [
        "health unknown>unhealthy",
        "circuit half_open>open",
        "status active>inactive",
    ]


def test_what_was_disabled_for_failing_comes_back_after_three_successes_but_only_twice_a_day() -> None:
    config = Config(fall=1, failure_threshold=1, max_failure_cycles=1, min_down_s=0)
    server = Server(config=config)
    for _ in range(2):
        while server.is_active():
            server.sees(FAILED)
        server.sees(WELL, WELL)
        assert not server.is_active()
        assert server.sees(WELL) == ["circuit open>closed", "status inactive>active"]
        assert server.transitions[-1].reason == "Recovered"
        assert (server.state.disabled_by, server.state.failure_cycles) == ("", 0)
    while server.is_active():
        server.sees(FAILED)
    server.sees(*[WELL] * 10)
    assert not server.is_active()
    server.sees(WELL, after=86_400)
    assert server.is_active()


def test_one_failure_starts_a_recovery_anew() -> None:
    server = Server(State(status=Status.INACTIVE, disabled_by=DisabledBy.AUTO))
    server.sees(WELL, WELL, FAILED, WELL, WELL)
    assert not server.is_active()
    server.sees(WELL)
    assert server.is_active()


def test_nothing_is_disabled_while_the_guard_says_no_or_the_admin_did() -> None:
    guarded = Server(may_disable=False)
    guarded.sees(*[FAILED] * 30)
    assert guarded.state.status == Status.ACTIVE
    guarded.may_disable = True
    assert guarded.sees(FAILED)[-1] == "status active>inactive"
    spared = Server(config=Config(auto_disable=False))
    spared.sees(*[FAILED] * 30)
    assert spared.state.status == Status.ACTIVE


def test_nothing_is_disabled_before_it_was_down_for_five_minutes() -> None:
    server = Server(config=Config(open_base_s=1, open_max_s=1, check_interval_s=1))
    server.sees(*[FAILED] * 200)
    assert (server.state.status, server.state.failure_cycles > 100) == ("active", True)
    server.sees(*[FAILED] * 110)
    assert not server.is_active()


def test_what_tells_neither_success_nor_failure_moves_no_counter() -> None:
    server = Server()
    server.sees(*[FAILED] * 4)
    before = server.state
    assert server.sees(*[LIMITED] * 20) == []
    assert server.state.consecutive_failures == before.consecutive_failures == 4
    assert server.sees(FAILED) == ["circuit closed>open"]
    well = Server()
    assert well.sees(WELL, LIMITED, WELL) == [
        "health unknown>healthy",
        "health healthy>degraded",
        "health degraded>healthy",
    ]


@each_case(("asked", "waits"), [(None, 30), (7.0, 30), (120.0, 120), (1e12, RETRY_AFTER_MAX_S), (-5.0, 30)])
def test_a_server_that_asks_to_be_left_alone_is_for_an_hour_at_most(asked: float | None, waits: float) -> None:
    server = Server()
    server.sees(replace(LIMITED, retry_after_s=asked))
    assert server.state.next_check_at == server.now + waits


def test_the_tools_are_looked_at_first_every_fifth_time_and_whenever_something_is_wrong() -> None:
    server = Server()
    looked = []
    for _ in range(11):
        deep = deep_check_due(server.state)
        looked.append(deep)
        server.sees(replace(WELL, check=Check.DEEP if deep else Check.LIVENESS))
    assert looked == [True, *[False] * 4, True, *[False] * 4, True]
    server.sees(FAILED)
    assert deep_check_due(server.state)
    for _ in range(10):  # unhealthy, open, half open, inactive
        server.sees(FAILED)
        assert deep_check_due(server.state)
    assert not server.is_active()


def test_a_dead_child_behind_a_bridge_that_answers_opens_the_circuit() -> None:
    """Only deep checks see it, and what the bridge answers to the others must not reset the count."""
    server = Server()
    for _ in range(20):
        server.sees(FAILED if deep_check_due(server.state) else replace(WELL, check=Check.LIVENESS))
    assert server.state.circuit_state == Circuit.OPEN


def test_an_admin_enables_with_fresh_counters_and_a_trial() -> None:
    server = Server()
    server.sees(*[FAILED] * 30)
    new, transitions = enabled_by_admin(server.state, server.now)
    assert [(each.axis, each.new) for each in transitions] == [("circuit", "half_open"), ("status", "active")]
    assert (new.consecutive_failures, new.failure_cycles, new.health_status) == (0, 0, "unknown")
    assert next_check(new, CONFIG, server.now) is not None
    assert new.next_check_at == server.now
    assert enabled_by_admin(new, server.now) == (new, ())


def test_an_admin_disables_and_the_monitor_leaves_it_alone() -> None:
    new, transitions = disabled_by_admin(State())
    assert [(each.axis, each.old, each.new) for each in transitions] == [("status", "active", "inactive")]
    assert next_check(new, CONFIG, 0.0) is None
    auto = State(status=Status.INACTIVE, disabled_by=DisabledBy.AUTO, next_check_at=5.0)
    pinned, transitions = disabled_by_admin(auto)
    assert (pinned.disabled_by, pinned.next_check_at, transitions) == ("admin", None, ())


def test_an_admin_resets_a_circuit_and_status_stays_what_it_is() -> None:
    server = Server()
    server.sees(*[FAILED] * 5)
    new, transitions = circuit_reset(server.state, server.now)
    assert [(each.axis, each.old, each.new) for each in transitions] == [("circuit", "open", "closed")]
    assert (new.failure_cycles, new.consecutive_failures, new.next_check_at) == (0, 0, server.now)
    off, _ = disabled_by_admin(server.state)
    assert circuit_reset(off, server.now)[0].status == Status.INACTIVE
    assert circuit_reset(off, server.now)[0].next_check_at is None


# --- What holds for every story -------------------------------------------------------------------------------

CONFIGS = st.builds(
    Config,
    check_interval_s=st.floats(1, 100),
    fall=st.integers(1, 5),
    rise=st.integers(1, 5),
    failure_threshold=st.integers(1, 6),
    open_base_s=st.floats(1, 100),
    open_max_s=st.floats(100, 1_000),
    half_open_successes=st.integers(1, 4),
    max_failure_cycles=st.integers(1, 5),
    auto_disable=st.booleans(),
    min_down_s=st.floats(0, 500),
    auto_reenable=st.booleans(),
)
OUTCOMES = st.builds(
    lambda outcome, check, asked: replace(outcome, check=check, retry_after_s=asked),
    st.sampled_from([WELL, SLOW, FAILED, FAILED, FAILED, LIMITED]),
    st.sampled_from(Check),
    st.none() | st.floats(0, 1e9),
)
STEPS = st.tuples(OUTCOMES, st.none() | st.floats(0, 2_000), st.floats(-0.1, 0.1), st.booleans())
STORIES = st.lists(STEPS, max_size=80)


@given(config=CONFIGS, story=STORIES)
def test_every_step_keeps_what_the_design_promises(config: Config, story: list[Any]) -> None:
    server = Server(config=config)
    failed_cycles = 0
    for outcome, after, jitter, may_disable in story:
        server.may_disable = may_disable
        old = server.state
        seen = server.sees(outcome, after=after, jitter=jitter)
        new = server.state

        failed_cycles = failed_cycles + 1 if "circuit half_open>open" in seen else failed_cycles
        if "status active>inactive" in seen:  # never without the cycles, the time, the permission
            assert failed_cycles >= config.max_failure_cycles
            assert new.down_since is not None
            assert server.now - new.down_since >= config.min_down_s
            assert config.auto_disable
            assert may_disable
            assert outcome.feeds == Feeds.FAILURE
        if "status inactive>active" in seen:
            failed_cycles = 0
            assert len(new.reenabled_at) <= config.reenables_per_day
        if outcome.feeds == Feeds.SUCCESS:
            assert (new.consecutive_failures, new.down_since) == (0, None)
        if outcome.feeds == Feeds.NO:
            assert new.consecutive_failures == old.consecutive_failures
            assert new.failure_cycles == old.failure_cycles
        if new.open_until is not None:  # bounded, and only of an open circuit
            assert new.circuit_state == Circuit.OPEN
            assert new.open_until - server.now <= config.open_max_s * 1.1 + 1e-6
        assert (new.status == Status.ACTIVE) == (new.disabled_by == DisabledBy.NOBODY)
        assert new.next_check_at is not None
        longest = max(config.open_max_s, config.recovery_interval_s) * 1.1
        assert server.now <= new.next_check_at <= server.now + max(longest, RETRY_AFTER_MAX_S) + 1e-6


@given(config=CONFIGS, story=STORIES)
def test_what_is_told_is_what_changed(config: Config, story: list[Any]) -> None:
    """Transitions form a chain on each axis: nothing is told twice, nothing is left out, nothing stays as it was."""
    server = Server(config=config)
    for outcome, after, jitter, may_disable in story:
        server.may_disable = may_disable
        server.sees(outcome, after=after, jitter=jitter)
    for axis, first, last in (
        ("health", "unknown", server.state.health_status),
        ("circuit", "closed", server.state.circuit_state),
        ("status", "active", server.state.status),
    ):
        told = [each for each in server.transitions if each.axis == axis]
        states = [first, *(each.new for each in told)]
        assert [each.old for each in told] == states[:-1]
        assert states[-1] == last
        assert all(each.old != each.new for each in told)


@given(config=CONFIGS, story=STORIES, at=st.integers(0, 80))
def test_what_an_admin_disabled_never_changes(config: Config, story: list[Any], at: int) -> None:
    server = Server(config=config)
    for number, (outcome, after, jitter, _) in enumerate(story):
        if number == at:
            server.state, _ = disabled_by_admin(server.state)
        before = server.state
        seen = server.sees(outcome, after=after, jitter=jitter)
        if number >= at:
            assert (server.state, seen) == (before, [])


@given(config=CONFIGS, jitter=st.floats(-0.1, 0.1), story=STORIES)
def test_a_server_that_fails_for_ever_ends_inactive_and_comes_back_when_it_recovers(
    config: Config, jitter: float, story: list[Any]
) -> None:
    """Whatever was before; a day later, so that its recoveries of the day do not count any more."""
    server = Server(config=replace(config, auto_disable=True, auto_reenable=True))
    for outcome, after, _, may_disable in story:
        server.may_disable = may_disable
        server.sees(outcome, after=after)
    server.may_disable = True
    server.sees(FAILED, after=86_400)
    for _ in range(1_000):
        if not server.is_active():
            break
        server.sees(FAILED, jitter=jitter)
    server.sees(*[FAILED] * 5, jitter=jitter)
    assert (server.state.status, server.state.disabled_by, server.state.health_status) == (
        *("inactive", "auto", "unhealthy"),
    )
    server.sees(*[WELL] * max(config.rise, config.recovery_successes), jitter=jitter)
    assert (server.state.status, server.state.circuit_state) == ("active", "closed")
    assert server.state.health_status == Health.HEALTHY


@settings(max_examples=examples(50))
@given(config=CONFIGS, story=STORIES)
def test_a_server_that_is_well_for_long_enough_is_as_new(config: Config, story: list[Any]) -> None:
    server = Server(config=replace(config, auto_disable=False))
    for outcome, after, jitter, _ in story:
        server.sees(outcome, after=after, jitter=jitter)
    server.sees(WELL, after=10_000)
    for _ in range(50):
        server.sees(WELL, after=config.stable_s / 10)
    assert (server.state.health_status, server.state.circuit_state) == ("healthy", "closed")
    assert (server.state.failure_cycles, server.state.consecutive_failures) == (0, 0)


def test_a_clock_that_is_set_back_keeps_no_circuit_open_for_longer_than_it_may_be() -> None:
    server = Server(State(circuit_state=Circuit.OPEN, open_until=1_000_000.0 + 86_400, consecutive_failures=5))
    assert next_check(server.state, CONFIG, server.now) == server.now
    assert server.sees(WELL, after=0) == ["health unknown>healthy", "circuit open>half_open"]


def test_what_began_in_a_time_to_come_begins_now() -> None:
    later = 1_000_000.0 + 86_400
    server = Server(State(stable_since=later, failure_cycles=2))
    server.sees(WELL, after=0)
    assert server.state.stable_since == server.now
    failing = Server(State(down_since=later, consecutive_failures=1))
    failing.sees(FAILED, after=0)
    assert failing.state.down_since == failing.now


@each_case(
    ("before", "outcome", "reason"),
    [
        (Health.UNKNOWN, WELL, "First check"),
        (Health.HEALTHY, SLOW, "Slow"),
        (Health.DEGRADED, WELL, "Recovered"),
        (Health.DEGRADED, FAILED, "Refused."),
    ],
)
def test_a_change_of_health_says_why(before: Health, outcome: Outcome, reason: str) -> None:
    server = Server(State(health_status=before), Config(fall=1))
    server.sees(outcome)
    assert [each.reason for each in server.transitions] == [reason]
