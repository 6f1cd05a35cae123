"""`manage.py serve`: the web server, in one process or several."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.module_loading import import_string

from eventhub.local.welcome import things_to_try, up
from eventhub.server.lock import Locked, only_one
from eventhub.server.serve import SERVERS, run_uvicorn
from eventhub.server.sockets import CannotListen, listen, reserve
from eventhub.server.workers import Workers
from eventhub.static import collect_static
from events.database.file import lost_database
from events.log.sequencer import WATCH_BESIDE_SOCKETS_S, sequencing


class Command(BaseCommand):
    help = "Serve page, API and WebSockets until SIGINT or SIGTERM (exit code 0; 1 if it cannot start)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.EVENTHUB_HOST, help="address to listen on")
        parser.add_argument(
            "--port",
            type=int,
            action="append",
            dest="ports",
            help="port to listen on; repeatable; default: EVENTHUB_PORTS",
        )
        parser.add_argument("--server", choices=list(SERVERS), default="uvicorn")
        parser.add_argument(
            "--workers",
            type=int,
            default=settings.EVENTHUB_WORKERS,
            help="processes that share the ports, best one a core (default: %(default)s)",
        )
        parser.add_argument("--hints", action="store_true", help="print what to try, when the server is up")

    def handle(
        self, *, host: str, ports: list[int] | None, server: str, workers: int, hints: bool, **options: Any
    ) -> None:
        ports = ports or settings.EVENTHUB_PORTS
        if workers < 1:
            raise CommandError(f"--workers {workers}: at least 1 process is needed.")
        if workers > 1 and server != "uvicorn":
            raise CommandError(f"--workers {workers} needs --server uvicorn: {server} cannot share its ports.")
        take = listen if workers == 1 else reserve

        def ready() -> None:
            self.stdout.write(up(host, ports) + (things_to_try(host, ports) if hints else ""))
            self.stdout.flush()  # this may be a pipe, and whoever reads it waits for this line

        with ExitStack() as stack:
            try:
                stack.enter_context(only_one(settings.EVENTHUB_VAR_DIR / "serve.lock"))
                sockets = [stack.enter_context(closing(take(host, port))) for port in ports]
            except Locked as error:
                raise CommandError(
                    f"eventhub already runs in this folder as process {error.pid}: stop that one first "
                    f"(kill {error.pid}), or give this one its own EVENTHUB_VAR_DIR."
                ) from error
            except CannotListen as error:
                raise CommandError(str(error)) from error
            if settings.STATIC_ROOT == settings.EVENTHUB_VAR_DIR / "static":  # else a project's own
                collect_static()
            # Only now: the application reads the static files when it is made.
            application = import_string(settings.ASGI_APPLICATION)

            lost_database.ends_process = True
            if workers == 1:
                with sequencing(WATCH_BESIDE_SOCKETS_S):
                    SERVERS[server](application, sockets, ready)
                if lost_database.why:
                    raise CommandError(f"eventhub has stopped: {lost_database.why}.")
            else:

                def serve(ready: Callable[[], None]) -> None:
                    with sequencing(WATCH_BESIDE_SOCKETS_S):
                        run_uvicorn(application, [listen(host, port, shared=True) for port in ports], ready)
                    sys.exit(bool(lost_database.why))

                if Workers(workers, serve, ready).run():
                    raise CommandError("eventhub has stopped, and not all of its workers did so in order; see above.")
        self.stdout.write("eventhub has stopped.")
