"""The counts of processes that come and go: as many files as there are processes at once, and no count that falls."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from events.measuring import snapshot
from events.measuring.measures import REPLAYS
from events.measuring.numbers import MAX_LABELS, OTHER
from events.measuring.snapshot import Place, add_counts, read_all
from tests.servers import ROOT

# Each worker counts once, writes, and is killed while it holds its place; two live at any time.
KILLED = """
import os, signal, sys
from pathlib import Path
from events.measuring.measures import REPLAYS
from events.measuring.snapshot import Place, read_all

folder = Path(sys.argv[1])
counted = 0

def worker():
    readable, writable = os.pipe()
    pid = os.fork()
    if not pid:
        place = Place(folder, "web")
        REPLAYS.add()
        place.write({"connections": {"": 1}})
        os.write(writable, b".")
        signal.pause()
    os.read(readable, 1)
    os.close(readable)
    os.close(writable)
    return pid

alive = [worker(), worker()]
for _ in range(100):
    victim = alive.pop(0)
    os.kill(victim, signal.SIGKILL)
    os.waitpid(victim, 0)
    of_all = read_all(folder)
    assert sum(len(each.gauges) for each in of_all) == 1, of_all
    alive.append(worker())
    of_all = read_all(folder)
    assert sum(len(each.gauges) for each in of_all) == 2, of_all
    now = sum(each.counters["eventhub_replays"][""] for each in of_all)
    assert now > counted, (now, counted)
    counted = now
for each in alive:
    os.kill(each, signal.SIGKILL)
print(counted, len(list(folder.iterdir())))
"""


def test_a_hundred_workers_are_killed_and_files_stay_few_counts_grow_and_gauges_are_true(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.split() == ["102", "4"]  # a file and a lock for each of the two


def test_a_process_that_hangs_has_no_gauges(tmp_path: Path) -> None:
    place = Place(tmp_path, "web")
    place.write({"connections": {"": 1}})
    assert read_all(tmp_path)[0].gauges == {"connections": {"": 1}}
    long_ago = time.time() - snapshot.STALE_S - 1
    os.utime(place.path, (long_ago, long_ago))
    assert read_all(tmp_path)[0].gauges == {}
    place.leave()


def test_a_file_of_no_use_begins_anew_and_the_log_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "web-0.json").write_bytes(b"{")
    place = Place(tmp_path, "web")
    place.write({})
    assert read_all(tmp_path)[0].counters["eventhub_replays"] == REPLAYS.counts
    assert "begin anew" in caplog.text
    place.leave()


def test_labels_of_many_predecessors_stay_bounded_too() -> None:
    before: dict[str, int] = {}
    for process in range(5):
        before = add_counts(before, {f"type_{process}_{number}": 1 for number in range(MAX_LABELS)})
    assert len(before) == MAX_LABELS + 1
    assert before[OTHER] == 4 * MAX_LABELS
