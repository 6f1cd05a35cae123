"""`pytest -p tests.processes.cpu …` ends with the tests that took the most CPU, of their servers and browsers too."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import pytest

SHOWN = 25
TICKS = os.sysconf("SC_CLK_TCK")  # a second

taken: dict[str, float] = {}  # seconds, by test


class Process(NamedTuple):
    parent: int
    own: int  # ticks
    of_children: int  # ticks, of those that have ended and were waited for


class Processes:
    """This process and its descendants, and what those have taken that have ended."""

    def __init__(self) -> None:
        self.known: dict[int, Process] = {}
        self.unwaited = 0  # ticks that were seen, and that nobody waited for: those of a browser

    def seconds(self) -> float:
        """Return what all of them have taken."""
        now = descendants({os.getpid(), *self.known})
        ended: Counter[int] = Counter()  # ticks, by the nearest that still runs of those above
        for pid, process in self.known.items():
            if pid not in now:
                above = process.parent
                while above not in now and above in self.known:
                    above = self.known[above].parent
                ended[above] += process.own + process.of_children
        for pid, ticks in ended.items():
            told = now[pid].of_children - self.known[pid].of_children if pid in now and pid in self.known else 0
            self.unwaited += max(0, ticks - told)
        self.known = now
        return (self.unwaited + sum(process.own + process.of_children for process in now.values())) / TICKS


def descendants(ours: set[int]) -> dict[int, Process]:
    """Return those of these processes that still run, and what they have started."""
    found: dict[int, Process] = {}
    for path in (*Path("/proc").glob("[0-9]*/stat"), *(Path(f"/proc/{pid}/stat") for pid in ours)):
        with suppress(OSError):  # it has ended
            fields = path.read_text().rpartition(")")[2].split()
            user, system, *of_children = map(int, fields[11:15])
            found[int(path.parent.name)] = Process(int(fields[1]), user + system, sum(of_children))
    count = 0
    while len(ours) > count:
        count = len(ours)
        ours |= {pid for pid, process in found.items() if process.parent in ours}
    return {pid: found[pid] for pid in ours if pid in found}


processes = Processes()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    before = processes.seconds()
    yield
    taken[item.nodeid] = processes.seconds() - before


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section(f"seconds of CPU: {sum(taken.values()):.1f}")
    for name, number in sorted(taken.items(), key=itemgetter(1), reverse=True)[:SHOWN]:
        terminalreporter.write_line(f"{number:8.2f}  {name}")
