"""How each database is copied and put back."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from django.conf import settings
from django.db import connection

from events.models import LogHead
from events.models.event import new_epoch

SQLITE_FILE = "eventhub.sqlite3"
POSTGRESQL_FILE = "eventhub.dump"
KEY_FILE = "secret_key"
TABLE = LogHead._meta.db_table
RENEW = f"UPDATE {TABLE} SET epoch = {{}}"  # noqa: S608  by no model: a copy may be older, and lack columns
# How the programs of PostgreSQL are told what an address has told us.
OPTIONS = {
    **{name: f"PG{name.upper()}" for name in ("sslmode", "sslrootcert", "sslcert", "sslkey")},
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}


class CannotCopy(Exception):
    """A copy that could not be made or put back; it says why."""


def file_name() -> str:
    return SQLITE_FILE if connection.vendor == "sqlite" else POSTGRESQL_FILE


def own_key() -> Path:
    """Return where the secret key is, if no setting gives it."""
    return Path(settings.EVENTHUB_VAR_DIR) / KEY_FILE


def back_up(file: Path) -> None:
    """Copy the database as it is at one moment; everything may run meanwhile. Raises CannotCopy."""
    if connection.vendor == "sqlite":
        copy_sqlite(Path(str(connection.settings_dict["NAME"])), file)
    else:
        run("pg_dump", "--format=custom", f"--file={file}")


def restore(file: Path) -> str:
    """Put a copy in the place of the database, and begin a new epoch, which is returned. Raises CannotCopy."""
    connection.close()
    if connection.vendor == "sqlite":
        return restore_sqlite(file, Path(str(connection.settings_dict["NAME"])))
    run("pg_restore", "--clean", "--if-exists", "--single-transaction", f"--dbname={database_name()}", str(file))
    epoch = new_epoch()
    with connection.cursor() as cursor:
        cursor.execute(RENEW.format("%s"), [epoch])
    return epoch


def restore_sqlite(file: Path, database: Path) -> str:
    """Do that by way of a copy, which is in its new epoch before anybody can read it."""
    prepared = database.with_name(f"{database.name}.restoring")
    prepared.unlink(missing_ok=True)
    epoch = new_epoch()
    try:
        copy_sqlite(file, prepared)
        with closing(sqlite3.connect(prepared)) as copy:
            copy.execute(RENEW.format("?"), [epoch])
            copy.commit()
        copy_sqlite(prepared, database)
    except sqlite3.Error as error:
        raise CannotCopy(f"{file} cannot be put in place: {error}") from error
    finally:
        prepared.unlink(missing_ok=True)
    return epoch


def copy_sqlite(source: Path, target: Path) -> None:
    if not source.is_file():
        raise CannotCopy(f"There is no {source}.")
    try:
        with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(target)) as copy:
            if original.execute("PRAGMA quick_check").fetchone() != ("ok",):
                raise CannotCopy(f"{source} is damaged: it does not pass SQLite's check.")
            original.execute(f"SELECT epoch FROM {TABLE}").fetchone()  # noqa: S608
            original.backup(copy)
    except sqlite3.Error as error:
        raise CannotCopy(f"{source} cannot be copied to {target}: {error}") from error


def database_name() -> str:
    return str(connection.settings_dict["NAME"])


def run(program: str, *arguments: str) -> None:
    """Run a program of PostgreSQL, which gets the password by its environment: others can see arguments."""
    told = connection.settings_dict
    if told.get("DISABLE_SERVER_SIDE_CURSORS"):  # it would leave settings behind in connections that others get
        raise CannotCopy(f"{program} cannot go through a pooler: give DATABASE_URL of the server itself for it.")
    given = {f"PG{name}": str(told[name]) for name in ("HOST", "PORT", "USER", "PASSWORD") if told[name]}
    given |= {variable: told["OPTIONS"][name] for name, variable in OPTIONS.items() if name in told["OPTIONS"]}
    try:
        done = subprocess.run(
            [program, *arguments],
            env={**os.environ, **given, "PGDATABASE": database_name()},
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise CannotCopy(f"{program} is not installed (Debian and Ubuntu: apt install postgresql-client).") from error
    if done.returncode:
        raise CannotCopy(f"{program} failed: {done.stderr.strip()}")
