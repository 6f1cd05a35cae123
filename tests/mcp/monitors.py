"""`manage.py monitor_mcps` as a process, and what it has written."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from typing import Any

from tests.processes.commands import CommandProcess, running
from tests.servers import ServerProcess
from tests.waiting import WITHIN_S

LOOPBACK = {"MCP_ALLOWED_NETWORKS": "127.0.0.0/8"}
LEADS = "This monitor leads"
WAITS = "Another monitor leads"

# So quick that a server that is down is auto-disabled within seconds; but one that is well may take its time.
QUICK = {
    "check_interval_s": 1,
    "timeout_s": WITHIN_S,
    "degraded_latency_ms": 120_000,
    "fall": 1,
    "rise": 1,
    "failure_threshold": 2,
    "open_base_s": 1,
    "open_max_s": 2,
    "half_open_successes": 1,
    "max_failure_cycles": 2,
    "min_down_s": 0,
    "recovery_interval_s": 1,
}


def register(server: ServerProcess, **urls: str) -> None:
    """MCP servers of these names, in the database of this server."""
    rows = [{"name": name, "url": url, **QUICK} for name, url in urls.items()]
    code = f"import json\nfor row in json.loads({json.dumps(rows)!r}): McpServer.objects.create(**row)"
    server.manage("shell", "-v", "0", "-c", f"from events.mcp.models import McpServer\n{code}")


def monitors(server: ServerProcess, count: int) -> AbstractContextManager[list[CommandProcess]]:
    return running(server, "monitor_mcps", count)


def transitions(server: ServerProcess) -> list[tuple[str, str, str, str]]:
    """Server, axis, old and new, as they happened."""
    joined = "mcp_mcptransition t JOIN mcp_mcpserver s ON s.id = t.server_id"
    return [tuple(row) for row in server.database.rows(f"SELECT name, axis, old, new FROM {joined} ORDER BY t.id")]  # noqa: S608


def events(server: ServerProcess, type: str) -> list[dict[str, Any]]:
    found = server.database.rows(f"SELECT data FROM events_event WHERE type_id = '{type}' ORDER BY id")  # noqa: S608
    return [json.loads(data) for (data,) in found]
