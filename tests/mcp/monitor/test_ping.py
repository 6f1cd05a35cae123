"""The dead man's switch is asked by a monitor that leads, and what it answers harms nothing."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest

from events.mcp.monitor.ping import ping
from tests.conftest import MakeServer
from tests.mcp.monitors import LEADS, monitors
from tests.ports import free_ports
from tests.waiting import eventually


class Switch(http.server.ThreadingHTTPServer):
    """Answers 200 at /well, and 500 elsewhere."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), Answer)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(http.server.BaseHTTPRequestHandler):
    server: Switch

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(200 if self.path == "/well" else 500)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def switch() -> Iterator[Switch]:
    with Switch() as switch:
        threading.Thread(target=switch.serve_forever, daemon=True).start()
        yield switch
        switch.shutdown()


def test_a_monitor_that_leads_asks_it(make_server: MakeServer, switch: Switch) -> None:
    server = make_server(start=False, env={"EVENTHUB_PING_URL": f"{switch.url}/well"})
    with monitors(server, 1) as (monitor,):
        eventually(lambda: switch.asked == ["/well"])
        assert LEADS in monitor.log


async def test_one_that_fails_or_is_not_there_is_told_without_its_secret_path(
    switch: Switch, caplog: pytest.LogCaptureFixture
) -> None:
    await ping(f"{switch.url}/secret-of-it")
    assert "answers 500" in caplog.text
    await ping(f"http://127.0.0.1:{free_ports(1)[0]}/secret-of-it")
    assert "cannot be asked: ConnectError" in caplog.text
    assert "secret-of-it" not in caplog.text
