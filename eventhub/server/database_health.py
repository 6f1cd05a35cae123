"""Whether the database can be read and written, as cheaply as a probe each second demands.

Nothing is written to find that out, until a write has failed, of anybody in this process: then each probe tries one.
"""

from __future__ import annotations

import logging
import os
import secrets
from importlib.util import find_spec
from pkgutil import iter_modules

from django.apps import apps
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from events.database.file import lost_database
from events.database.lock_wait import lock_wait
from events.database.trouble import READ_ONLY, writing
from events.models import IdempotencyKey, LogHead

logger = logging.getLogger(__name__)

WAIT_S = 1  # for a lock; who waits for a probe has no patience
# A write that fails tells more than one that works: a small one may still find room on a disk that is full.
DOUBT_S = 5.0
HEAD = f"SELECT position FROM {LogHead._meta.db_table}"  # noqa: S608
NO_MIGRATION = "_~"  # begins the names of modules beside migrations, which Django does not take for some
READS_ONLY = "SELECT current_setting('transaction_read_only')"  # of a standby too


def check_database(migrated: bool) -> str:
    """Return what is wrong, in words for everybody, or "ok"; the log has the details. Its tables are read if the
    migrations should have made them."""
    try:
        wrong = _read(migrated)
        if not wrong and writing.why_not:
            _write()
    except DatabaseError as error:
        logger.warning("readyz: the database does not answer: %s", error)
        wrong = "does not answer"
    if lost_database.why:
        return "is not the file any more that this process began with: it ends"
    return wrong or writing.why_not or "ok"


def _read(migrated: bool) -> str:
    """Return why nothing can be written, as far as that can be read."""
    with connection.cursor() as cursor:
        cursor.execute(HEAD if migrated else "SELECT 1")
        if connection.vendor == "postgresql":
            cursor.execute(READS_ONLY)
            return READ_ONLY if cursor.fetchone() == ("on",) else ""
    if connection.vendor == "sqlite" and not os.access(connection.settings_dict["NAME"], os.W_OK):
        return READ_ONLY
    return ""


def all_migrations() -> set[tuple[str, str]]:
    """Return app and name of all there are, by their files: a server needs none of them otherwise."""
    found: set[tuple[str, str]] = set()
    for app in apps.get_app_configs():
        package, _ = MigrationLoader.migrations_module(app.label)
        spec = find_spec(package) if package else None
        folders = spec.submodule_search_locations if spec else None
        found |= {(app.label, each.name) for each in iter_modules(folders or ()) if each.name[0] not in NO_MIGRATION}
    return found


def _write() -> None:
    """Write a row and delete it; what then fails has told `writing`. Somebody else's lock proves nothing."""
    try:
        with lock_wait(WAIT_S):
            row = IdempotencyKey.objects.create(source="readyz", key=secrets.token_hex(16), created=timezone.now())
            row.delete()
    except DatabaseError as error:
        logger.warning("readyz: the database cannot be written to: %s", error)
        return
    if not writing.failed_within(DOUBT_S):
        writing.works()
