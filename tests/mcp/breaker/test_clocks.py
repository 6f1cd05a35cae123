"""The breaker while the clock of its machine is set: nothing hangs, nothing storms."""

from __future__ import annotations

from events.mcp import breaker
from events.mcp.breaker import Circuit, Config, State, Status
from tests.cases import each_case
from tests.mcp.outcomes import DOWN, NOW, WELL

CONFIG = Config()
END_S = 20_000.0
STEPS_S = (-86_400.0, -3_600.0, -30.0, 3_600.0, 86_400.0)


@each_case("step", STEPS_S)
@each_case("at", [10.0, 200.0, 400.0, 900.0, 2_500.0, 6_000.0])
@each_case("recovers", [5_000.0, 6_100.0])
def test_a_server_comes_back_in_time_whenever_the_clock_is_set(step: float, at: float, recovers: float) -> None:
    checks: list[float] = []
    state, passed, last_down = State(), 0.0, 0.0
    while passed < END_S:
        wall = NOW + passed + (step if passed >= at else 0.0)
        checks.append(passed)
        outcome = WELL if passed >= recovers else DOWN
        state, _ = breaker.step(state, outcome, wall, CONFIG, may_disable=True, jitter=0.05)
        if (state.circuit_state, state.status) != (Circuit.CLOSED, Status.ACTIVE):
            last_down = passed
        # The clock may be set between the check and the look at what it has set.
        wait = breaker.wait(state, CONFIG, NOW + passed + (step if passed >= at - 1 else 0.0), left_alone=False)
        passed += max(wait, 0.1)
    assert (state.circuit_state, state.status) == (Circuit.CLOSED, Status.ACTIVE)
    # At most the longest open time, then what it takes an auto-disabled server to be enabled.
    assert last_down - recovers < 1.1 * (CONFIG.open_max_s + 4 * CONFIG.recovery_interval_s)
    assert max(sum(begin <= check < begin + 60 for check in checks) for begin in checks) <= 16


@each_case("step", STEPS_S)
def test_a_circuit_that_is_open_for_longer_than_any_is_tried_at_once(step: float) -> None:
    open_until = NOW + 900
    state = State(circuit_state=Circuit.OPEN, open_until=open_until, next_check_at=open_until, consecutive_failures=5)
    wait = breaker.wait(state, CONFIG, NOW + step, left_alone=False)
    assert wait == (930.0 if step == -30.0 else 0.0)
    tried, _ = breaker.step(state, WELL, NOW + step + wait, CONFIG, may_disable=True)
    assert tried.circuit_state == Circuit.HALF_OPEN


@each_case("step", STEPS_S)
def test_what_was_enabled_today_counts_for_a_day_at_most_whatever_the_clock_does(step: float) -> None:
    state = State(status=Status.INACTIVE, disabled_by=breaker.DisabledBy.AUTO, reenabled_at=(NOW, NOW))
    passed = 0.0
    while state.status == Status.INACTIVE:
        assert passed < 2 * 86_400, "it never comes back"
        state, _ = breaker.step(state, WELL, NOW + step + passed, CONFIG, may_disable=True)
        passed += breaker.wait(state, CONFIG, NOW + step + passed, left_alone=False)
    assert passed <= 2 * 86_400 + 3_600
