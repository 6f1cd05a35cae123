"""`make bench`: every table, in about ten minutes."""

from __future__ import annotations

from benchmarks import broadcast, connections, fanout, latency, match, resume
from benchmarks.processes import bench
from benchmarks.tables import machine, say

if __name__ == "__main__":
    with bench():
        say(machine())
        for benchmark in (match, broadcast, resume, fanout, latency, connections):
            benchmark.main()
