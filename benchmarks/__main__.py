"""`make bench`: every table, in under five minutes."""

from __future__ import annotations

from benchmarks import broadcast, fanout, match
from benchmarks.processes import bench
from benchmarks.tables import machine, say

if __name__ == "__main__":
    with bench():
        say(machine())
        for benchmark in (match, broadcast, fanout):
            benchmark.main()
