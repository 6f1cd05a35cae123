"""The tasks of a page's main thread, as Chromium traces them: how long each took by the clock, and of the CPU.

On a busy machine a task waits for its core; what the page itself costs is only in its CPU time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import msgspec
from playwright.sync_api import Browser, Page

CATEGORIES = ["disabled-by-default-devtools.timeline"]
MAIN_THREAD = "CrRendererMain"


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
def traced(browser: Browser, page: Page) -> Iterator[Tasks]:
    """What it yields is filled in when the block ends."""
    tasks = Tasks()
    browser.start_tracing(page=page, categories=CATEGORIES)
    try:
        yield tasks
    finally:
        trace = msgspec.json.decode(browser.stop_tracing(), type=Trace)
        for each in of_main_thread(trace.traceEvents):
            tasks.clock.append(each.dur / 1000)
            tasks.cpu.append(each.tdur / 1000)


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
