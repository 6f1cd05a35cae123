"""`make demo`: real servers come up, are found healthy, and leave nothing behind."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import closing

import pytest

from tests.conftest import MakeServer
from tests.mcp.monitors import LOOPBACK
from tests.servers import ROOT
from tests.waiting import eventually


@pytest.fixture(scope="session")
def _installed_mcp_servers() -> None:
    subprocess.run(["sh", "bin/mcp-servers"], check=True, cwd=ROOT, timeout=600)


@pytest.mark.usefixtures("_installed_mcp_servers")
def test_the_demo_brings_its_servers_up_and_ctrl_c_ends_all_of_them(make_server: MakeServer) -> None:
    server = make_server(start=False, env={**LOOPBACK, "REDIS_URL": ""})
    with server.terminal(f"{sys.executable} manage.py processes Procfile.demo; echo ended with $?") as terminal:
        eventually(lambda: "Seen: all three are healthy." in server.log)
        rows = server.database.rows("SELECT name, url FROM mcp_mcpserver ORDER BY name")
        assert [name for name, _ in rows] == ["mysql_mcp", "oracle_mcp", "postgres_mcp"]
        assert all(is_up(url) for _, url in rows)
        terminal.write(b"\x03")
        eventually(lambda: "ended with 0" in server.log)
    assert "Traceback" not in server.log
    assert not any(is_up(url) for _, url in rows)


def is_up(url: str) -> bool:
    host, _, port = url.removeprefix("http://").partition("/")[0].partition(":")
    try:
        with closing(socket.create_connection((host, int(port)), timeout=2)):
            return True
    except OSError:
        return False
