"""`manage.py restore`: put a copy back that `manage.py backup` has made."""

from __future__ import annotations

import os
import shutil
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.db import Error as DatabaseError

from eventhub.backup import stores
from eventhub.backup.stores import CannotCopy
from eventhub.server.health import check_migrations
from eventhub.server.lock import Locked, only_one
from events.cli.command import Error, EventhubCommand, ExitCode
from events.models import HubProcess

HEARD_OF = timedelta(seconds=15)


class Command(EventhubCommand):
    help = "Put a backup in the place of the database, and begin a new epoch of the log. All that is newer is lost."
    epilog = """
Stop every process first: serve, monitors, whatever else broadcasts. Clients that resume are told that they have a gap.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="what `backup` has made")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *, folder: Path, yes: bool, **options: Any) -> None:
        os.umask(0o077)  # the database may not be there yet
        file = folder / stores.file_name()
        if not file.is_file():
            raise Error(f"There is no {file}: give a folder that `backup` has made of a database of this kind.")
        try:
            with only_one(settings.EVENTHUB_VAR_DIR / "serve.lock"):
                self.refuse_while_others_run()
                if not yes and not self.confirmed():
                    raise Error("Nothing changed.")
                epoch = stores.restore(file)
                self.restore_key(folder)
        except Locked as error:
            raise Error(f"serve still runs as process {error.pid}: stop it first (kill {error.pid}).") from error
        except CannotCopy as error:
            raise Error(str(error)) from error
        then = "Start the processes again."
        if check_migrations() != "ok":
            then = "It is of an older version: run manage.py bootstrap before you start the processes again."
        self.stdout.write(f"{file} is in place, in the new epoch {epoch}. {then}")

    def refuse_while_others_run(self) -> None:
        try:
            alive = [str(each) for each in HubProcess.objects.with_age() if each.age < HEARD_OF]  # type: ignore[attr-defined]
        except DatabaseError:  # it is empty, or damaged: that is why somebody restores it
            return
        if alive:
            raise Error(f"These still run, or did so {HEARD_OF.seconds} s ago; stop them first: {', '.join(alive)}.")

    def restore_key(self, folder: Path) -> None:
        key = folder / stores.KEY_FILE
        if key.exists() and (not stores.own_key().exists() or key.read_text() != stores.own_key().read_text()):
            shutil.copyfile(key, stores.own_key())
            stores.own_key().chmod(0o600)
            self.stdout.write(f"{stores.own_key()} is the one of the backup again.")

    def confirmed(self) -> bool:
        if not sys.stdin.isatty():
            raise Error("Give --yes where nobody can be asked.", ExitCode.USAGE)
        self.tell("All that came into the database after the backup was made is lost.")
        self.stderr.write("Go on? [y/N] ", ending="")
        self.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")
