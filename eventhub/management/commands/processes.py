"""`manage.py processes`: the processes of a Procfile, as `make run` starts them."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from eventhub.local.processes import run


class Command(BaseCommand):
    help = "Run everything in the Procfile until Ctrl-C, as the last step of `make run`."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("procfile", nargs="?", default="Procfile", help="the file to use, such as Procfile.demo")

    def handle(self, *, procfile: str, **options: Any) -> None:
        file = settings.BASE_DIR / procfile
        if not file.is_file():
            raise CommandError(f"There is no {file}: name a file such as Procfile, in {settings.BASE_DIR}.")
        sys.exit(run(file))
