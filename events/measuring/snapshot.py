"""What each process of a folder has counted, in a file for each *place* that a process can have.

A process takes the first place of its role that is free, and the kernel frees it however the process ends. Its
successor goes on from the counts that it finds there. So there are as many files as there were processes at once, and
no count ever falls. Gauges count only while their process lives.
"""

from __future__ import annotations

import fcntl
import logging
import os
import socket
import threading
import time
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import IO

import msgspec

from events.measuring.measures import COUNTERS, HISTOGRAMS
from events.measuring.numbers import MAX_LABELS, OTHER

logger = logging.getLogger(__name__)

EVERY_S = 1.0  # between two writes of a process
STALE_S = 10.0  # without a write: its process is gone, or hangs
FOLDER = "metrics"  # in EVENTHUB_VAR_DIR

Gauges = Mapping[str, Mapping[str, float]]  # name → label → value


class Counted(msgspec.Struct):
    """The buckets of a histogram and its sum."""

    buckets: list[int]
    sum: float


class Snapshot(msgspec.Struct):
    host: str = ""
    pid: int = 0
    cpu_s: float = 0.0
    counters: dict[str, dict[str, int]] = {}
    histograms: dict[str, Counted] = {}
    gauges: Gauges = {}

    def lives(self, written_at: float) -> bool:
        """Say whether the process that wrote this at that time still runs, as far as one can tell."""
        if time.time() - written_at > STALE_S:
            return False
        if self.host != socket.gethostname():
            return True
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        return True


class Place:
    """The place of this process: `write` keeps its counts there, added to those of its predecessors."""

    def __init__(self, folder: Path, role: str) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = take_place(folder, role)
        self.path = Path(self._lock.name).with_suffix(".json")
        self._before = read(self.path) or Snapshot()
        self._writing = threading.Lock()

    def snapshot(self, gauges: Gauges) -> Snapshot:
        """Return all that was counted at this place."""
        before = self._before
        snapshot = Snapshot(socket.gethostname(), os.getpid(), before.cpu_s + time.process_time(), {}, {}, gauges)
        for name, counter in COUNTERS.items():
            snapshot.counters[name] = add_counts(before.counters.get(name, {}), dict(counter.counts))
        for name, histogram in HISTOGRAMS.items():
            counted = Counted(list(histogram.buckets), histogram.sum)
            snapshot.histograms[name] = add_counted(before.histograms.get(name), counted)
        return snapshot

    def write(self, gauges: Gauges) -> None:
        """Write the file as a whole. It is readable at any moment."""
        new = self.path.with_suffix(".new")
        with self._writing:
            new.write_bytes(msgspec.json.encode(self.snapshot(gauges)))
            new.replace(self.path)

    def leave(self) -> None:
        """Free the place. The counts stay."""
        self._lock.close()


def take_place(folder: Path, role: str) -> IO[str]:
    """Lock the first place that nobody has. The kernel unlocks it when this process ends."""
    for number in count():
        file = (folder / f"{role}-{number}.lock").open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
        else:
            return file
    raise AssertionError("unreachable")


def read(path: Path) -> Snapshot | None:
    """Return what a file has; None if it is not there or is of no use."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Snapshot)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        logger.warning("The counts in %s cannot be read, and begin anew: %s", path, error)
        return None


def read_all(folder: Path) -> list[Snapshot]:
    """Return what all processes of this folder have counted. Those that are gone have no gauges."""
    found = []
    for path in sorted(folder.glob("*.json")):
        snapshot = read(path)
        if snapshot is not None:
            if not snapshot.lives(path.stat().st_mtime):
                snapshot.gauges = {}
            found.append(snapshot)
    return found


def add_counts(before: Mapping[str, int], now: Mapping[str, int]) -> dict[str, int]:
    """Add two counters. Labels that are new go to OTHER where there are too many."""
    counts = dict(before)
    for label, number in now.items():
        known = label in counts or len(counts) < MAX_LABELS
        counts[label if known else OTHER] = counts.get(label if known else OTHER, 0) + number
    return counts


def add_counted(some: Counted | None, other: Counted) -> Counted:
    """Add two histograms; one with other buckets, of another release, counts for nothing."""
    if some is None or len(some.buckets) != len(other.buckets):
        return other
    return Counted([one + two for one, two in zip(some.buckets, other.buckets, strict=True)], some.sum + other.sum)
