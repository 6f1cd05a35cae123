"""PostgreSQL behind a PgBouncer in transaction mode: each statement may run on another connection, and none is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.conftest import MakeServer
from tests.database.copies import PostgresDatabase
from tests.database.postgres import USER, PostgresServer
from tests.faults.installations.pgbouncer import MISSING, POOL, PROGRAM, PgBouncer, running_pgbouncer
from tests.faults.publishing import publishing
from tests.faults.readiness import hears_doorbells, ready
from tests.faults.subscriber import subscribed
from tests.faults.tally import NOTHING, tally
from tests.servers import ServerProcess

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.needs_postgres,
    pytest.mark.skipif(PROGRAM is None, reason=MISSING),
]

USUAL = "10s"  # of lock_timeout, as docs/operations.md tells operators to set it


@pytest.fixture(scope="module")
def pgbouncer(postgres: PostgresServer) -> Iterator[PgBouncer]:
    with running_pgbouncer(postgres) as pgbouncer:
        yield pgbouncer


def behind(pgbouncer: PgBouncer, make_server: MakeServer, options: str = "") -> ServerProcess:
    """Return a server, not started, whose database is behind this PgBouncer."""
    server = make_server(start=False)
    assert isinstance(server.database, PostgresDatabase)
    name = server.database.name
    server.database.change(f"ALTER ROLE {USER} IN DATABASE {name} SET lock_timeout = '{USUAL}'")
    server.env |= {"DATABASE_URL": pgbouncer.url(name, options), "EVENTHUB_DATABASE_POOLER": "1"}
    return server


def left_behind(pgbouncer: PgBouncer, name: str) -> set[tuple[str, ...]]:
    """Return what the connections of the pooler have of settings that a client could have left there."""
    query = "SELECT pg_backend_pid(), current_setting('lock_timeout'), current_setting('search_path')"
    with psycopg.connect(pgbouncer.url(name), autocommit=True, prepare_threshold=None) as client:
        rows = [client.execute(query).fetchone() for _ in range(4 * POOL)]
    return {tuple(row[1:]) for row in rows if row is not None}


async def test_events_arrive_by_a_pooler_also_after_it_was_killed_and_nothing_is_left_in_its_connections(
    make_server: MakeServer, pgbouncer: PgBouncer
) -> None:
    server = behind(pgbouncer, make_server).start()
    assert isinstance(server.database, PostgresDatabase)
    async with subscribed(server) as everything, subscribed(server, names={"a"}) as some:
        async with publishing(server, "mixed", ways="mixed") as mixed:
            await hears_doorbells(server, everything)
            await mixed.more(100)
        # With keys: whether a transaction was committed whose connection breaks then, nobody knows without.
        async with publishing(server, ways="keyed") as publisher:
            await publisher.more(100)
            pgbouncer.kill()
            await asyncio.to_thread(pgbouncer.start)
            await ready(server)
            # What waits for locks, and what reads many rows: by a cursor of the server, if that were let.
            assert "W033" not in server.manage("doctor", check=False).stdout
            server.manage("verify_log")
            await publisher.more(100)
            await hears_doorbells(server, everything)
        assert await tally(server, everything, some, publishers=[mixed, publisher]) == NOTHING
        assert everything.closed == some.closed == []
        assert left_behind(pgbouncer, server.database.name) == {(USUAL, '"$user", public')}
    with httpx.Client(base_url=server.url, cookies={"sessionid": server.session("admin")}) as browser:
        assert browser.get("/admin/events/eventtype/user_login/change/").status_code == 200  # with lists to choose from


def test_a_backup_does_not_go_through_a_pooler(make_server: MakeServer, pgbouncer: PgBouncer, tmp_path: Path) -> None:
    server = behind(pgbouncer, make_server)
    done = server.manage("backup", str(tmp_path / "copy"), check=False)
    assert (done.returncode, "give DATABASE_URL of the server itself" in done.stderr) == (1, True)
    assert not (tmp_path / "copy").exists()


def test_the_doctor_names_a_role_that_waits_for_ever(make_server: MakeServer, pgbouncer: PgBouncer) -> None:
    server = behind(pgbouncer, make_server)
    assert isinstance(server.database, PostgresDatabase)
    name = server.database.name
    server.database.change(f"ALTER ROLE {USER} IN DATABASE {name} RESET lock_timeout")
    told = server.manage("doctor", check=False).stdout
    assert f"ALTER ROLE {USER} IN DATABASE {name} SET lock_timeout = '10s'" in told


def test_a_certificate_of_the_database_is_believed_only_by_its_authority(
    make_server: MakeServer, pgbouncer: PgBouncer
) -> None:
    trusted, not_trusted = (
        behind(pgbouncer, make_server, f"?sslmode=verify-full&sslrootcert={pgbouncer.folder}/{name}.pem")
        for name in ("authority", "stranger")
    )
    trusted.manage("emit_event", "user_login", "username=ada")
    assert trusted.position() == 1
    done = not_trusted.manage("emit_event", "user_login", "username=ada", check=False)
    assert (done.returncode, not_trusted.position()) == (5, 0)
