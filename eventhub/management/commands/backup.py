"""`manage.py backup`: a copy of the database and of the secret key."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from eventhub.backup import stores
from eventhub.backup.stores import CannotCopy
from events.cli.command import Error, EventhubCommand


class Command(EventhubCommand):
    help = "Copy the database and the secret key into a new folder. Everything may run meanwhile."
    epilog = """
examples:
  backup /srv/backups/eventhub-2026-11-29
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="a folder that is not there yet; only its owner may read it")

    def handle(self, *, folder: Path, **options: Any) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True)
        except FileExistsError as error:
            raise Error(f"{folder} is there already: give a new one, so that no copy is lost.") from error
        except OSError as error:
            raise Error(f"{folder} cannot be made: {error.strerror}") from error
        os.umask(0o077)
        file = folder / stores.file_name()
        try:
            stores.back_up(file)
        except CannotCopy as error:
            shutil.rmtree(folder)
            raise Error(str(error)) from error
        self.stdout.write(f"{file}: {file.stat().st_size:,} bytes")
        if os.environ.get("EVENTHUB_SECRET_KEY") or not stores.own_key().exists():
            self.tell("The secret key is set by EVENTHUB_SECRET_KEY: keep that, too.")
        elif stores.own_key().read_text().strip() == settings.SECRET_KEY:
            shutil.copyfile(stores.own_key(), folder / stores.KEY_FILE)
            self.stdout.write(str(folder / stores.KEY_FILE))
