"""What all tests start from: a migrated database, a copy of it with people for servers, and the collected static files.

To migrate takes several seconds of CPU, and so does collecting. So that is done once and copied. The next run has it,
too: the static files as long as no source of them is another one, and the database as long as no module of eventhub and
no release of a library is.
"""

from __future__ import annotations

import fcntl
import filecmp
import hashlib
import os
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.database.copies import SQLiteDatabase
from tests.database.postgres import PASSWORD, PostgresServer
from tests.processes import warm
from tests.waiting import WITHIN_S

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".pytest_cache"
FOR_TESTS = "migrated"  # their names on PostgreSQL
FOR_SERVERS = "template_of_servers"
COLLECTED = ".collected"  # in the folder of the static files: by it `collect_static` sees whether it is needed
MAKING_S = 5 * WITHIN_S  # all tests wait for it, so it may take its time


def make_template(folder: Path, postgres: PostgresServer | None) -> None:
    """Make all of that in an empty folder: migrated.sqlite3 and template.sqlite3, or what `postgres` begins with."""
    if postgres is None:
        migrated, with_people = folder / "migrated.sqlite3", folder / "template.sqlite3"
        migrate_or_copy(migrated, folder)
        shutil.copy(migrated, with_people)
        make_people(folder, SQLiteDatabase(with_people).url)
        return
    start_migrated(postgres, folder)
    postgres.execute(f"CREATE DATABASE {FOR_SERVERS} TEMPLATE {FOR_TESTS}")
    make_people(folder, postgres.url(FOR_SERVERS))
    postgres.stop()
    postgres.keep(folder / "postgres")


def migrate_or_copy(path: Path, folder: Path) -> None:
    kept = KEPT / f"migrated-{state_of_modules()}.sqlite3"
    with kept_is_mine():
        if kept.exists():
            shutil.copy(kept, path)
            return
    run("migrate", "--verbosity=0", folder=folder, url=SQLiteDatabase(path).url)
    with kept_is_mine():
        for older in KEPT.glob("migrated-*.sqlite3"):
            older.unlink()
        shutil.copy(path, kept)


def start_migrated(postgres: PostgresServer, folder: Path) -> None:
    """Start it with the migrated database of an earlier run, or with a new one."""
    kept = KEPT / f"postgres-{state_of_modules()}"
    password = kept / "password"
    with kept_is_mine():
        if kept.exists():
            postgres.begin_with(kept / "data", password.read_text())
            return
    postgres.start()
    postgres.execute(f"CREATE DATABASE {FOR_TESTS}")
    run("migrate", "--verbosity=0", folder=folder, url=postgres.url(FOR_TESTS))
    postgres.stop()
    with kept_is_mine():
        for older in KEPT.glob("postgres-*"):
            shutil.rmtree(older)
        made = Path(tempfile.mkdtemp(prefix="postgres-", dir=KEPT))
        postgres.keep(made / "data")
        (made / password.name).write_text(PASSWORD)
        made.rename(kept)
    postgres.start()


def state_of_modules() -> str:
    """Return what differs as soon as a migration could leave another database: rows come from code, too."""
    state = hashlib.sha256(sys.version.encode())
    state.update(Path(__file__).with_name("postgres.py").read_bytes())
    for package in ("eventhub", "events", "subscriptions"):
        for path in sorted((ROOT / package).rglob("*.py")):
            state.update(path.relative_to(ROOT).as_posix().encode())
            state.update(path.read_bytes())
    for release in sorted(Path(sysconfig.get_path("purelib")).glob("*.dist-info")):
        state.update(release.name.encode())
    return state.hexdigest()[:16]


def make_people(folder: Path, url: str) -> None:
    kept, static = KEPT / "static", folder / "static"
    with kept_is_mine():
        if kept.exists():
            shutil.copytree(kept, static)
    make = "import json; from tests import people; print(json.dumps(people.make()))"
    (folder / "tokens.json").write_text(run("shell", "--no-imports", "--command", make, folder=folder, url=url))
    with kept_is_mine():
        if kept.exists() and filecmp.cmp(kept / COLLECTED, static / COLLECTED, shallow=False):
            return
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(static, kept)


@contextmanager
def kept_is_mine() -> Iterator[None]:
    """No other run reads or writes what is kept."""
    KEPT.mkdir(exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run(*arguments: str, folder: Path, url: str) -> str:
    """Run a management command to its end, and return what it writes."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "eventhub.settings",
        "EVENTHUB_ENV_FILE": "",
        "EVENTHUB_VAR_DIR": str(folder),
        "EVENTHUB_DOORBELLS": "0",
        "EVENTHUB_SOURCES": "",  # the log of every server begins empty
        "DATABASE_URL": url,
        "PYTHONPATH": str(ROOT),
    }
    done = warm.run([str(ROOT / "manage.py"), *arguments], env=environment, input=None, timeout=MAKING_S)
    assert done.returncode == 0, done.stderr
    return done.stdout
