"""The programs of the clients' READMEs live through a restart of the server: nothing is lost, nothing doubled."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.clients import packages
from tests.docs.documents import blocks, document
from tests.emitting import emit_many
from tests.servers import ServerProcess
from tests.waiting import eventually

FIRST, MISSED, LAST = ([f"server-{number}" for number in range(start, start + 8)] for start in (10, 20, 30))


def emit_while_down(server: ServerProcess, names: list[str]) -> None:
    events = ({"type": "mcp_status_change", "data": {"mcp_name": name, "severity": "error"}} for name in names)
    server.manage("emit_event", "-", stdin="\n".join(map(json.dumps, events)))


class Program:
    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        self.command, self.folder, self.environment = command, folder, environment
        self.output = folder / "output"

    @contextmanager
    def running(self) -> Iterator[None]:
        with self.output.open("ab") as output:
            process = subprocess.Popen(
                self.command, cwd=self.folder, env=self.environment, stdout=output, stderr=subprocess.STDOUT
            )
        try:
            yield
            assert process.poll() is None, self.shown
        finally:
            process.kill()
            process.wait()

    @property
    def shown(self) -> str:
        return self.output.read_text()

    @property
    def got(self) -> list[str]:
        return re.findall(r"server-\d+", self.shown)

    def has(self, *names: str) -> Callable[[], bool]:
        return lambda: self.got == list(names) or len(self.got) > len(names)


def shown_in(
    page: str, server: ServerProcess, folder: Path, language: str, command: list[str], place: int = 0
) -> Program:
    """A program that a page shows, on this server."""
    text = blocks(document(page), language)[place]
    file = folder / "program.mjs" if language == "js" else folder / "program.py"
    file.write_text(text.replace("localhost:8090", f"127.0.0.1:{server.ports[0]}"))
    environment = {**server.environment, "EVENTHUB_TOKEN": server.token("alice"), "NODE_NO_WARNINGS": "1"}
    return Program([*command, str(file)], folder, environment)


@pytest.mark.skipif(not packages.HAS_PACKAGES, reason="needs node and npm (make test installs the rest)")
def test_the_javascript_program_gets_each_event_once_across_a_restart(server: ServerProcess, tmp_path: Path) -> None:
    project, node = packages.new_javascript_project(tmp_path), shutil.which("node")
    assert node is not None
    program = shown_in("clients/js/README.md", server, project, "js", [node, "--experimental-websocket"])
    with program.running():
        eventually(lambda: "subscribed" in program.shown)
        restart_meanwhile(server, program)
    assert program.got == FIRST + MISSED + LAST

    # Without the option, Node 20 has no WebSocket: the client falls back to a stream, also across a restart.
    streaming = shown_in("docs/clients.md", server, project, "js", [node], place=1)
    streaming.output = tmp_path / "output of the stream"
    with streaming.running():
        eventually(streaming.has(LAST[-1]))
        server.stop()
        emit_while_down(server, ["server-40"])
        server.start()
        eventually(streaming.has(LAST[-1], "server-40"))
        emit_many(server, ["server-41"], "error")
        eventually(streaming.has(LAST[-1], "server-40", "server-41"))
    assert streaming.got == [LAST[-1], "server-40", "server-41"]

    keeping = shown_in("docs/clients.md", server, project, "js", [node, "--experimental-websocket"])
    keeping.output, kept = tmp_path / "output of docs", project / "kept.json"
    with keeping.running():
        eventually(lambda: kept.exists() and json.loads(kept.read_text())["position"])
    emit_many(server, ["server-60", "server-61"], "error")
    with keeping.running():
        eventually(keeping.has("server-41", "server-60", "server-61"))


def restart_meanwhile(server: ServerProcess, program: Program) -> None:
    emit_many(server, FIRST, "error")
    eventually(program.has(*FIRST))
    server.stop()
    emit_while_down(server, MISSED)
    server.start()
    eventually(program.has(*FIRST, *MISSED))
    emit_many(server, LAST, "error")
    eventually(program.has(*FIRST, *MISSED, *LAST))


def test_the_python_program_gets_each_event_once_across_a_restart_and_one_of_its_own(
    server: ServerProcess, tmp_path: Path
) -> None:
    installed = packages.installed_wheel(tmp_path)
    program = shown_in("clients/python/README.md", server, tmp_path, "python", [sys.executable])
    program.environment["PYTHONPATH"] = str(installed)
    kept = tmp_path / "position"
    with program.running():
        eventually(kept.exists)
        restart_meanwhile(server, program)
        head = server.position()
        eventually(lambda: kept.read_text().endswith(f"-{head}"))
    while_away = ["server-40", "server-41"]
    emit_many(server, while_away, "critical")
    with program.running():
        eventually(program.has(*FIRST, *MISSED, *LAST, *while_away))
        emit_many(server, ["server-50"], "error")
        eventually(program.has(*FIRST, *MISSED, *LAST, *while_away, "server-50"))
    assert program.got == [*FIRST, *MISSED, *LAST, *while_away, "server-50"]
    for page, place in (("clients/python/README.md", 1), ("docs/clients.md", 0)):
        other = shown_in(page, server, tmp_path, "python", [sys.executable], place)
        other.environment["PYTHONPATH"] = str(installed)
        other.output = tmp_path / f"output {place}"
        with other.running():
            eventually(other.has("server-50"))
