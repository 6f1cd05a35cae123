"""An EventSource of a real browser: it gets events, and after a restart those that came meanwhile, once each."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.client import all_passed
from tests.conftest import MakeServer
from tests.page.visit import WITHIN_MS, Visit

pytestmark = pytest.mark.browser

READ = """
() => {
  window.had = [];
  const stream = new EventSource("/api/v1/events/stream?event_type=mcp_status_change&last=5");
  stream.onmessage = ({ data }) => window.had.push(JSON.parse(data).data.mcp_name);
  for (const name of ["subscribed", "replayed", "ended"]) {
    stream.addEventListener(name, () => window.had.push(name));
  }
}
"""


def test_an_event_source_comes_back_by_itself_without_loss(visit: Visit, make_server: MakeServer) -> None:
    server = make_server()
    page = visit("alice", server, "/account", alone=True)

    def emit(name: str) -> None:
        server.manage("emit_event", "mcp_status_change", f"mcp_name={name}", "new_status=active")

    def had(*expected: str) -> None:
        page.wait_for_function("expected => `${had}` === `${expected}`", arg=expected, timeout=WITHIN_MS)

    emit("logged_mcp")
    with ThreadPoolExecutor() as beside:  # Playwright has an event loop in this thread
        beside.submit(asyncio.run, all_passed(server)).result()
    page.evaluate(READ)
    first = ("subscribed", "logged_mcp", "replayed")
    had(*first)
    emit("live_mcp")
    had(*first, "live_mcp")
    server.stop()
    emit("missed_mcp")
    server.start()
    had(*first, "live_mcp", "ended", "subscribed", "missed_mcp", "replayed")
