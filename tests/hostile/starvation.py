"""How long processes have been ready to run and had no core: time that the machine took, and nobody's fault."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path


class Starvation:
    def __init__(self, pids: Collection[int]) -> None:
        self._pids = pids
        self._moments: list[float] = []  # when it was looked at
        self._totals: list[float] = []  # seconds until then
        self.look()

    def look(self) -> float:
        """Note and return the seconds until now; 0 where the system does not tell."""
        total = sum(map(starved, self._pids))
        if self._totals:
            total = max(total, self._totals[-1])  # a thread that has ended takes its seconds along
        self._moments.append(time.monotonic())
        self._totals.append(total)
        return total

    def between(self, began: float, ended: float) -> float:
        """The seconds from the last look before `began` to the first after `ended`, both as time.monotonic() tells."""
        before = max(0, bisect_left(self._moments, began) - 1)
        after = min(len(self._moments) - 1, bisect_left(self._moments, ended))
        return self._totals[after] - self._totals[before]


def starved(pid: int) -> float:
    """The seconds that the threads of a process have been ready to run, and had no core."""
    seconds = 0.0
    for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with suppress(FileNotFoundError, ProcessLookupError):  # the thread has ended meanwhile
            seconds += int(path.read_text().split()[1]) / 1e9
    return seconds
