"""A hub whose events are broadcast by another one: each is there once, in order, also if the monitor is killed."""

from __future__ import annotations

import json

from tests.conftest import MakeServer
from tests.emitting import emit_many
from tests.mcp.monitors import LOOPBACK, QUICK, events, monitors
from tests.servers import ServerProcess
from tests.waiting import eventually

MIRRORED = "hub_mcp_status_change"
REGISTER = """
import json
from events.mcp.models import McpServer, SecretBinding
url, quick = json.loads({given!r})
SecretBinding.objects.create(secret="MCP_SECRET_HUB", origin=url, bound_by="ada")
secret = {{"auth": "bearer", "secret_ref": "env:MCP_SECRET_HUB"}}
McpServer.objects.create(name="hub", url=url + "/mcp", **secret, **quick)
"""
TICK = """
from events.mcp.mirror.drafting import event_type_for
from events.mcp.models import OfferedEvent
row = OfferedEvent.objects.select_related("server").get(name="mcp_status_change")
row.event_type, row.is_mirrored = event_type_for(row), True
row.save()
"""


def run(server: ServerProcess, code: str) -> None:
    server.manage("shell", "-v", "0", "-c", code)


def offered(server: ServerProcess, column: str) -> object:
    rows = server.database.rows(f"SELECT {column} FROM mcp_offeredevent WHERE name = 'mcp_status_change'")  # noqa: S608
    return rows[0][0] if rows else None


def names(server: ServerProcess) -> list[str]:
    return [data["mcp_name"] for data in events(server, MIRRORED)]


def test_what_another_hub_broadcasts_is_here_once_and_in_order_though_the_monitor_is_killed(
    make_server: MakeServer,
) -> None:
    other = make_server()
    here = make_server(start=False, env={**LOOPBACK, "MCP_SECRET_HUB": other.token("admin")})
    run(here, REGISTER.format(given=json.dumps([other.url, QUICK])))
    with monitors(here, 1) as (first,):
        eventually(lambda: offered(here, "id"))
        assert not offered(here, "is_mirrored")
        run(here, TICK)
        eventually(lambda: offered(here, "cursor"))
        all_of_them = [f"server_{number}" for number in range(300)]
        emit_many(other, all_of_them)
        eventually(lambda: names(here))
        first.kill()
    emit_many(other, ["one_more"])
    with monitors(here, 1):
        eventually(lambda: names(here)[-1] == "one_more")
        assert names(here) == [*all_of_them, "one_more"]
        assert not offered(here, "missing_at")
        other.manage("new_epoch", "--yes")
        eventually(lambda: offered(here, "missing_at"))
