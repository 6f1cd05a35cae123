"""Hours and days of a server, and the figures that people read: uptime, percentiles of latency, bars."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from events.mcp.reliability.latency import mark, percentile
from events.mcp.reliability.tally import HOUR_S, Counts, Hour

HOURS_KEPT = 24
DAYS_KEPT = 91  # ninety, and the one that is under way
DAY_HOURS = 24
PERIODS = {"24h": 1, "7d": 7, "30d": 30, "90d": 90}  # days

# What a bar says of its hour or day.
UP, MOSTLY, DOWN, MAINTENANCE, UNKNOWN = "upxm-"
MOSTLY_FROM, UP_FROM = 0.95, 0.999
NONE = Counts()


class Recent(msgspec.Struct, omit_defaults=True, array_like=True):
    """The newest hours, and the days, by their number since 1970; a day has those of its hours that are over."""

    hours: dict[int, Counts] = {}
    days: dict[int, Counts] = {}

    def add(self, over: Iterable[Hour]) -> None:
        for hour, counts in over:
            self.hours[hour] = counts
            self.days.setdefault(hour // DAY_HOURS, Counts()).add(counts)
        newest = max(self.hours, default=0)
        self.hours = {each: of for each, of in self.hours.items() if each > newest - HOURS_KEPT}
        self.days = {each: of for each, of in self.days.items() if each > newest // DAY_HOURS - DAYS_KEPT}


class Figures(NamedTuple):
    """`uptime` is the share of the time of which it is known how the server was, without maintenance; `known` the share
    of all time. None: nothing is known."""

    uptime: float | None
    known: float
    maintenance_s: float
    checks: int
    failures: dict[str, int]
    p50: float | None
    p95: float | None
    p99: float | None


def figures(parts: Iterable[Counts], seconds: float) -> Figures:
    total = Counts()
    for part in parts:
        total.add(part)
    known, asked = total.up + total.down, seconds - total.maintenance
    return Figures(
        total.up / known if known else None,
        min(1.0, known / asked) if asked > 0 else 0.0,
        total.maintenance,
        total.checks,
        dict(sorted(total.failures.items(), key=lambda each: -each[1])),
        *(percentile(total.latencies, share) for share in (0.5, 0.95, 0.99)),
    )


def of_period(recent: Recent, period: str, hour: int, now: Counts) -> Figures:
    """Return the figures of a period that ends with this hour, which is under way as `now`. 24 hours are that hour and
    the 23 before; a number of days are so many days before today, and today, each in UTC."""
    if period == "24h":
        parts = [counts for each, counts in recent.hours.items() if hour - HOURS_KEPT < each < hour]
        return figures([*parts, now], HOURS_KEPT * HOUR_S)
    today, count = hour // DAY_HOURS, PERIODS[period]
    parts = [counts for each, counts in recent.days.items() if today - count <= each <= today]
    seconds = count * DAY_HOURS * HOUR_S + (hour % DAY_HOURS + 1) * HOUR_S
    return figures([*parts, now], seconds)


def bar(counts: Counts | None) -> str:
    if counts is None or not (known := counts.up + counts.down):
        return MAINTENANCE if counts and counts.maintenance else UNKNOWN
    share = counts.up / known
    return UP if share >= UP_FROM else MOSTLY if share >= MOSTLY_FROM else DOWN


def bars_of_hours(recent: Recent, hour: int, now: Counts) -> str:
    """Return a character for each of 24 hours, the one under way last."""
    return "".join(bar(recent.hours.get(each)) for each in range(hour - HOURS_KEPT + 1, hour)) + bar(now)


def latencies_of_hours(recent: Recent, hour: int, now: Counts) -> str:
    """Return a character for what the latency of each of 24 hours did not exceed in 95 of a hundred checks."""
    hours = (recent.hours.get(each, NONE) for each in range(hour - HOURS_KEPT + 1, hour))
    return "".join(latency_mark(counts) for counts in (*hours, now))


def latency_mark(counts: Counts) -> str:
    return mark(counts.latencies, 0.95)


def bars_of_days(recent: Recent, hour: int, now: Counts) -> str:
    """Return a character for each of 90 days, today last."""
    today = Counts()
    for part in (recent.days.get(hour // DAY_HOURS), now):
        today.add(part or Counts())
    days = range(hour // DAY_HOURS - PERIODS["90d"] + 1, hour // DAY_HOURS)
    return "".join(bar(recent.days.get(each)) for each in days) + bar(today)


def in_words(bars: Sequence[str], unit: str) -> str:
    """Return what bars show, for those who do not see them."""
    labels = {UP: "up", MOSTLY: "mostly up", DOWN: "down at times", MAINTENANCE: "maintenance", UNKNOWN: "unknown"}
    counted = [(bars.count(mark), label) for mark, label in labels.items()]
    return f"last {len(bars)} {unit}: " + ", ".join(f"{count} {label}" for count, label in counted if count)
