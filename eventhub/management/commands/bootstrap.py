"""`manage.py bootstrap`: the first step of `make run`."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from eventhub.local.first_run import make_people
from eventhub.local.retention import begin_retention
from eventhub.local.welcome import kept_for, secrets_again, secrets_once
from eventhub.server.lock import Locked, only_one
from eventhub.server.sockets import CannotListen, listen
from eventhub.static import collect_static
from events.database.trouble import is_away


class Command(BaseCommand):
    help = "Make database, static files and first users ready for `serve`. Run it again only while that is stopped."

    def handle(self, *args: Any, **options: Any) -> None:
        self._refuse_what_serve_would()
        rings, settings.EVENTHUB_DOORBELLS = settings.EVENTHUB_DOORBELLS, False  # nobody listens yet
        try:
            self._make_ready()
        except DatabaseError as error:
            if not is_away(error):
                raise
            raise CommandError(f"The database cannot be used; DATABASE_URL says where it is. {error}") from error
        finally:
            settings.EVENTHUB_DOORBELLS = rings

    def _make_ready(self) -> None:
        executor = MigrationExecutor(connection)
        if missing := executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write(f"Applying {len(missing)} database migrations …")
            call_command("migrate", verbosity=0)
        if collect_static():
            self.stdout.write("Collected the static files.")
        people = make_people()
        if people and begin_retention():
            self.stdout.write(kept_for())
        host, ports = settings.EVENTHUB_HOST, settings.EVENTHUB_PORTS
        self.stdout.write(secrets_once(people, host, ports) if people else secrets_again())

    def _refuse_what_serve_would(self) -> None:
        """Refuse, before anything is made, what `serve` would refuse; above all before secrets are shown that an error
        would scroll away."""
        try:
            with only_one(settings.EVENTHUB_VAR_DIR / "serve.lock"):
                for port in settings.EVENTHUB_PORTS:
                    with closing(listen(settings.EVENTHUB_HOST, port)):
                        pass
        except Locked as error:
            raise CommandError(
                f"eventhub already runs in this folder as process {error.pid}: open it in a browser, "
                f"or stop it first (Ctrl-C there, or kill {error.pid})."
            ) from error
        except CannotListen as error:
            raise CommandError(str(error)) from error
