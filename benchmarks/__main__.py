"""`make bench`: in about eleven minutes, all tables but those of commands that take long or need more than is here."""

from __future__ import annotations

from benchmarks import broadcast, connections, fanout, latency, match, resume, workers
from benchmarks.bench.processes import bench
from benchmarks.bench.tables import machine, say

if __name__ == "__main__":
    with bench():
        say(machine())
        for benchmark in (match, broadcast, resume, fanout, latency, connections, workers):
            benchmark.main()
