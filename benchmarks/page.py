"""The page /events in a real Chromium under a flood: long tasks, frames, memory, and that nothing is lost.

It needs a Chromium, so `make bench` leaves it out: python -m benchmarks.page
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.bench.page_tasks import traced
from benchmarks.bench.processes import APART, CORES, ROOT, START_S, STOP_S, Failed, bench, free_port
from benchmarks.bench.tables import machine, say, show
from benchmarks.servers.installation import fresh_installation
from tests.page.chromium import installed

RATES = (50, 500)  # events a second
SECONDS = 30
LONG_MS = 50.0  # of the CPU; from there on browsers call a task long
STANDSTILL_S = 60  # without another event counted; a busy machine may take its time
FLAGS = ["--no-sandbox", "--disable-gpu", "--enable-precise-memory-info", "--js-flags=--expose-gc"]
SIGN_IN = """
import django
django.setup()
from django.contrib.auth.models import User
from django.test import Client
from eventhub.static import collect_static
collect_static()
client = Client()
client.force_login(User.objects.get(username="bench"))
print(client.cookies["sessionid"].value)
"""
COUNT_FRAMES = """
window.frames = 0;
(function count() { window.frames += 1; requestAnimationFrame(count); })();
"""
LOGGED = (
    "SELECT count(*) FROM events_event JOIN events_eventtype ON type_id = events_eventtype.id WHERE category_id = 'mcp'"
)
HEAP = "() => { gc(); return performance.memory.usedJSHeapSize / 1e6; }"
TAKE = "() => { const taken = frames; window.frames = 0; return taken; }"


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[str]:
    process = subprocess.Popen([sys.executable, "manage.py", "serve"], cwd=ROOT, env=environment)
    if APART:
        os.sched_setaffinity(process.pid, CORES[:1])
    url = f"http://127.0.0.1:{environment['EVENTHUB_PORTS']}"
    try:
        deadline = time.monotonic() + START_S
        while not is_up(f"{url}/readyz"):
            if time.monotonic() > deadline or process.poll() is not None:
                raise Failed("the server is not ready")
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(STOP_S)


def is_up(url: str) -> bool:
    try:
        with urlopen(url, timeout=5):
            return True
    except (URLError, ConnectionError, TimeoutError):
        return False


def run(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True)
    return done.stdout.decode().strip()


def measure(browser: Browser, page: Page, environment: dict[str, str], rate: int) -> list[Any]:
    page.evaluate(TAKE)
    before, head = counted(page), logged(environment)
    command = ["simulate_events", f"--rate={rate}", f"--duration={SECONDS}", "--mix=mcp=1"]
    with traced(browser) as tasks:
        with subprocess.Popen([sys.executable, "manage.py", *command], cwd=ROOT, env=environment) as emitter:
            if APART:
                os.sched_setaffinity(emitter.pid, CORES[:1])
        emitted = logged(environment) - head
        await_all(page, before, emitted)
        frames = page.evaluate(TAKE)
    busy = sum(tasks.cpu) / 1000 / SECONDS
    over = sum(task > LONG_MS for task in tasks.cpu)
    longest = [f"{max(times):.0f}" for times in (tasks.cpu, tasks.clock)]
    heap = f"{page.evaluate(HEAP):.1f}"
    return [rate, f"{emitted:,}", f"{busy:.0%}", over, *longest, f"{frames / SECONDS:.0f}", heap]


def await_all(page: Page, before: int, emitted: int) -> None:
    """Until every event is counted. Raises Failed when they stop coming, or more came."""
    came, moved = 0, time.monotonic()
    while came < emitted:
        page.wait_for_timeout(100)
        now = counted(page) - before
        if now > came:
            came, moved = now, time.monotonic()
        elif time.monotonic() > moved + STANDSTILL_S:
            break
    if came != emitted:
        said = page.locator("#presence, #feed .remark").all_inner_texts()
        raise Failed(f"{came} events of {emitted} came; the page says {said}")


def logged(environment: dict[str, str]) -> int:
    """How many events of MCP servers there have been; other sources tell of this machine meanwhile."""
    with closing(sqlite3.connect(Path(environment["EVENTHUB_VAR_DIR"]) / "eventhub.sqlite3")) as database:
        return int(database.execute(LOGGED).fetchone()[0])


def counted(page: Page) -> int:
    count = page.locator(".count", has_text="event")  # while it reconnects, the card says so instead
    count.wait_for(timeout=STANDSTILL_S * 1000)
    return int("".join(filter(str.isdigit, count.inner_text())))


def main() -> None:
    with fresh_installation() as installation, sync_playwright() as playwright:
        environment = {**installation.environment, "EVENTHUB_PORTS": str(free_port())}
        session = run(environment, "-c", SIGN_IN)
        browser = playwright.chromium.launch(executable_path=installed(), args=FLAGS)
        with serving(environment) as url:
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            context.add_cookies([{"name": "sessionid", "value": session, "url": url}])
            context.add_init_script(COUNT_FRAMES)
            page = context.new_page()
            page.goto(f"{url}/events")
            page.get_by_role("button", name="Subscribe to all MCP events").click()
            page.get_by_text("0 events", exact=True).wait_for()
            heap = page.evaluate(HEAP)
            rows = [measure(browser, page, environment, rate) for rate in RATES]
        browser.close()
    columns = ["events/s", "events", "main thread", "> 50 ms", "longest ms", "by the clock", "frames/s", "heap MB"]
    notes = [
        f"{SECONDS} s each, one after the other on one page; heap before: {heap:.1f} MB. Every event was counted.",
        "Tasks and the main thread are measured in CPU time; by the clock, and in frames, a busy machine shows.",
        "The server and the emitter have one core, the browser the others." if APART else "One core for all.",
    ]
    show("The page /events in Chromium, headless", columns, rows, notes)


if __name__ == "__main__":
    with bench():
        say(machine())
        main()
