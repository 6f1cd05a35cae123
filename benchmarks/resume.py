"""How fast a client is brought up to date from a log of a million events, through a filter that few of them match.

The log is written straight into SQLite, in about ten seconds. Of it the server has the newest 10,000 events in memory,
as always when it begins.
"""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from statistics import median
from typing import Any, NamedTuple

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from benchmarks.bench.processes import Failed, bench, free_port, running
from benchmarks.bench.tables import machine, say, show
from benchmarks.bench.workload import EVENT_TYPE, event_data
from benchmarks.servers.installation import Installation, fresh_installation

ROWS = 1_000_000
MISSED = 10_000  # no more than the server keeps in memory
MISSED_LONG = 150_000  # one replay's, nearly all of which must be read from the log
EVERY = 1_000  # of what was missed, one in so many matches
EARLY = 100  # position of an event in the first page that is read
RARE = 700_000  # of the only one of its kind
TAKES = 5
WAIT_S = 60.0

FILL = f"""
WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ?)
INSERT INTO events_event (position, type_id, severity, timestamp, source, data)
SELECT n, ?, 'error', '2026-01-31 12:00:00', '', replace(replace(?, '"n":0', '"n":' || n), 'oracle_mcp', CASE
    WHEN n = {EARLY} THEN 'early_mcp'
    WHEN n = {RARE} THEN 'rare_mcp'
    WHEN n % {EVERY} = 0 THEN 'some_mcp'
    ELSE 'oracle_mcp' END)
FROM number
"""  # noqa: S608  numbers of our own


class Take(NamedTuple):
    first: float  # seconds to the first event
    whole: float  # seconds until nothing is left
    events: int


def fill(installation: Installation, rows: int = ROWS) -> float:
    """Make it the log; seconds that it took."""
    began = time.monotonic()
    data = json.dumps(event_data(0), separators=(",", ":"))
    with closing(sqlite3.connect(installation.database)) as database:
        with database:
            database.execute("DELETE FROM events_event")  # setting up has told of itself
            database.execute(FILL, [rows, EVENT_TYPE, data])
            database.execute("UPDATE events_loghead SET position = ?", [rows])
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return time.monotonic() - began


def ask(socket: ClientConnection, action: str, **members: object) -> dict[str, Any]:
    socket.send(json.dumps({"action": action, **members}))
    return receive(socket)


def receive(socket: ClientConnection) -> dict[str, Any]:
    try:
        message: dict[str, Any] = json.loads(socket.recv(WAIT_S))
    except (TimeoutError, ConnectionClosed) as error:
        raise Failed(f"no message came: {error or type(error).__name__}") from error
    if message["type"] == "error":
        raise Failed(f"the server answered {message}")
    return message


def epoch(socket: ClientConnection) -> str:
    return str(ask(socket, "ping", request_id=1)["position"].partition("-")[0])


def subscribe(socket: ClientConnection, name: str, after: str) -> dict[str, Any]:
    wanted = {"event_types": [EVENT_TYPE], "filters": {"mcp_names": [name]}}
    return ask(socket, "subscribe", after=after, **wanted)


def replay(socket: ClientConnection, name: str, after: int) -> Take:
    """All events about this server after a position, in as many replays as the server makes of it."""
    asked: str | None = f"{epoch(socket)}-{after}"
    began = time.monotonic()
    first, events = 0.0, 0
    while asked is not None:
        reply = subscribe(socket, name, asked)
        while (message := receive(socket))["type"] != "replayed":
            first = first or time.monotonic() - began
            events += 1
        if not message["complete"] and message["reason"] != "limit":
            raise Failed(f"the replay ended with {message}")
        asked = message.get("next_after")
        ask(socket, "unsubscribe", subscription_id=reply["subscription_id"])
    return Take(first, time.monotonic() - began, events)


def first_match(socket: ClientConnection, name: str) -> float:
    """Seconds."""
    asked = f"{epoch(socket)}-0"
    began = time.monotonic()
    subscribe(socket, name, asked)
    first = receive(socket)
    took = time.monotonic() - began
    if first["type"] != EVENT_TYPE:
        raise Failed(f"no event about {name} came, but {first}")
    return took


def connected(url: str) -> ClientConnection:
    return connect(url, max_size=None, compression=None, proxy=None)


def whole_replay(url: str, name: str, after: int, expected: int) -> Take:
    with connected(url) as socket:
        take = replay(socket, name, after)
    if take.events != expected:
        raise Failed(f"{take.events} events about {name} came, and the log has {expected}")
    return take


def in_first_page(url: str) -> float:
    with connected(url) as socket:
        return first_match(socket, "early_mcp")


def main() -> None:
    with fresh_installation() as installation:
        filled = fill(installation)
        port = free_port()
        url = installation.socket_url(port)
        command = ("manage.py", "serve", "--port", str(port))
        with running("the server", *command, environment=installation.environment, server=True) as server:
            missed, missed_long = (
                [count / whole_replay(url, "some_mcp", ROWS - count, count // EVERY).whole for _ in range(TAKES)]
                for count in (MISSED, MISSED_LONG)
            )
            early = [in_first_page(url) * 1e3 for _ in range(TAKES)]
            before = server.cpu_seconds()
            rare = whole_replay(url, "rare_mcp", 0, 1)
            cpu = server.cpu_seconds() - before
    show(
        "Resume through a filter, from a log of 1,000,000 events",
        ["what", "median take", "best take"],
        [
            [f"{MISSED:,} missed, from memory: events/s", round(median(missed)), round(max(missed))],
            [f"{MISSED_LONG:,} missed, from the log: events/s", round(median(missed_long)), round(max(missed_long))],
            ["first match, in the first page: ms", median(early), min(early)],
            ["one match in a million: s to the match", rare.first, "–"],
            ["one match in a million: s to the end", rare.whole, "–"],
            ["one match in a million: µs of the server's CPU for each event", cpu / ROWS * 1e6, "–"],
        ],
        [
            f"The log was filled in {filled:.0f} s. Of what was missed, one in {EVERY:,} matches.",
            "The last rows are of several replays: one looks at 200,000 events at most and says where it stopped.",
        ],
    )


if __name__ == "__main__":
    with bench():
        say(machine())
        main()
