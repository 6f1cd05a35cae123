"""What each browser must do: an EventSource that comes back, and in Firefox the page /events, too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.client import all_passed
from tests.conftest import MakeServer
from tests.emitting import emit
from tests.page import firefox
from tests.page.firefox import Firefox
from tests.servers import ServerProcess
from tests.waiting import eventually

pytestmark = pytest.mark.browser

READ = """
(() => {
  window.had = [];
  const stream = new EventSource("/api/v1/events/stream?event_type=mcp_status_change&last=5");
  stream.onmessage = ({ data }) => window.had.push(JSON.parse(data).data.mcp_name);
  for (const name of ["subscribed", "replayed", "ended"]) {
    stream.addEventListener(name, () => window.had.push(name));
  }
})()
"""
LINES = "[...document.querySelectorAll('[role=feed] article:not([data-log]) .line')].map((line) => line.innerText)"
CARDS = "[...document.querySelectorAll('#cards .card')].map((card) => card.innerText)"

Evaluate = Callable[[str], Any]
Visit = Callable[[str, ServerProcess, str], Evaluate]


@pytest.fixture(scope="module")
def lasting_firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    path = firefox.installed()
    if path is None:
        pytest.skip("There is no Firefox on this machine (Debian: apt install firefox-esr).")
    with firefox.started(path, tmp_path_factory.mktemp("firefox")) as started:
        yield started


@pytest.fixture
def in_firefox(lasting_firefox: Firefox) -> Iterator[Firefox]:
    yield lasting_firefox
    lasting_firefox.leave()
    complaints, lasting_firefox.complaints = lasting_firefox.complaints, []
    assert complaints == []


@pytest.fixture(params=["chromium", "firefox"])
def visit_page(request: pytest.FixtureRequest) -> Visit:
    """Opens a page in either browser, and gives what evaluates JavaScript there."""
    if request.param == "chromium":
        visit = request.getfixturevalue("visit")
        return lambda *place: visit(*place, alone=True).evaluate
    browser = request.getfixturevalue("in_firefox")

    def visit_in_firefox(*place: Any) -> Evaluate:
        browser.visit(*place)
        return browser.evaluate  # type: ignore[no-any-return]

    return visit_in_firefox


def test_an_event_source_comes_back_by_itself_without_loss(visit_page: Visit, make_server: MakeServer) -> None:
    server = make_server()
    evaluate = visit_page("alice", server, "/account")

    def emit_by_command(name: str) -> None:
        server.manage("emit_event", "mcp_status_change", f"mcp_name={name}", "new_status=active")

    def had(*expected: str) -> None:
        eventually(lambda: evaluate("had") == list(expected))

    emit_by_command("logged_mcp")
    with ThreadPoolExecutor() as beside:  # Playwright has an event loop in this thread
        beside.submit(asyncio.run, all_passed(server)).result()
    evaluate(READ)
    first = ("subscribed", "logged_mcp", "replayed")
    had(*first)
    emit_by_command("live_mcp")
    had(*first, "live_mcp")
    server.stop()
    emit_by_command("missed_mcp")
    server.start()
    had(*first, "live_mcp", "ended", "subscribed", "missed_mcp", "replayed")


def test_in_firefox_a_person_subscribes_sees_events_and_unsubscribes(
    in_firefox: Firefox, shared_server: ServerProcess
) -> None:
    in_firefox.visit("alice", shared_server, "/events")
    eventually(lambda: "live" in in_firefox.evaluate("document.querySelector('#presence').innerText"))

    def subscribe(event_type: str, cards: int) -> None:
        in_firefox.press(f"#builder input[value={event_type}]")
        in_firefox.press("#builder button[type=submit]:enabled")
        eventually(lambda: ["0 events" in card for card in in_firefox.evaluate(CARDS)].count(True) == cards)

    subscribe("mcp_health_check", 1)
    in_firefox.press("#new")
    subscribe("mcp_fleet_summary", 2)
    emit(shared_server, "mcp_health_check", mcp_name="a_mcp", health_status="healthy")
    eventually(lambda: in_firefox.evaluate(LINES) == ["a_mcp is healthy"])
    in_firefox.press("[aria-label='Unsubscribe from Health check']")
    eventually(lambda: len(in_firefox.evaluate(CARDS)) == 1)
    emit(shared_server, "mcp_health_check", mcp_name="b_mcp", health_status="healthy")
    emit(shared_server, "mcp_fleet_summary", total=4, healthy=3, severity="info")
    eventually(lambda: "3" in "".join(in_firefox.evaluate(LINES)))  # of the summary alone
    assert "b_mcp" not in "".join(in_firefox.evaluate(LINES))
