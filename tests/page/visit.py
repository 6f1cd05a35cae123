"""Opens pages for people, each of a test in a context of Chromium: cookies, storage and cache of its own."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, Page, ViewportSize

from tests.page.session import session_of
from tests.servers import ServerProcess
from tests.waiting import WITHIN_S

WITHIN_MS = WITHIN_S * 1000
SIZE: ViewportSize = {"width": 1280, "height": 720}  # where a test chooses none

# What Chromium itself writes: a line for each connection that fails or is given up and for each answer such as 404; and
# one where a field that has `autofocus` comes after the focus has gone elsewhere.
OF_CHROMIUM = (
    "error: WebSocket connection to",
    "warning: WebSocket connection to",
    "error: Failed to load resource",
    "warning: Failed to load resource",
    "info: Autofocus processing was blocked",
)
# A light page of every server, where what an earlier page stores when it is left can be deleted.
NOWHERE = "/healthz"
LOG_SHOWN = 5_000  # characters, of a server's log when a test has failed
SNAPSHOT_MS = 10_000
EMPTY = "localStorage.clear(); sessionStorage.clear();"

Visit = Callable[..., Page]


class Visits:
    """Opens pages, and keeps them for later tests: to open one anew takes half a second of Chromium's time.

    Pages are kept for each server and options of Playwright's `new_context`, as many as a test has had at once; the
    next test may have them for other people. Between two tests their storage, cookies, size and colours become those
    of a new one, and their routes end; so choose these on the page (`looks.look_at`). What else would stay with it
    (`page.clock`, init scripts) needs a page that is opened with `alone=True`, whose context ends with the test.
    Nothing moves: to paint what moves was a sixth of all that tests of pages took.
    """

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.complaints: list[str] = []
        self.kept: dict[str, Page] = {}
        self.used: list[str] = []
        self.alone: list[BrowserContext] = []
        self.servers: dict[str, ServerProcess] = {}

    def visit(
        self, person: str | None, server: ServerProcess, path: str = "/events", *, alone: bool = False, **options: Any
    ) -> Page:
        options = {"base_url": server.url, "reduced_motion": "reduce", **options}
        if alone:
            page = self.new_page(options)
            self.alone.append(page.context)
        else:
            of = next(of for of in (f"{options} {place}" for place in count()) if of not in self.used)
            page = self.kept[of] if of in self.kept else self.new_page(options)
            self.kept[of] = page
            self.used.append(of)
        if server.url not in self.servers:
            self.servers[server.url] = server
            forget_views(server)  # again: what a page was about to save when it was left can have come later
        if person:
            key = session_of(server, person)
            page.context.add_cookies([{"name": "sessionid", "value": key, "url": server.url}])
        page.goto(path)
        return page

    def new_page(self, options: dict[str, Any]) -> Page:
        context = self.browser.new_context(**options)
        context.set_default_timeout(WITHIN_MS)
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        return page

    def shown(self) -> list[tuple[str, str]]:
        """Return titles and texts: what there is to see when a test has failed."""
        pages = [page for context in self.browser.contexts for page in context.pages if page.url != "about:blank"]
        told = [(f"page {page.url}", seen(page)) for page in pages if not page.url.endswith(NOWHERE)]
        logs = [(f"log of {url}", server.log[-LOG_SHOWN:]) for url, server in self.servers.items()]
        return [*told, ("complaints of pages", "\n".join(self.complaints)), *logs]

    def end(self) -> None:
        """End a test's visits."""
        for context in self.alone:
            context.close()
        for of in self.used:
            try:
                renew(self.kept[of])
            except Error:  # it is closed, or its server is
                self.kept.pop(of).context.close()
        for server in self.servers.values():
            forget_views(server)
        self.alone, self.used, self.servers = [], [], {}


def seen(page: Page) -> str:
    try:
        return page.locator("body").aria_snapshot(timeout=SNAPSHOT_MS)
    except Error as error:  # it hangs, or is gone
        return str(error)


def forget_views(server: ServerProcess) -> None:
    """What a test subscribes to, no other finds."""
    server.database.change("DELETE FROM events_savedview")


def renew(page: Page) -> None:
    for other in page.context.pages:
        if other != page:
            other.close()
    page.unroute_all(behavior="ignoreErrors")
    page.goto(NOWHERE)
    page.evaluate(EMPTY)
    page.context.clear_cookies()
    page.emulate_media(color_scheme="light", forced_colors="none")
    if page.viewport_size != SIZE:
        page.set_viewport_size(SIZE)
