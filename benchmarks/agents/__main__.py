"""CPU of the web process for each call of an agent, polls of MCP Events and tools, and for each event of a stream."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx

from benchmarks.agents import streams
from benchmarks.bench.processes import ROOT, Failed, bench, cpu_seconds, free_port
from benchmarks.bench.tables import machine, say, show
from benchmarks.servers.installation import Installation, fresh_installation

CALLS, WARM_UP = 500, 50
START_S = 60.0
MODERN = "2026-07-28"
META = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
STATUS = "mcp_status_change"
EMIT = """
import django
django.setup()
from events.broadcast import Broadcast, broadcast_events
from events.log import reading
data = [{"mcp_name": f"server_{n}", "new_status": "active"} for n in range(1000)]
broadcast_events([Broadcast("mcp_status_change", each) for each in data])
print(reading.head())
"""
NOT_KNOWN_AFTER_S = 1.1  # a process asks for a token again after a second
TOKENS = """
import sys
import django
django.setup()
from django.contrib.auth import get_user_model
from events.access.token_terms import make_token
user = get_user_model().objects.first()
for number in range(int(sys.argv[1])):
    print(make_token(user, f"agent {number}", ["read"], None)[1])
"""


def main() -> None:
    with fresh_installation() as installation:
        # First, for each of them is an event that its agent may not see: the newest are those that it may.
        tokens = said(installation, TOKENS, str(WARM_UP + CALLS)).split()
        epoch, _, head = said(installation, EMIT).strip().partition("-")
        polls = {"name": STATUS, "cursor": f"{epoch}-{head}"}
        calls: list[tuple[str, str, dict[str, Any]]] = [
            ("events/poll, nothing new", "events/poll", polls),
            ("events/poll, one event", "events/poll", {**polls, "cursor": f"{epoch}-{int(head) - 1}"}),
            ("events/poll, 100 events", "events/poll", {**polls, "cursor": f"{epoch}-{int(head) - 100}"}),
            ("events/list", "events/list", {}),
            ("search_events, 20 events", "tools/call", {"name": "search_events", "arguments": {}}),
            ("fleet_summary", "tools/call", {"name": "fleet_summary", "arguments": {}}),
        ]
        with serving(installation) as (url, pid):
            history = ["the HTTP API: a page of 100 events", *cost_of_history(url, pid, installation.token)]
            rows = [[name, *cost(url, pid, [installation.token], method, params)] for name, method, params in calls]
            anew = [["its token used for the first time", *cost(url, pid, tokens, "events/poll", polls)]]
            time.sleep(NOT_KNOWN_AFTER_S)
            anew.append(["its token read anew", *cost(url, pid, tokens, "events/poll", polls)])
    show(
        "Calls of agents, one after the other (SQLite, 1,000 events)",
        ["call", "CPU/call, ms", "took, ms"],
        [history, *rows, *([f"events/poll, nothing new, {name}", *each] for name, *each in anew)],
        ["CPU is that of the web process with all its threads."],
    )


def said(installation: Installation, program: str, *arguments: str) -> str:
    """Return what a program has printed that runs in this installation."""
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=installation.environment, capture_output=True, check=True)
    return done.stdout.decode()


@contextmanager
def serving(installation: Installation) -> Iterator[tuple[str, int]]:
    port = free_port()
    environment = {**installation.environment, "EVENTHUB_PORTS": str(port)}
    process = subprocess.Popen([sys.executable, "manage.py", "serve"], cwd=ROOT, env=environment)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(url, time.monotonic() + START_S)
        yield url, process.pid
    finally:
        process.terminate()
        process.wait()


def wait_for(url: str, deadline: float) -> None:
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/readyz").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise Failed("the server did not start")


def cost(url: str, pid: int, tokens: Sequence[str], method: str, params: dict[str, Any]) -> tuple[float, float]:
    """Return milliseconds of CPU and of time for each call. They use the tokens one after the other."""
    headers = {"MCP-Protocol-Version": MODERN, "Mcp-Method": method}
    credentials = itertools.cycle([{"Authorization": f"Bearer {token}"} for token in tokens])
    if method == "tools/call":
        headers["Mcp-Name"] = params["name"]
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": META}}
    with httpx.Client(base_url=url, headers=headers) as client:
        return measured(pid, lambda: client.post("/mcp", json=message, headers=next(credentials)), "result")


def cost_of_history(url: str, pid: int, token: str) -> tuple[float, float]:
    """Return the same for a call of the HTTP API, to compare with."""
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}) as client:
        return measured(pid, lambda: client.get("/api/v1/events/?limit=100"), "events")


def measured(pid: int, ask: Callable[[], httpx.Response], member: str) -> tuple[float, float]:
    def call(times: int) -> None:
        for _ in range(times):
            answer = ask()
            if member not in answer.json():
                raise Failed(f"a call was answered with {answer.text}")

    call(WARM_UP)
    cpu, began = cpu_seconds(pid), time.monotonic()
    call(CALLS)
    return 1000 * (cpu_seconds(pid) - cpu) / CALLS, 1000 * (time.monotonic() - began) / CALLS


if __name__ == "__main__":
    with bench():
        say(machine())
        main()
        streams.main()
