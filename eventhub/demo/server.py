"""A real MCP server of the demo, and the troubles that can be made for it."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import signal
import socket
import subprocess
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from events.mcp.breaker import Feeds, Outcome
from events.mcp.probe import Target, new_client, probe
from events.outbound.address import AddressGuard

INSTALLED = Path(__file__).resolve().parents[2] / ".venv-mcp"  # by bin/mcp-servers
START_S = 20.0
END_S = 3.0  # for a server that is told to end


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        return int(listening.getsockname()[1])


@dataclass
class DemoServer:
    """Runs in a process group of its own, in `folder`, on a port of 127.0.0.1 that was free."""

    name: str
    what: str
    program: str
    bridge: str
    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    descriptions: dict[str, str] = field(default_factory=dict)  # of tools; fastmcp's alone
    is_given_up: bool = False  # by the monitor, when it stays down; of the others only the circuits open

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    def answers(self) -> bool:
        """Return whether it is up, by a deep check; the first one may have to wait for a process to start."""

        async def ask() -> Outcome:
            async with new_client(AddressGuard.of_settings()) as client:
                return await probe(client, Target(self.url, timeout_s=START_S), deep=True)

        return asyncio.run(ask()).feeds == Feeds.SUCCESS

    @property
    def _child(self) -> Path:
        return self.folder / f"{self.name}.child"

    def start(self) -> None:
        program = INSTALLED / "servers" / "bin" / self.program
        # The shell leaves its number behind and becomes the server, so that there is a child to kill.
        child = ["sh", "-c", f"echo $$ > {shlex.quote(str(self._child))}; exec {shlex.quote(str(program))}"]
        with (self.folder / f"{self.name}.log").open("wb") as log:
            self.process = subprocess.Popen(
                self._bridged(child), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def _bridged(self, child: list[str]) -> list[str]:
        at = ["--host", "127.0.0.1", "--port", str(self.port)]
        if self.bridge == "fastmcp":
            config = self.folder / f"{self.name}.json"
            tools = {name: {"description": text} for name, text in self.descriptions.items()}
            served = {"command": child[0], "args": child[1:], **({"tools": tools} if tools else {})}
            config.write_text(json.dumps({"mcpServers": {self.name: served}}))
            fastmcp = INSTALLED / "servers" / "bin" / "fastmcp"
            return [str(fastmcp), "run", str(config), "--transport", "http", *at, "--no-banner"]
        stateless = ["--stateless"] if self.bridge == "mcp-proxy --stateless" else []
        proxy = INSTALLED / "bridge" / "bin" / "mcp-proxy"
        return [str(proxy), *at, *stateless, "--", *child]

    def kill_child(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(int(self._child.read_text()), signal.SIGKILL)

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        if self.process is None:
            return
        self._signal(signal.SIGTERM)
        self.resume()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(END_S)
        self._signal(signal.SIGKILL)
        self.process.wait()
        self.process = None

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)


def cast(folder: Path) -> list[DemoServer]:
    """Return the three servers, under the names that people know from the examples."""
    return [
        DemoServer(
            "oracle_mcp", "mcp-server-time behind mcp-proxy", "mcp-server-time", "mcp-proxy", folder, is_given_up=True
        ),
        DemoServer(
            "postgres_mcp", "mcp-server-git behind fastmcp", "mcp-server-git", "fastmcp", folder,
            descriptions={"git_status": "Shows the working tree status"},
        ),
        DemoServer(
            "mysql_mcp", "mcp-server-fetch behind mcp-proxy --stateless", "mcp-server-fetch", "mcp-proxy --stateless",
            folder,
        ),
    ]  # fmt: skip
