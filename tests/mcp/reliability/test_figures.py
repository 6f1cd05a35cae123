"""Hours, days and figures equal what a count by brute force finds, over a quarter of a year."""

from __future__ import annotations

import math
import random
from collections import Counter
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from events.mcp.breaker import Feeds
from events.mcp.reliability import figures, tally
from events.mcp.reliability.figures import Recent, bars_of_days, bars_of_hours, latencies_of_hours, of_period
from events.mcp.reliability.latency import BOUNDS, GROWTH, bucket_in, middle, percentile
from events.mcp.reliability.tally import Counts, Hour, Tally, counted
from events.mcp.reliability.windows import Once, Weekly, Window, covers, spans
from tests.cases import each_case
from tests.mcp.outcomes import DOWN, WELL

BEGIN = datetime(2026, 2, 1, tzinfo=UTC).timestamp()
DAY = 86_400
STEP = 60  # seconds; all checks and windows of the simulation are at whole minutes
BERLIN = ZoneInfo("Europe/Berlin")


def test_a_quarter_counted_by_the_hour_equals_a_count_by_the_minute() -> None:
    chance = random.Random(7)
    windows: list[Window] = [
        Weekly(6, time(1, 30), timedelta(hours=2), BERLIN),
        Once(BEGIN + 5 * DAY, BEGIN + 5 * DAY + 7_200),
    ]
    state, recent, over_all = Tally(), Recent(), list[Hour]()
    minutes: dict[int, str] = {}
    latencies: list[tuple[float, float]] = []
    at, end = BEGIN, BEGIN + 92 * DAY
    while at < end:
        latency = chance.lognormvariate(3.5, 1.0)
        outcome = replace(
            chance.choices([WELL, DOWN, replace(DOWN, feeds=Feeds.NO)], [90, 8, 2])[0], latency_ms=latency
        )
        due = at + STEP * chance.choice([1, 5, 5, 15])
        state, over = counted(state, outcome, at, due, windows)
        recent.add(over)
        over_all += over
        if outcome.feeds == Feeds.SUCCESS:
            latencies.append((at, latency))
        following = due + (DAY * 2 // STEP * STEP if chance.random() < 0.0005 else 0)  # a monitor that was away
        known = min(following, due + tally.GRACE_S)
        verdict = tally.VERDICTS[outcome.feeds]
        for minute in range(int(at), int(following), STEP):
            minutes[minute] = verdict if minute < known else "unknown"
        at = following
    hour = state.hour
    for minute in minutes:
        if covers(windows, minute):
            minutes[minute] = "maintenance"
    for period, first in {
        "24h": (hour - 23) * 3600,
        "7d": (hour // 24 - 7) * DAY,
        "30d": (hour // 24 - 30) * DAY,
        "90d": (hour // 24 - 90) * DAY,
    }.items():
        found = of_period(recent, period, hour, state.counts)
        seconds = Counter[str]()
        for minute, how in minutes.items():
            if first <= minute < state.at:
                seconds[how] += STEP
        assert found.uptime == pytest.approx(seconds["up"] / (seconds["up"] + seconds["down"]))
        assert found.maintenance_s == pytest.approx(seconds["maintenance"])
        inside = sorted(latency for when, latency in latencies if when >= first)
        for share, figure in ((0.5, found.p50), (0.95, found.p95), (0.99, found.p99)):
            real = inside[round(share * len(inside)) - 1]
            assert figure is not None
            assert figure / GROWTH <= real <= figure * GROWTH
    for back, mark in enumerate(reversed(latencies_of_hours(recent, hour, state.counts))):
        begin = (hour - back) * 3600
        within = sorted(latency for when, latency in latencies if begin <= when < begin + 3600)
        bucket = bucket_in(mark)
        assert (bucket is None) == (not within)
        if bucket is not None:
            real = within[math.ceil(0.95 * len(within)) - 1]
            assert middle(bucket) / GROWTH <= real <= middle(bucket) * GROWTH
    assert len({hour for hour, _ in over_all}) == len(over_all)
    assert len(bars_of_days(recent, hour, state.counts)) == 90
    assert len(bars_of_hours(recent, hour, state.counts)) == 24


def test_what_nobody_knows_is_not_up() -> None:
    state, _ = counted(Tally(), WELL, BEGIN, BEGIN + 30, [])
    state, over = counted(state, WELL, BEGIN + DAY, BEGIN + DAY + 30, [])
    recent = Recent()
    recent.add(over)
    found = of_period(recent, "7d", state.hour, state.counts)
    assert found.uptime == 1.0
    assert found.known < 0.001
    assert bars_of_hours(recent, state.hour, state.counts).count("-") == 24
    assert of_period(Recent(), "24h", state.hour, Counts()).uptime is None


def test_a_clock_that_is_set_back_counts_nothing_twice() -> None:
    state, _ = counted(Tally(), WELL, BEGIN + 7_200, BEGIN + 7_230, [])
    state, over = counted(state, WELL, BEGIN, BEGIN + 30, [])
    assert (over, state.counts.checks) == ([], 2)
    assert state.counts.up == 0


@each_case(
    ("counts", "bar"),
    [
        (Counts(up=3600), "u"),
        (Counts(up=3500, down=100), "p"),
        (Counts(up=1800, down=1800), "x"),
        (Counts(maintenance=3600), "m"),
        (Counts(), "-"),
    ],
)
def test_a_bar_says_how_an_hour_was(counts: Counts, bar: str) -> None:
    assert figures.bar(counts) == bar


def test_buckets_reach_from_a_millisecond_to_over_two_minutes() -> None:
    assert (BOUNDS[0], len(BOUNDS) + 1) == (1.0, 24)
    assert BOUNDS[-1] > 100_000
    assert percentile({}, 0.5) is None


class TestWeekly:
    WINDOW = Weekly(6, time(2, 30), timedelta(hours=2), BERLIN)  # Sundays

    @pytest.mark.parametrize(
        ("day", "begins"),
        [
            (datetime(2026, 3, 22, tzinfo=UTC), "01:30"),  # winter
            (datetime(2026, 3, 29, tzinfo=UTC), "01:30"),  # 02:30 is leapt over: it is 03:30 of summer
            (datetime(2026, 4, 5, tzinfo=UTC), "00:30"),  # summer
            (datetime(2026, 10, 25, tzinfo=UTC), "00:30"),  # 02:30 comes twice
            (datetime(2026, 11, 1, tzinfo=UTC), "01:30"),
        ],
    )
    def test_it_begins_by_the_clock_of_its_owner_and_lasts_as_long(self, day: datetime, begins: str) -> None:
        ((start, end),) = spans([self.WINDOW], day.timestamp() - DAY, day.timestamp() + DAY)
        assert f"{datetime.fromtimestamp(start, UTC):%H:%M}" == begins
        assert end - start == 7_200

    def test_windows_that_meet_are_one(self) -> None:
        assert spans([Once(0, 10), Once(5, 20), Once(30, 40)], 2, 35) == [(2, 20), (30, 35)]
