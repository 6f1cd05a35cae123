"""A person at a browser: Chromium, driven against a real server.

Fixtures:
  visit           visit("alice", server) is a page of that server, signed in as that person; visit(None, server) is
                  nobody's
  complaints      what the pages wrote to their consoles; none may be left when the test ends, CSP breaches included
  picture         picture(page, "feed") keeps a screenshot in the folder that SCREENSHOTS names, if it does
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.chromium import installed
from tests.servers import ServerProcess

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WITHIN_MS = 5_000.0  # a promise that takes longer is broken

# What Chromium itself writes: a line for each connection that fails or is given up and for each answer such as 404; and
# one where a field that has `autofocus` comes after the focus has gone elsewhere.
OF_CHROMIUM = (
    "error: WebSocket connection to",
    "warning: WebSocket connection to",
    "error: Failed to load resource",
    "warning: Failed to load resource",
    "info: Autofocus processing was blocked",
)

Visit = Callable[..., Page]
Picture = Callable[[Page, str], None]


# Not for the whole session: while Playwright runs, no test can run an event loop of its own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = installed()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    complaints: list[str] = []
    yield complaints
    assert [each for each in complaints if not each.startswith(OF_CHROMIUM)] == []


@pytest.fixture
def visit(browser: Browser, complaints: list[str]) -> Iterator[Visit]:
    contexts: list[BrowserContext] = []

    def open_page(person: str | None, server: ServerProcess, path: str = "/events", **options: Any) -> Page:
        context = browser.new_context(base_url=server.url, **options)
        contexts.append(context)
        context.set_default_timeout(WITHIN_MS)
        if person:
            context.add_cookies([{"name": "sessionid", "value": server.session(person), "url": server.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def picture() -> Picture:
    def keep(page: Page, name: str) -> None:
        if folder := os.environ.get("SCREENSHOTS"):
            page.screenshot(path=Path(folder) / f"{name}.png")

    return keep


def mcp_events(server: ServerProcess) -> int:
    """How many events of MCP servers the log has; other sources may tell of the server itself meanwhile."""
    query = (
        "SELECT count(*) FROM events_event JOIN events_eventtype ON type_id = events_eventtype.id "
        "WHERE category_id = 'mcp'"
    )
    return int(server.database.rows(query)[0][0])


def emit(server: ServerProcess, event_type: str, **data: object) -> None:
    """Emit one event by HTTP, as somebody who may."""
    headers = {"Authorization": f"Bearer {server.token('emitter')}"}
    answer = httpx.post(f"{server.url}/api/v1/events/", json={"type": event_type, "data": data}, headers=headers)
    assert answer.status_code == 201, answer.text
