"""The progress of a simulation: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from events.simulation.run import Account

INTERVAL = 5.0  # seconds between two lines


@contextmanager
def shown_on(stream: TextIO, account: Account) -> Iterator[Callable[[Account], None]]:
    if not stream.isatty() or "NO_COLOR" in os.environ:
        yield Lines(stream)
        return
    columns = (BarColumn(), TextColumn("{task.completed:,.0f} of {task.total:,.0f} events"), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=stream), transient=True) as progress:
        task = progress.add_task("", total=account.asked)
        yield lambda account: progress.update(task, completed=account.logged.total())


class Lines:
    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.due = 0.0

    def __call__(self, account: Account) -> None:
        if account.elapsed >= self.due:
            self.due = account.elapsed + INTERVAL
            done = f"{account.logged.total():,} of {account.asked:,} events"
            with suppress(OSError):  # nobody reads it any more
                print(f"{done} after {account.elapsed:.0f} s", file=self.stream, flush=True)
