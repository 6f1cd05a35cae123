"""CPU of the web process for each event on a stream to an agent, beside the same event on a WebSocket."""

from __future__ import annotations

from benchmarks.bench.processes import allow_open_files
from benchmarks.bench.sides import COLUMNS, Rate, Side, idle_note, serving
from benchmarks.bench.tables import show
from benchmarks.servers.installation import fresh_installation

COUNTS = (200, 1000)  # streams, and as many sockets
RATES = (Rate(100), Rate(100, 10))
TAKES = 3
GOAL = 1.5  # times what a WebSocket needs


def main() -> None:
    allow_open_files(4 * max(COUNTS))
    rows, notes = [], []
    with fresh_installation() as installation, fresh_installation() as of_agents:  # each with a log of its own
        for count in COUNTS:
            with serving(installation, "eventhub", count) as sockets, serving(of_agents, "agents", count) as agents:
                sides = (sockets, agents)
                for side in sides:
                    side.warm_up()
                notes.append(idle_note(*sides))
                for _ in range(TAKES):
                    for rate in RATES:
                        for side in sides:
                            side.measure(rate)
                for side in sides:
                    side.check_nothing_more_came()
            rows += [side.row(rate) for rate in RATES for side in sides]
            notes.append(compared(count, sockets, agents))
    title = "Streams to agents: CPU of the web process, latency to the last byte at the last of them"
    show(title, COLUMNS, rows, [*notes, "The filters are the same on both sides, and no two of one side are alike."])


def compared(count: int, sockets: Side, agents: Side) -> str:
    one, joined = (agents.cpu(rate) / sockets.cpu(rate) for rate in RATES)
    return (
        f"{count:,} streams to agents, best takes: {one:.2f} × the WebSockets (goal {GOAL:g}), "
        f"in bursts {joined:.2f} ×."
    )
