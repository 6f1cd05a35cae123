"""The tasks of a page's main thread, as Chromium traces them: how long each took by the clock, and of the CPU.

On a busy machine a task waits for its core; what the page itself costs is only in its CPU time.
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from playwright.sync_api import Browser, CDPSession

CATEGORIES = ["disabled-by-default-devtools.timeline"]
MAIN_THREAD = "CrRendererMain"
AT_ONCE = 2**20  # bytes of the trace


class TraceEvent(msgspec.Struct):
    name: str
    pid: int
    tid: int
    ph: str = ""
    dur: float = 0.0  # µs by the clock
    tdur: float = 0.0  # µs of the CPU
    args: msgspec.Raw = msgspec.Raw(b"{}")


class Trace(msgspec.Struct):
    traceEvents: list[TraceEvent]  # noqa: N815


@dataclass
class Tasks:
    """Milliseconds of each task."""

    clock: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


@contextmanager
def traced(browser: Browser) -> Iterator[Tasks]:
    """What it yields is filled in when the block ends. The trace comes compressed: of a minute it has some hundred
    megabytes, which took a busy machine minutes to hand over as text."""
    tasks = Tasks()
    session = browser.new_browser_cdp_session()
    config = {"includedCategories": CATEGORIES, "excludedCategories": ["*"]}
    how = {"transferMode": "ReturnAsStream", "streamCompression": "gzip"}
    session.send("Tracing.start", {**how, "traceConfig": config})
    complete: list[dict[str, Any]] = []
    session.on("Tracing.tracingComplete", lambda told: complete.append(told))
    try:
        yield tasks
    finally:
        session.send("Tracing.end")
        while not complete:
            session.send("Tracing.getCategories")  # Playwright tells of what came while it is asked for something
        trace = msgspec.json.decode(gzip.decompress(read(session, complete[0]["stream"])), type=Trace)
        for each in of_main_thread(trace.traceEvents):
            tasks.clock.append(each.dur / 1000)
            tasks.cpu.append(each.tdur / 1000)


def read(session: CDPSession, stream: str) -> bytes:
    content = b""
    while True:
        part = session.send("IO.read", {"handle": stream, "size": AT_ONCE})
        content += base64.b64decode(part["data"]) if part.get("base64Encoded") else part["data"].encode()
        if part["eof"]:
            return content


def of_main_thread(events: list[TraceEvent]) -> list[TraceEvent]:
    """The tasks of the renderer that has most: others are Chromium's own or stand by."""
    threads = {
        (each.pid, each.tid)
        for each in events
        if each.name == "thread_name" and MAIN_THREAD.encode() in bytes(each.args)
    }
    by_thread: dict[tuple[int, int], list[TraceEvent]] = {thread: [] for thread in threads}
    for each in events:
        if each.name == "RunTask" and (each.pid, each.tid) in by_thread:
            by_thread[each.pid, each.tid].append(each)
    return max(by_thread.values(), key=len, default=[])
