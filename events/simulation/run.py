"""Emitting a simulation's events at a steady rate, and an honest account of it."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice

from events import ingest
from events.broadcast import MAX_BATCH, Broadcast
from events.log.records import LogUnavailable
from events.simulation.cast import Told

STEP = 0.01  # seconds slept at least; at higher rates several events go together
MAX_ERRORS = 20  # distinct ones that are told of


@dataclass
class Account:
    """What was asked for, and what came of it."""

    rate: float
    duration: float
    elapsed: float = 0.0
    logged: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    unavailable: str = ""
    interrupted: bool = False

    @property
    def asked(self) -> int:
        return max(1, round(self.rate * self.duration))

    def add_error(self, text: str) -> None:
        self.errors[text if text in self.errors or len(self.errors) < MAX_ERRORS else "others"] += 1

    def lines(self) -> Iterator[str]:
        total = self.logged.total()
        achieved = total / self.elapsed if self.elapsed else 0.0
        yield f"asked     {self.rate:10,.1f} events/s for {self.duration:,.1f} s: {self.asked:,} events"
        yield f"achieved  {achieved:10,.1f} events/s for {self.elapsed:,.1f} s: {total:,} events"
        width = max(map(len, self.logged), default=0)
        for event_type, count in self.logged.most_common():
            yield f"  {event_type:<{width}}  {count:>9,}"
        yield f"errors    {self.errors.total():10,}"
        for text, count in self.errors.most_common():
            yield f"  {count:>9,} × {text}"
        if self.unavailable:
            yield f"stopped early: {self.unavailable}"
        elif self.interrupted:
            yield "stopped early by Ctrl-C"


def run_simulation(told: Iterator[Told], account: Account, source: str, progress: Callable[[Account], None]) -> None:
    """Emit until the time is over, Ctrl-C, or the log is gone; `account` is kept up to date all the while."""
    started = time.monotonic()
    try:
        for due in paced(account.rate, account.duration):
            events = [Broadcast(*each, source) for each in islice(told, due)]
            with undisturbed():
                emit_valid(events, account)
            account.elapsed = time.monotonic() - started
            progress(account)
    except KeyboardInterrupt:
        account.interrupted = True
    except LogUnavailable as error:
        account.unavailable = f"{error} ({error.__cause__})"
    account.elapsed = time.monotonic() - started


@contextmanager
def undisturbed() -> Iterator[None]:
    """Put Ctrl-C off to the end of the block: what was committed is also counted."""
    caught: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: caught.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if caught:
        raise KeyboardInterrupt


def emit_valid(events: list[Broadcast], account: Account) -> None:
    while events:
        receipts, refused = ingest.leading(ingest.emit, events)
        account.logged.update(receipt.type for receipt in receipts)
        if refused is None:
            return
        account.add_error(f"{events[len(receipts)].event_type}: {refused}")
        events = events[len(receipts) + 1 :]


def paced(
    rate: float,
    duration: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[int]:
    """Yield how many events are due, each time that some are, until all were due or the time is over. If the caller is
    too slow, the numbers grow, up to MAX_BATCH, and in the end there are fewer events than were asked for."""
    total = max(1, round(rate * duration))
    started, done = clock(), 0
    elapsed = 0.0
    while done < total and elapsed < duration:
        elapsed = clock() - started
        due = min(total, int(elapsed * rate) + 1, done + MAX_BATCH) - done
        if due:
            yield due
            done += due
        else:
            sleep(max(done / rate - elapsed, STEP))
    if (rest := started + duration - clock()) > 0:
        sleep(rest)
