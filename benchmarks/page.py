"""The page /events in a real Chromium under a flood: long tasks, frames, memory, and that nothing is lost.

It needs a Chromium, so `make bench` leaves it out: python -m benchmarks.page
"""

from __future__ import annotations

import os
import shutil
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

from playwright.sync_api import CDPSession, Page, sync_playwright

from benchmarks.installation import fresh_installation
from benchmarks.processes import APART, CORES, ROOT, START_S, STOP_S, Failed, bench, free_port
from benchmarks.tables import machine, say, show

RATES = (50, 500)  # events a second
SECONDS = 30
ARRIVE_S = 60  # until the last of them is counted
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
OBSERVE = """
window.tasks = [];
new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration)))
  .observe({ type: "longtask" });
window.frames = 0;
(function count() { window.frames += 1; requestAnimationFrame(count); })();
"""
LOGGED = (
    "SELECT count(*) FROM events_event JOIN events_eventtype ON type_id = events_eventtype.id WHERE category_id = 'mcp'"
)
HEAP = "() => { gc(); return performance.memory.usedJSHeapSize / 1e6; }"
TAKE = "() => { const taken = [tasks, frames]; window.tasks = []; window.frames = 0; return taken; }"


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


def measure(page: Page, environment: dict[str, str], rate: int) -> list[Any]:
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.evaluate(TAKE)
    before, head, busy = counted(page), logged(environment), task_seconds(devtools)
    command = ["simulate_events", f"--rate={rate}", f"--duration={SECONDS}", "--mix=mcp=1"]
    with subprocess.Popen([sys.executable, "manage.py", *command], cwd=ROOT, env=environment) as emitter:
        if APART:
            os.sched_setaffinity(emitter.pid, CORES[:1])
    emitted = logged(environment) - head
    page.wait_for_function(
        "(wanted) => Number(document.querySelector('.count').textContent.replace(/[^0-9]/g, '')) >= wanted",
        arg=before + emitted,
        timeout=ARRIVE_S * 1000,
    )
    if counted(page) != before + emitted:
        raise Failed(f"{counted(page) - before} events of {emitted} came")
    busy = (task_seconds(devtools) - busy) / SECONDS
    tasks, frames = page.evaluate(TAKE)
    longest = f"{max(tasks):.0f}" if tasks else "none"
    over = sum(task > 200 for task in tasks)
    heap = f"{page.evaluate(HEAP):.1f}"
    return [rate, f"{emitted:,}", f"{busy:.0%}", len(tasks), longest, over, f"{frames / SECONDS:.0f}", heap]


def task_seconds(devtools: CDPSession) -> float:
    """CPU time of the page's main thread so far."""
    metrics = devtools.send("Performance.getMetrics")["metrics"]
    return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))


def logged(environment: dict[str, str]) -> int:
    """How many events of MCP servers there have been; other sources tell of this machine meanwhile."""
    with closing(sqlite3.connect(Path(environment["EVENTHUB_VAR_DIR"]) / "eventhub.sqlite3")) as database:
        return int(database.execute(LOGGED).fetchone()[0])


def counted(page: Page) -> int:
    return int("".join(filter(str.isdigit, page.locator(".count").inner_text())))


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with fresh_installation() as installation, sync_playwright() as playwright:
        environment = {**installation.environment, "EVENTHUB_PORTS": str(free_port())}
        session = run(environment, "-c", SIGN_IN)
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        with serving(environment) as url:
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            context.add_cookies([{"name": "sessionid", "value": session, "url": url}])
            context.add_init_script(OBSERVE)
            page = context.new_page()
            page.goto(f"{url}/events")
            page.get_by_role("button", name="Subscribe to all MCP events").click()
            page.get_by_text("0 events", exact=True).wait_for()
            heap = page.evaluate(HEAP)
            rows = [measure(page, environment, rate) for rate in RATES]
        browser.close()
    columns = ["events/s", "events", "main thread", "tasks > 50 ms", "longest ms", "> 200 ms", "frames/s", "heap MB"]
    notes = [
        f"{SECONDS} s each, one after the other on one page; heap before: {heap:.1f} MB. Every event was counted.",
        "Main thread: its CPU time in percent of the time. Tasks and frames are by the clock, so a busy machine shows.",
        "The server and the emitter have one core, the browser the others." if APART else "One core for all.",
    ]
    show("The page /events in Chromium, headless", columns, rows, notes)


if __name__ == "__main__":
    with bench():
        say(machine())
        main()
