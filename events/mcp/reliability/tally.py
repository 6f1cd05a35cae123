"""What is counted of one server in one hour: for how long it was up, its checks, their failures and latencies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import msgspec

from events.mcp.breaker import Feeds, Outcome
from events.mcp.reliability.latency import bucket_of
from events.mcp.reliability.windows import Window, spans

HOUR_S = 3600
MAX_CLASSES = 12  # kinds of failures; there are fewer
GRACE_S = 60.0  # by which a check may come later than it is due; afterwards nobody knows

Verdict = Literal["up", "down", "unknown"]
VERDICTS: dict[Feeds, Verdict] = {Feeds.SUCCESS: "up", Feeds.FAILURE: "down", Feeds.NO: "unknown"}


class Counts(msgspec.Struct, omit_defaults=True):
    """Of an hour, or several: seconds of each kind; the rest of the time, nobody knows how it was."""

    up: float = 0.0
    down: float = 0.0
    maintenance: float = 0.0
    checks: int = 0
    failures: dict[str, int] = {}
    latencies: dict[int, int] = {}

    def add(self, other: Counts) -> None:
        self.up += other.up
        self.down += other.down
        self.maintenance += other.maintenance
        self.checks += other.checks
        for name, count in other.failures.items():
            if name in self.failures or len(self.failures) < MAX_CLASSES:
                self.failures[name] = self.failures.get(name, 0) + count
        for bucket, count in other.latencies.items():
            self.latencies[bucket] = self.latencies.get(bucket, 0) + count


class Tally(msgspec.Struct, omit_defaults=True):
    """The hour that is under way. What the last check saw holds from `at` to the next one, at most to `until`."""

    hour: int = 0  # since 1970
    counts: Counts = msgspec.field(default_factory=Counts)
    at: float = 0.0
    until: float = 0.0
    verdict: Verdict = "unknown"


class Hour(NamedTuple):
    hour: int
    counts: Counts


def counted(
    tally: Tally, outcome: Outcome, at: float, due: float | None, windows: Sequence[Window]
) -> tuple[Tally, list[Hour]]:
    """Return the tally after a check at `at`, of which the next is due at `due`, and the hours that are over."""
    over: list[Hour] = []
    hour = int(at // HOUR_S)
    for start, end, kind in held(tally, at, windows):
        while start < end:  # a piece of each hour that it reaches into
            stop = min(end, (start // HOUR_S + 1) * HOUR_S)
            tally = in_hour(tally, int(start // HOUR_S), over)
            setattr(tally.counts, kind, getattr(tally.counts, kind) + stop - start)
            start = stop
    tally = in_hour(tally, hour, over)
    counts = tally.counts
    counts.checks += 1
    if outcome.feeds == Feeds.FAILURE:
        counts.add(Counts(failures={outcome.error_class: 1}))
    elif outcome.feeds == Feeds.SUCCESS and outcome.latency_ms is not None:
        counts.add(Counts(latencies={bucket_of(outcome.latency_ms): 1}))
    until = (at if due is None else max(due, at)) + GRACE_S
    return Tally(hour, counts, at, until, VERDICTS[outcome.feeds]), over


def in_hour(tally: Tally, hour: int, over: list[Hour]) -> Tally:
    """Return the tally of this hour; the one before is over. A clock that has been set back begins no earlier one."""
    if hour <= tally.hour:
        return tally
    if tally.hour:
        over.append(Hour(tally.hour, tally.counts))
    return Tally(hour, Counts(), tally.at, tally.until, tally.verdict)


def held(tally: Tally, at: float, windows: Sequence[Window]) -> Iterator[tuple[float, float, str]]:
    """Yield from when to when what the last check saw was so, up to this one; in order."""
    if not tally.at < at:
        return
    done, known = tally.at, min(tally.until, at)
    for start, end in [*spans(windows, tally.at, at), (at, at)]:
        if tally.verdict != "unknown" and done < min(start, known):
            yield done, min(start, known), tally.verdict
        if start < end:
            yield start, end, "maintenance"
        done = max(done, end)
