"""What Django is told of the database that DATABASE_URL names."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any, NoReturn

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from environs import EnvError

from events.database.postgresql.growth import grow_for_those_who_wait

SQLITE = "django.db.backends.sqlite3"
POSTGRESQL = "django.db.backends.postgresql"
OUR_BACKENDS = {SQLITE: "events.database.sqlite", POSTGRESQL: "events.database.postgresql"}

OLDEST_SQLITE = (3, 35)  # from there on INSERT tells the primary keys it has given

LOCK_S = 10  # a writer waits that long for another, then its caller is told

NO_SCHEME = "it begins with sqlite:/// or postgres://."
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
SSL_FILES = ("sslrootcert", "sslcert", "sslkey")
SEVERAL = re.compile(r"(?P<before>postgres(?:ql)?://(?:[^@/?#]*@)?)(?P<hosts>[^@/?#]*,[^@/?#]*)(?P<after>[/?#].*)?")
HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\[\]:]+)(?::([0-9]{1,5}))?")
PORT = 5432


def parse_database_url(text: str) -> dict[str, Any]:
    """Parse a DATABASE_URL, in which several hosts of PostgreSQL may stand, with commas in between: the one that can be
    written to is taken. Raises EnvError, which quotes no password."""
    several = SEVERAL.fullmatch(text)
    if several:
        text = f"{several['before']}localhost{several['after'] or ''}"
    try:
        url: dict[str, Any] = dict(dj_database_url.parse(text))
    except dj_database_url.UnknownSchemeError:
        refuse(NO_SCHEME)
    except ValueError as error:
        refuse(str(error))
    if url["ENGINE"] not in OUR_BACKENDS:
        refuse(NO_SCHEME)
    options = url.setdefault("OPTIONS", {})
    if several:
        found = [HOST.fullmatch(host) for host in several["hosts"].split(",")]
        if not all(found):
            refuse("in a list of hosts, each is host or host:port.")
        url["HOST"] = ",".join(each[1].strip("[]") for each in found if each)
        url["PORT"] = ",".join(each[2] or str(PORT) for each in found if each)
        options.setdefault("target_session_attrs", "read-write")
    if options.get("sslmode", SSL_MODES[0]) not in SSL_MODES:
        refuse(f"sslmode={options['sslmode']!r} is none of {', '.join(SSL_MODES)}.")
    for name in SSL_FILES:
        if (file := options.get(name, "system")) != "system" and not Path(file).is_file():
            refuse(f"{name}={file!r} is no file.")
    return url


def refuse(why: str) -> NoReturn:
    raise EnvError(f'Environment variable "DATABASE_URL" invalid: {why}')


def database_settings(url: dict[str, Any], *, pooler: bool = False) -> dict[str, Any]:
    """Return the settings of a parsed DATABASE_URL with what the log needs of that database. With a `pooler` in
    transaction mode, such as PgBouncer, nothing is asked for that lasts longer than a transaction."""
    options = url.setdefault("OPTIONS", {})
    if url["ENGINE"] == SQLITE:
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            oldest = ".".join(map(str, OLDEST_SQLITE))
            raise ImproperlyConfigured(
                f"This Python has SQLite {sqlite3.sqlite_version}; eventhub needs {oldest} or newer, or PostgreSQL "
                "(DATABASE_URL)."
            )
        # IMMEDIATE: a transaction that reads before it writes would otherwise fail at once when another
        # process writes in between. FULL: an event that was acknowledged survives a power cut.
        options |= {
            "transaction_mode": "IMMEDIATE",
            "timeout": LOCK_S,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL",
        }
    elif url["ENGINE"] == POSTGRESQL:
        url["OPTIONS"] = (POSTGRESQL_OPTIONS if pooler else POSTGRESQL_OPTIONS | FOR_A_SESSION) | options
        url["DISABLE_SERVER_SIDE_CURSORS"] = pooler
    url["ENGINE"] = OUR_BACKENDS.get(url["ENGINE"], url["ENGINE"])
    return url


POSTGRESQL_OPTIONS = {
    # A pool per process: under ASGI each thread would otherwise open a connection for each request. Delivery keeps up
    # to 9 of them, a web process's requests share the rest. While the server is away, a request for a connection waits
    # for `timeout`, in which a restart may be over, and then fails. The pool would wait twice as long before each next
    # try; so it is made to give up after one, and to begin anew.
    "pool": {
        "min_size": 1,
        "max_size": 20,
        "timeout": 5,
        "reconnect_timeout": 0.25,
        "reconnect_failed": grow_for_those_who_wait,
    },
    # A server that vanished without a word is given up after about as long; TCP by itself would wait for hours.
    "connect_timeout": 5,
    "tcp_user_timeout": LOCK_S * 1000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
FOR_A_SESSION = {
    "options": f"-c lock_timeout={LOCK_S}s",
    "prepare_threshold": 5,  # uses of a statement of a `prepared_cursor`
}
