"""From 10,000 to 1,000,000 events in the log."""

from __future__ import annotations

import json
import time
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from benchmarks.bench.processes import Failed, free_port, progress, running
from benchmarks.bench.sides import served
from benchmarks.bench.workload import EVENT_TYPE
from benchmarks.growth.dimension import Extent, Growth, Panel, points
from benchmarks.resume import EVERY, fill, in_first_page
from benchmarks.servers.installation import Installation, fresh_installation

COUNTS = (10_000, 100_000, 1_000_000)
TAKES = 5
POLLS = 200
PAGE = 50  # events
RARE_PAGE = 5  # events, through a filter that one in `resume.EVERY` matches
SEARCH_S = 30.0
WAIT_S = 60.0


class Row(NamedTuple):
    events: int
    disk: float  # MB
    broadcast: float  # ms
    broadcasting: float  # ms of CPU of that
    poll: float  # ms of CPU
    resume: float  # ms to the first event
    newest: float  # ms of a page of history
    oldest: float
    filtered: float


class History:
    def __init__(self, installation: Installation, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/api/v1/events/"
        self._headers = {"Authorization": f"Bearer {installation.token}"}

    def page(self, **parameters: object) -> dict[str, Any]:
        query = urlencode({"event_type": EVENT_TYPE, **parameters})
        try:
            with urlopen(Request(f"{self._url}?{query}", headers=self._headers), timeout=SEARCH_S) as answer:
                page: dict[str, Any] = json.load(answer)
        except OSError as error:
            raise Failed(f"history with {parameters} was answered with {error}") from error
        return page

    def timed(self, limit: int = PAGE, **parameters: object) -> float:
        """ms of a full page, the median of several; a first one warms up."""
        took = []
        for _ in range(1 + TAKES):
            began = time.perf_counter()
            page = self.page(limit=limit, **parameters)
            took.append((time.perf_counter() - began) * 1e3)
        if len(page["events"]) != limit:
            raise Failed(f"a page of history with {parameters} has {len(page['events'])} events, and not {limit}")
        return median(took[1:])


def measure(installation: Installation, count: int, seconds: float) -> Row:
    fill(installation, count)
    disk = installation.database.stat().st_size / 1e6
    port, environment = free_port(), installation.environment
    with (
        served(installation, "eventhub", port),
        running("the log's writer", "-m", "benchmarks.servers.log_writer", environment=environment) as writer,
        running("the polls", "-m", "benchmarks.growth.inside", environment=environment) as inside,
    ):
        resumed = median(in_first_page(installation.socket_url(port)) * 1e3 for _ in range(TAKES))
        history = History(installation, port)
        epoch = history.page(limit=1)["events"][0]["id"].partition("-")[0]
        newest = history.timed()
        oldest = history.timed(cursor=f"{epoch}-{PAGE + 1}")
        filtered = history.timed(RARE_PAGE, **{"filter.mcp_names": "some_mcp"})
        poll = inside.ask({"poll": POLLS}, WAIT_S)
        sent, elapsed, cpu = writer.ask({"batch": 1, "seconds": seconds}, WAIT_S)
    return Row(count, disk, elapsed / sent * 1e3, cpu / sent * 1e3, poll, resumed, newest, oldest, filtered)


def growth(extent: Extent) -> Growth:
    rows = []
    for count in extent.of(COUNTS):
        progress(f"{count:,} events in the log")
        with fresh_installation() as installation:
            rows.append(measure(installation, count, extent.seconds / 4))
    pages = {"newest": "newest", "oldest": "oldest", "through a filter": "filtered"}
    ours = {"a broadcast": "broadcasting", "a poll": "poll"}
    return Growth(
        title="Events in the log",
        what="events in the log",
        columns=[
            *("events", "MB on disk", "broadcast ms", "ms CPU", "poll ms CPU", "resume ms"),
            *("newest page ms", "oldest page ms", "filtered page ms"),
        ],
        rows=rows,
        notes=[
            "broadcast: one by one, each on disk. poll: what the dispatcher asks the database once a second.",
            "resume: from the command of a client that missed all until its first matching event, the hundredth.",
            "Of a log of 10,000 events the server has all in memory.",
            f"pages of history over HTTP: {PAGE} events; {RARE_PAGE} through a filter that one in {EVERY:,} matches.",
        ],
        panels=[
            Panel("MB on disk", {"": points(rows, "disk")}, log=True),
            Panel("ms CPU", {label: points(rows, figure) for label, figure in ours.items()}),
            Panel("ms to the first event on resume", {"": points(rows, "resume")}),
            Panel("ms for a page of history", {label: points(rows, figure) for label, figure in pages.items()}),
        ],
    )
