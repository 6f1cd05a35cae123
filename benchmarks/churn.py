"""A day in miniature: clients come, subscribe, change, and vanish at full speed; afterwards all must be as it was.

python -m benchmarks.churn [MINUTES]

Beside them some sockets stay, which must get every event once. It fails when the server holds more in the end than
before: connections, tasks, groups, filters in the matcher, file descriptors, objects, memory.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, fields

from benchmarks.bench.processes import Child, Failed, allow_open_files, bench, free_port, running
from benchmarks.bench.tables import machine, say, show
from benchmarks.servers.installation import Installation, fresh_installation
from benchmarks.servers.watched import Holds, asked

MINUTES = 10.0
ROUND_S = 30.0  # between two looks
WARM_UP_S = 10.0  # what only the first thousands make is there then
STAY = 20  # sockets
AT_ONCE = 50  # visitors
RATE = 20  # events a second
REST_S = 30.0  # until all that has ended is gone: a peer has 5 s to take its close frame
ANSWER_S = 60.0
THREADS = 4  # that commands may use, each with two open files of the database once it has been
MORE_OBJECTS = 1_000  # caches of fixed size
OBJECTS_OF_EVENT = 10
MORE_KIB = 5 * 1024  # what the allocator keeps
KIB_OF_EVENT = 3


def difference(before: Holds, after: Holds) -> list[str]:
    """What there is more of than there may be: the newest events are remembered, so many at most."""
    events = after.events - before.events
    allowed = {
        "events": events,
        "descriptors": 2 * THREADS,
        "objects": MORE_OBJECTS + OBJECTS_OF_EVENT * events,
        "resident_kib": MORE_KIB + KIB_OF_EVENT * events,
    }
    return [
        f"{field.name}: {was:,} before, {now:,} after"
        for field in fields(Holds)
        if (now := getattr(after, field.name)) > (was := getattr(before, field.name)) + allowed.get(field.name, 0)
    ]


def at_rest(url: str, before: Holds | None = None) -> Holds:
    """What it holds once the visitors are gone, and all is as before if it ever will be."""
    deadline = time.monotonic() + REST_S
    while True:
        now = asked(url)
        gone = now.connections == STAY and (before is None or not difference(before, now))
        if gone or time.monotonic() > deadline:
            return now
        time.sleep(0.5)


class Churn:
    def __init__(self, server: str, stay: Child, visitors: Child, broadcaster: Child) -> None:
        self._server = server
        self._stay = stay
        self._visitors = visitors
        self._broadcaster = broadcaster
        self._sent = 0

    def go_on(self, seconds: float) -> int:
        """How many came and went; those who stayed have got all events meanwhile."""
        events = round(RATE * seconds)
        self._stay.ask({"expect": events}, ANSWER_S)
        self._visitors.send({"visit": seconds})
        self._broadcaster.ask({"first": self._sent, "count": events, "rate": RATE, "burst": 1}, seconds + ANSWER_S)
        self._sent += events
        visits: int = self._visitors.answer(seconds + ANSWER_S)
        self._stay.ask({"wait": ANSWER_S}, 2 * ANSWER_S)
        return visits

    def rounds(self, minutes: float) -> Iterator[list[object]]:
        self.go_on(WARM_UP_S)
        before = at_rest(self._server)
        yield row("before", 0, 0.0, before)
        count, visits, began = max(1, round(minutes * 60 / ROUND_S)), 0, time.monotonic()
        for number in range(count):
            came = self.go_on(min(ROUND_S, minutes * 60))
            visits += came
            rate = visits / (time.monotonic() - began)
            if number % max(1, count // 5) == 0:
                yield row(f"at {time.monotonic() - began:.0f} s", visits, rate, asked(self._server))
        after = at_rest(self._server, before)
        yield row("after", visits, rate, after)
        if more := difference(before, after):
            raise Failed(f"after {visits:,} visits there is more than before: {'; '.join(more)}")


def row(when: str, visits: int, rate: float, held: Holds) -> list[object]:
    return [when, visits, rate, *asdict(held).values()]


def measure(installation: Installation, minutes: float) -> list[list[object]]:
    port, environment = free_port(), installation.environment
    url = installation.socket_url(port)
    serve = ["-m", "benchmarks.servers.watched", "serve", "--port", str(port)]
    load = ["-m", "benchmarks.clients.sockets", url, str(STAY)]
    visit = ["-m", "benchmarks.clients.visitors", url, str(AT_ONCE)]
    broadcast = ["-m", "benchmarks.servers.broadcaster", "eventhub"]
    with (
        running("the server", *serve, environment=environment, server=True),
        running("those who stay", *load, environment=environment) as stay,
        running("the visitors", *visit, environment=environment) as visitors,
        running("the broadcaster", *broadcast, environment=environment) as broadcaster,
    ):
        rows = []
        for each in Churn(f"http://127.0.0.1:{port}", stay, visitors, broadcaster).rounds(minutes):
            say(f"… {each[0]}: {each[1]:,} visits, {each[-1]:,} KiB")
            rows.append(each)
        return rows


def main(minutes: float = MINUTES) -> None:
    allow_open_files(4096)
    with fresh_installation() as installation:
        rows = measure(installation, minutes)
    columns = ["", "visits", "visits/s", *(field.name.replace("_", " ") for field in fields(Holds))]
    notes = [
        f"A visit is connect, subscribe, update, vanish; {AT_ONCE} at once, while {RATE} events a second come.",
        f"{STAY} sockets stayed; each got every event once, in order.",
    ]
    show("Churn: what the server holds", columns, rows, notes)


if __name__ == "__main__":
    with bench():
        say(machine())
        main(float(sys.argv[1]) if len(sys.argv) > 1 else MINUTES)
