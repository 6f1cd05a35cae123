"""An app on another origin: what EVENTHUB_CORS_ORIGINS lists does everything by a token and tickets, others nothing."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from tests.conftest import MakeServer
from tests.page.visit import Visits
from tests.servers import ServerProcess

pytestmark = pytest.mark.browser

APP = """
async ([site, token]) => {
  const headers = { Authorization: `Bearer ${token}` };
  const tried = async (step) => { try { return await step(); } catch (error) { return error.name; } };
  const json = async (path, options = {}) => {
    const answer = await fetch(`${site}/api/v1/${path}`, { headers, ...options });
    return [answer.status, await answer.json()];
  };
  const ticket = async () => (await json("tickets/", { method: "POST" }))[1].ticket;
  const event = JSON.stringify({ type: "user_action", data: { action_type: "added" } });
  const emit = () => json("events/", {
    method: "POST", body: event, headers: { ...headers, "Content-Type": "application/json" },
  });
  const first = (source, send) => new Promise((resolve, reject) => {
    source.onerror = () => { source.close(); reject(new TypeError("refused")); };
    source.onmessage = ({ data }) => { source.close(); resolve(JSON.parse(data).type); };
    send();
  });
  const stream = async () => {
    const source = new EventSource(
      `${site}/api/v1/events/stream?event_type=user_action&ticket=${await ticket()}`);
    return first(source, () => source.addEventListener("subscribed", emit));
  };
  const socket = async () => {
    const source = new WebSocket(`${site.replace("http", "ws")}/ws/events?ticket=${await ticket()}`);
    const asked = JSON.stringify({ action: "subscribe", event_types: ["user_action"] });
    return first(source, () => { source.onopen = () => source.send(asked); });
  };
  return {
    metadata: await tried(async () => (await json("events/metadata"))[0]),
    history: await tried(async () => (await json("events/"))[0]),
    emit: await tried(async () => (await emit())[0]),
    stream: await tried(stream),
    socket: await tried(socket),
  };
}
"""


class EmptyPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


@pytest.fixture
def other_port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), EmptyPage) as app:
        thread = Thread(target=app.serve_forever)
        thread.start()
        try:
            yield app.server_port
        finally:
            app.shutdown()
            thread.join()


def test_an_app_of_a_listed_origin_does_all_of_it_and_another_one_nothing(
    visits: Visits, make_server: MakeServer, other_port: int
) -> None:
    listed, other = f"http://localhost:{other_port}", f"http://127.0.0.1:{other_port}"
    server = make_server(env={"EVENTHUB_CORS_ORIGINS": listed})
    assert done(visits, server, listed) == {
        "metadata": 200,
        "history": 200,
        "emit": 201,
        "stream": "user_action",
        "socket": "subscribed",
    }
    refused = dict.fromkeys(("metadata", "history", "emit", "stream", "socket"), "TypeError")
    assert done(visits, server, other) == refused
    assert server.position() == 2  # of the emitting app, whose page was listed


def done(visits: Visits, server: ServerProcess, origin: str) -> Any:
    """Return what a page of this origin could do."""
    with visits.browser.new_context() as context:
        page = context.new_page()
        page.goto(origin)
        return page.evaluate(APP, [server.url, server.token("emitter")])
