"""Another file comes in the place of an SQLite database that is in use, or none: nobody goes on with the old one."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.client import connected
from tests.conftest import MakeServer, Template
from tests.database.copies import SQLiteDatabase
from tests.servers import ServerProcess
from tests.settings import POSTGRES, TEST_SERVER
from tests.waiting import WITHIN_S, eventually

pytestmark = pytest.mark.skipif(POSTGRES is not None, reason="is about SQLite")

EVENT = {"type": "user_logout", "data": {"username": "alice"}}
SERVICE_RESTART = 1012


def replaced(path: Path, other: Path) -> None:
    copy = path.with_name("copy")
    shutil.copy(other, copy)
    copy.rename(path)


def deleted(path: Path, other: Path) -> None:
    path.unlink()


def without_log(path: Path, other: Path) -> None:
    for beside in ("-wal", "-shm"):
        path.with_name(path.name + beside).unlink()


def log_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def status_of_post(server: ServerProcess) -> int | None:
    headers = {"Authorization": f"Bearer {server.token('emitter')}"}
    try:
        return httpx.post(f"{server.url}/api/v1/events/", headers=headers, json=EVENT).status_code
    except httpx.TransportError:
        return None


@pytest.mark.skipif(TEST_SERVER == "daphne", reason="Daphne ends without a close code")
@pytest.mark.parametrize(
    ("change", "words"),
    [(replaced, "is another file now"), (deleted, "is gone"), (without_log, "was deleted or replaced")],
)
async def test_a_server_whose_file_is_not_its_own_any_more_sends_its_clients_away_and_ends(
    make_server: MakeServer, template: Template, change: Callable[[Path, Path], None], words: str
) -> None:
    server = make_server()
    assert isinstance(server.database, SQLiteDatabase)
    assert isinstance(template.database, SQLiteDatabase)
    async with connected(server) as client:
        await client.subscribe("user_logout")
        assert await asyncio.to_thread(status_of_post, server) == 201
        assert (await client.receive())["type"] == "user_logout"
        change(server.database.path, template.database.path)
        assert await asyncio.to_thread(status_of_post, server) in (503, None)
        assert await client.closed() == SERVICE_RESTART
    assert await asyncio.to_thread(server.wait) == 1
    assert server.log.count("must be started again") == 1
    assert words in server.log
    assert "Traceback" not in server.log


async def test_a_server_that_nobody_asks_anything_notices_at_its_look(
    make_server: MakeServer, template: Template
) -> None:
    server = make_server()
    assert isinstance(server.database, SQLiteDatabase)
    assert isinstance(template.database, SQLiteDatabase)
    async with connected(server):
        replaced(server.database.path, template.database.path)
        assert await asyncio.to_thread(server.wait) == 1


@pytest.mark.skipif(TEST_SERVER == "daphne", reason="Daphne has no workers")
async def test_workers_are_replaced_by_some_that_serve_the_new_file(
    make_server: MakeServer, template: Template
) -> None:
    server = make_server(env={"EVENTHUB_WORKERS": "2"})
    assert isinstance(server.database, SQLiteDatabase)
    assert isinstance(template.database, SQLiteDatabase)
    log = log_of(server.database.path)
    assert [await asyncio.to_thread(status_of_post, server) for _ in range(3)] == [201] * 3
    async with connected(server) as client:
        # What is in it, SQLite would apply to the new file.
        await asyncio.to_thread(eventually, lambda: not log.stat().st_size)
        replaced(server.database.path, template.database.path)
        assert await client.closed() == SERVICE_RESTART
    assert server.position() == 0
    await asyncio.to_thread(eventually, lambda: status_of_post(server) == 201)
    assert server.position() == 1
    # The other one has perhaps not been asked yet; nobody writes to what is gone.
    await asyncio.to_thread(eventually, lambda: [status_of_post(server) for _ in range(20)] == [201] * 20)
    assert server.position() > 20


async def test_a_monitor_whose_file_is_not_its_own_any_more_ends(make_server: MakeServer, template: Template) -> None:
    server = make_server(start=False)
    assert isinstance(server.database, SQLiteDatabase)
    assert isinstance(template.database, SQLiteDatabase)
    database, other = server.database.path, template.database.path

    def replace_when_it_leads() -> None:
        eventually(lambda: server.database.rows("SELECT 1 FROM mcp_monitorlease WHERE epoch > 0"))
        replaced(database, other)

    replacing = asyncio.create_task(asyncio.to_thread(replace_when_it_leads))
    done = await asyncio.to_thread(server.manage, "monitor_mcps", check=False, timeout=WITHIN_S)
    await replacing
    assert done.returncode == 5
    assert "is another file now" in done.stderr
    assert "Traceback" not in done.stderr
