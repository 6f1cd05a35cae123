"""When a browser first paints a page of a real server, beside a page of the same server that has nothing in it.

It needs a Chromium, so `make bench` leaves it out: python -m benchmarks.http.first_paint
"""

from __future__ import annotations

from statistics import median
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from benchmarks.bench.processes import APART, bench, free_port, progress
from benchmarks.bench.tables import machine, say, show
from benchmarks.page import FLAGS, SIGN_IN, run, serving
from benchmarks.servers.installation import fresh_installation
from tests.page.chromium import installed

EMPTY = "/healthz"  # one word of text, no style, no script
PAGES = (EMPTY, "/events", "/events/history", "/events/types")
LOADS = 15  # of each page, in turns
TIMES = """async () => {
    const painted = () => performance.getEntriesByName("first-contentful-paint")[0];
    while (!painted()) await new Promise((resolve) => setTimeout(resolve, 20));
    const [page] = performance.getEntriesByType("navigation");
    return [page.responseStart, page.responseEnd, painted().startTime];
}"""


def load(browser: Browser, url: str, session: str, first: str | None) -> list[float]:
    """Milliseconds from the click to the answer's first byte, its last, and the first paint. `first`: a page that was
    looked at before, so that styles and scripts are there."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": "sessionid", "value": session, "url": url}])
    page = context.new_page()
    if first:
        page.goto(first)
        page.evaluate(TIMES)
    page.goto(url, wait_until="commit")
    times: list[float] = page.evaluate(TIMES)
    context.close()
    return times


def row(name: str, kind: str, loads: list[list[float]]) -> list[Any]:
    begun, answered, painted = (sorted(times) for times in zip(*loads, strict=True))
    return [name, kind, *(f"{median(times):.0f}" for times in (begun, answered, painted)), f"{painted[0]:.0f}"]


def main() -> None:
    with fresh_installation() as installation, sync_playwright() as playwright:
        environment = {**installation.environment, "EVENTHUB_PORTS": str(free_port())}
        session = run(environment, "-c", SIGN_IN)
        browser = playwright.chromium.launch(executable_path=installed(), args=FLAGS)
        with serving(environment) as url:
            kinds = {"first": None, "again": f"{url}/events"}
            found: dict[tuple[str, str], list[list[float]]] = {(name, kind): [] for name in PAGES for kind in kinds}
            for turn in range(LOADS + 1):
                progress(f"{turn} of {LOADS + 1} turns")
                for (name, kind), loads in found.items():
                    times = load(browser, url + name, session, kinds[kind])
                    if turn:  # the very first warms the server
                        loads.append(times)
        browser.close()
    columns = ["page", "visit", "first byte ms", "last byte ms", "first paint ms", "best ms"]
    notes = [
        f"Medians of {LOADS} loads from the click on, each in a new profile of Chromium, headless.",
        f"“again”: /events was looked at before. {EMPTY} has no style and no script: less than it needs, no page can.",
        "The server has one core, the browser the others." if APART else "One core for all.",
    ]
    show("First paint", columns, [row(*key, loads) for key, loads in found.items()], notes)


if __name__ == "__main__":
    with bench():
        say(machine())
        main()
