"""Slow, stalled and half-open clients among healthy ones: what these notice, when the server drops the others, what it
holds meanwhile, and that all come back to every event.

python -m benchmarks.troubled [HEALTHY [OF_EACH_KIND]]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from statistics import median

from benchmarks.bench.processes import Failed, allow_open_files, bench
from benchmarks.bench.sides import Take
from benchmarks.bench.tables import machine, say, show
from benchmarks.bench.trial import ALONE, RATE, RETURN, TROUBLED, Trial, prepared
from benchmarks.bench.workload import LARGE
from benchmarks.clients.resuming_client import KERNEL_TAKES
from benchmarks.clients.troubled_clients import KINDS, SLOW_RATE, TICK_S
from benchmarks.servers.installation import fresh_installation
from benchmarks.servers.watched import Holds

HEALTHY = 2_000
OF_EACH_KIND = 20
GOAL = 1.5

# What docs/protocol.md says of slow clients.
UNSENT = 1024 * 1024  # bytes, and more come
UNSENT_AT_MOST = 2 * 1024 * 1024
STALL_S = 10.0
PINGS_S = 20.0 + 20.0
CLOSE_S = 5.0  # to take the Close, before the connection is reset
POLLS_S = 2.0  # of which each second has one: the last that saw progress, and the one that is over the 10 s

# For those who come back: up to 16 MiB of payload, and the same decoded, as text and as frame.
EVENTS_KEPT = 72 * 1024 * 1024  # bytes

SENT = RATE.events * (2 * 207 + LARGE)  # bytes a second, to those that ask for everything
DUE_S = {
    "slow": (KERNEL_TAKES + UNSENT) / (SENT - SLOW_RATE) + CLOSE_S,
    "stalled": KERNEL_TAKES / SENT + STALL_S + POLLS_S + CLOSE_S,
    "half-open": PINGS_S,
}
WHY = {
    "slow": f"1 MiB unsent, and {CLOSE_S:g} s for the Close",
    "stalled": f"nothing sent for {STALL_S:g} s, and {CLOSE_S:g} s for the Close",
    "half-open": "20 s to the ping, 20 s for the answer",
}


def show_latency(trial: Trial, healthy: int) -> None:
    def listed(figures: list[float]) -> str:
        return " / ".join(f"{each:.1f}" for each in figures)

    def row(phase: str, takes: list[Take]) -> list[object]:
        p50, p99 = ([take.percentile(percent) for take in takes] for percent in (50, 99))
        deliveries = healthy * sum(len(take.latencies) for take in takes)
        return [phase, deliveries, listed([take.cpu for take in takes]), listed(p50), listed(p99)]

    def against(phase: str, of_takes: Callable[[list[float]], float]) -> str:
        """How many times p50 and p99 are those of the healthy alone."""
        p50, p99 = (
            of_takes([take.percentile(percent) for take in trial.takes[phase]])
            / of_takes([take.percentile(percent) for take in trial.takes[ALONE]])
            for percent in (50, 99)
        )
        return f"p50 {p50:.2f} ×, p99 {p99:.2f} ×"

    columns = ["", "deliveries", "µs CPU/delivery, takes", "p50 ms, takes", "p99 ms, takes"]
    notes = [
        f"Beside the troubled against alone, best takes: {against(TROUBLED, min)}; the goal of p99 is {GOAL:g}.",
        f"Median takes: {against(TROUBLED, median)}; while the troubled resume: {against(RETURN, median)}.",
        f"All the time {RATE} events/s of 207 bytes for all, and as many of {LARGE:,} more for the slow and stalled.",
        "CPU is all that the server spends, by deliveries to the healthy.",
        "Each of these deliveries was checked: none missing, none twice, none out of order.",
        "Latency is until the last of the healthy has the last byte.",
    ]
    show(f"What {healthy:,} healthy clients notice", columns, [row(*each) for each in trial.takes.items()], notes)


def show_the_dropped(trial: Trial, each: int) -> None:
    columns = ["", "dropped", "gone after s, median", "max", "at the latest", "documented", "had in the end"]
    rows = [
        [kind, len(gone), median(gone), max(gone), f"{DUE_S[kind]:.0f}", WHY[kind], f"{trial.had[kind]:,} events"]
        for kind, gone in ((kind, trial.gone[kind]) for kind in KINDS)
    ]
    notes = [
        f"{each} of a kind at once. The slow read {SLOW_RATE:,} bytes a second of {SENT:,.0f}, the others nothing.",
        f"Seen at the socket, to {TICK_S:g} s. “At the latest” allows the kernel {KERNEL_TAKES // 1024} KiB for each.",
        "All came back, resumed from the newest position that they had read, and had each event once, in order.",
        f"The last of a wave had what it missed in {median(trial.resumed):.1f} s, {max(trial.resumed):.1f} at most.",
    ]
    show("When the server drops the troubled ones", columns, rows, notes)


def show_memory(trial: Trial, each: int) -> None:
    """Raises Failed when it is not bounded as it should be."""

    def held(when: str, holds: Holds) -> list[object]:
        return [when, holds.connections, holds.tasks, holds.events, holds.resident_kib / 1024]

    rows = [held("before", trial.before)]
    for peak, after in trial.cycles:
        rows += [["at most, beside troubled ones", "–", "–", "–", peak / 1024], held("when these have gone", after)]
    more = max(peak for peak, _ in trial.cycles) - trial.before.resident_kib
    clients = len(KINDS) * each
    bound = (clients * UNSENT_AT_MOST + EVENTS_KEPT) // 1024
    notes = [
        f"At most {more // 1024} MiB more; {bound // 1024} may be: 2 MiB unsent for each of {clients}, and old events.",
        "What is unsent to several who ask for the same is in memory once.",
    ]
    show("What the server holds", ["", "connections", "tasks", "events kept", "MiB RSS"], rows, notes)
    if more > bound:
        raise Failed(f"the server had {more:,} KiB more, and at most {bound:,} are allowed")


def main(healthy: int = HEALTHY, each: int = OF_EACH_KIND) -> None:
    allow_open_files(4 * (healthy + len(KINDS) * each))
    with fresh_installation() as installation, prepared(installation, healthy, each) as trial:
        trial.run()
    show_latency(trial, healthy)
    show_the_dropped(trial, each)
    show_memory(trial, each)


if __name__ == "__main__":
    with bench():
        say(machine())
        main(*map(int, sys.argv[1:3]))
