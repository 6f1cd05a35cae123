"""The JavaScript programs of docs/clients.md where the hub has no ticket for the moment, or wants no such token."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.clients import packages
from tests.docs.documents import blocks, document
from tests.servers import ServerProcess
from tests.waiting import WITHIN_S

pytestmark = pytest.mark.skipif(not packages.HAS_PACKAGES, reason="needs node and npm (make test installs the rest)")
KEEPING, BY_TICKETS = blocks(document("docs/clients.md"), "js")[:2]
TRIES_BEFORE_STREAM = 2
SUBSCRIBED = b'id: a-1\nevent: subscribed\ndata: {"type":"subscribed","subscription_id":"sub_a","position":"a-1"}\n\n'


class Hub(BaseHTTPRequestHandler):
    """A hub whose database is away while it is asked for a ticket until even the stream is tried."""

    asked = 0

    def do_POST(self) -> None:
        type(self).asked += 1
        is_away = self.asked <= TRIES_BEFORE_STREAM + 1
        self.send_response(503 if is_away else 201)
        self.end_headers()
        self.wfile.write(b'{"code": "unavailable"}' if is_away else b'{"ticket": "good"}')

    def do_GET(self) -> None:
        good = "ticket=good" in self.path
        self.send_response(200 if good else 401)
        self.end_headers()
        self.wfile.write(SUBSCRIBED if good else b"{}")

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def a_hub() -> Iterator[int]:
    """Run it; yield its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as hub:
        thread = threading.Thread(target=hub.serve_forever)
        thread.start()
        try:
            yield hub.server_port
        finally:
            hub.shutdown()
            thread.join()


ENVIRONMENT = {**os.environ, "EVENTHUB_TOKEN": "over"}


def node(program: str, folder: Path, port: int) -> list[str]:
    """Write a program of the page, to run against this port; return the command."""
    found = shutil.which("node")
    assert found is not None
    file = packages.new_javascript_project(folder) / "program.mjs"
    file.write_text(program.replace("localhost:8090", f"127.0.0.1:{port}"))
    return [found, "--no-warnings", "--experimental-websocket", str(file)]


def test_a_program_that_gets_no_ticket_for_the_moment_asks_again(tmp_path: Path) -> None:
    with a_hub() as port:
        command = node(BY_TICKETS, tmp_path, port)
        with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE) as program:
            assert program.stdout is not None
            try:
                assert program.stdout.readline() == b"subscribed\n"
            finally:
                program.kill()


def test_a_program_that_resumes_with_a_token_that_is_over_says_so_and_fails(
    server: ServerProcess, tmp_path: Path
) -> None:
    command = node(KEEPING, tmp_path, server.ports[0])
    kept = {"position": "0123456789abcdef-1", "subscriptions": [{"eventTypes": ["user_login"], "filters": {}}]}
    (tmp_path / "kept.json").write_text(json.dumps(kept))
    done = subprocess.run(
        command, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=WITHIN_S, check=False
    )
    assert (done.returncode, "refuses this client: 4500" in done.stderr) == (1, True)
