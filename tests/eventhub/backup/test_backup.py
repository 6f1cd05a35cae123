"""What `backup` has copied while all runs, `restore` puts back, in a new epoch."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import MakeServer
from tests.emitting import emit
from tests.servers import ServerProcess
from tests.settings import POSTGRES

pytestmark = pytest.mark.postgres


@pytest.fixture
def server(make_server: MakeServer) -> ServerProcess:
    """With the programs of PostgreSQL in its path, where that is what it runs on."""
    path = os.environ["PATH"]
    if POSTGRES is not None:
        path = f"{Path(POSTGRES.program('pg_dump')).parent}:{path}"
    return make_server(env={"PATH": path}, server="uvicorn")


def names(server: ServerProcess) -> list[str]:
    return [row[0] for row in server.database.rows("SELECT data FROM events_event ORDER BY id")]


def epoch(server: ServerProcess) -> str:
    return str(server.database.rows("SELECT epoch FROM events_loghead")[0][0])


def test_a_backup_that_was_made_while_all_ran_is_put_back_in_a_new_epoch(server: ServerProcess, tmp_path: Path) -> None:
    emit(server, "user_login", username="before", severity="info")
    kept, old = names(server), epoch(server)
    copy = tmp_path / "copy"
    server.manage("backup", str(copy))
    assert [oct(each.stat().st_mode & 0o077) for each in (copy, *copy.iterdir())] == ["0o0"] * 3  # copy, data and key
    emit(server, "user_login", username="after", severity="info")
    refused = server.manage("restore", str(copy), "--yes", check=False)
    assert (refused.returncode, "stop it first" in refused.stderr) == (1, True)
    server.stop()
    key = server.var_dir / "secret_key"
    was = key.read_text()
    key.write_text("another")
    server.manage("restore", str(copy), "--yes")
    assert names(server) == kept
    assert epoch(server) != old
    assert key.read_text() == was
    assert server.var_dir.joinpath("secret_key").stat().st_mode & 0o077 == 0
    assert "No hole" in server.manage("verify_log").stdout
    server.start()
    emit(server, "user_login", username="again", severity="info")


def test_a_backup_of_an_older_version_begins_a_new_epoch_too_and_what_comes_next_is_told(
    server: ServerProcess, tmp_path: Path
) -> None:
    server.stop()
    server.database.change("ALTER TABLE events_loghead DROP COLUMN timeline")
    server.database.change("DELETE FROM django_migrations WHERE app = 'events' AND name >= '0022'")
    old = epoch(server)
    server.manage("backup", str(tmp_path / "copy"))
    said = server.manage("restore", str(tmp_path / "copy"), "--yes").stdout
    assert "run manage.py bootstrap before you start" in said
    assert epoch(server) != old


def test_no_copy_is_overwritten_and_what_is_none_is_not_put_in_place(server: ServerProcess, tmp_path: Path) -> None:
    server.stop()
    taken = server.manage("backup", str(tmp_path), check=False)
    assert (taken.returncode, "is there already" in taken.stderr) == (1, True)
    nothing = server.manage("restore", str(tmp_path), "--yes", check=False)
    assert (nothing.returncode, "There is no" in nothing.stderr) == (1, True)
    before = epoch(server)
    for name in ("eventhub.sqlite3", "eventhub.dump"):
        (tmp_path / name).write_bytes(b"no database" * 100)
    broken = server.manage("restore", str(tmp_path), "--yes", check=False)
    assert broken.returncode == 1
    assert epoch(server) == before
