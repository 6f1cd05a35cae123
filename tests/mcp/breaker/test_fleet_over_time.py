"""The fleet guard over hours: it does not flap, and no chance of a moment decides who is disabled."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mcp.breaker.simulated import Behaviour, SimulatedFleet, down_between, every_other, steadily_down, well
from tests.settings import examples

HOUR_S = 3_600.0


@pytest.fixture(scope="module")
def patched() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.mark.parametrize(
    ("down", "flapping", "size"),
    [(22, 3, 47), (23, 3, 47), (24, 3, 47), (2, 1, 5), (3, 1, 5), (2, 2, 5), (1, 1, 2), (2, 0, 2), (1, 1, 3)],
)
def test_a_fleet_that_is_steadily_half_down_flips_the_guard_at_most_once(
    down: int, flapping: int, size: int, patched: pytest.MonkeyPatch
) -> None:
    behaviours = [steadily_down] * down + [every_other] * flapping + [well] * (size - down - flapping)
    simulated = SimulatedFleet(behaviours, patched)
    simulated.run(HOUR_S)
    most = (down >= 3 and down * 2 > size) or down == size == 2
    assert [state for _, state in simulated.flips] == (["degraded"] if most else [])
    assert sorted(simulated.disabled) == ([] if most else list(range(down)))


@given(
    behaviours=st.lists(st.sampled_from([steadily_down, well, every_other]), min_size=2, max_size=12),
    seed=st.integers(0, 10_000),
)
@settings(max_examples=examples(15), deadline=None)
def test_whatever_a_steady_fleet_is_made_of_all_or_none_of_those_that_are_down_are_disabled(
    behaviours: list[Behaviour], seed: int, patched: pytest.MonkeyPatch
) -> None:
    simulated = SimulatedFleet(behaviours, patched, seed)
    simulated.run(HOUR_S / 3)
    down = [place for place, behaviour in enumerate(behaviours) if behaviour is steadily_down]
    assert len(simulated.flips) <= 1
    assert sorted(simulated.disabled) == ([] if simulated.flips else down)


@given(
    periods=st.lists(st.tuples(st.integers(1, 8), st.integers(1, 8)), min_size=5, max_size=12),
    seed=st.integers(0, 10_000),
)
@settings(max_examples=examples(15), deadline=None)
def test_servers_that_come_and_go_by_themselves_do_not_make_the_guard_flap(
    periods: list[tuple[int, int]], seed: int, patched: pytest.MonkeyPatch
) -> None:
    def behaviour(down: int, up: int) -> Behaviour:
        return lambda number, _: number % (down + up) >= down

    simulated = SimulatedFleet([behaviour(*period) for period in periods], patched, seed)
    simulated.run(HOUR_S)
    times = [at for at, _ in simulated.flips]
    assert all(after - before >= 60 for before, after in zip(times[::2], times[1::2], strict=False))


def test_an_outage_of_an_hour_is_told_once_and_disables_nobody(patched: pytest.MonkeyPatch) -> None:
    simulated = SimulatedFleet([down_between(600, 600 + HOUR_S)] * 47, patched)
    simulated.run(2 * HOUR_S)
    assert [state for _, state in simulated.flips] == ["degraded", "up"]
    assert simulated.disabled == {}


def test_a_server_that_stays_down_after_an_outage_has_its_full_time_before_it_is_disabled(
    patched: pytest.MonkeyPatch,
) -> None:
    simulated = SimulatedFleet([down_between(600, 9 * HOUR_S), *[down_between(600, 1_200)] * 9], patched)
    simulated.run(2 * HOUR_S)
    (_, began), (over, ended) = simulated.flips
    assert (began, ended) == ("degraded", "up")
    assert list(simulated.disabled) == [0]
    assert simulated.disabled[0] > over + 300 - 70  # it has been over for two intervals when it is said to be


@pytest.mark.parametrize("down", [22, 24])
def test_a_monitor_that_starts_again_after_hours_takes_up_the_guard_as_it_was(
    down: int, patched: pytest.MonkeyPatch
) -> None:
    simulated = SimulatedFleet([steadily_down] * down + [well] * (47 - down), patched)
    simulated.run(400)
    before = list(simulated.flips)
    for _ in range(3):
        simulated.restart(HOUR_S)
        simulated.run(simulated.next_at() + 300)
    assert simulated.flips == before
