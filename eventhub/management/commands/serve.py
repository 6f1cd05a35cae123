from __future__ import annotations

from contextlib import ExitStack, closing
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from eventhub.lock import Locked, only_one
from eventhub.server import SERVERS
from eventhub.sockets import CannotListen, listen
from eventhub.static import collect_static
from eventhub.welcome import things_to_try, up


class Command(BaseCommand):
    help = "Serve page, API and WebSockets until SIGINT or SIGTERM (exit code 0; 1 if it cannot start)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.EVENTHUB_HOST, help="address to listen on")
        parser.add_argument(
            "--port", type=int, action="append", dest="ports", help="may be repeated; else EVENTHUB_PORTS"
        )
        parser.add_argument("--server", choices=list(SERVERS), default="uvicorn")
        parser.add_argument("--hints", action="store_true", help="print what to try once it is up")

    def handle(self, *, host: str, ports: list[int] | None, server: str, hints: bool, **options: Any) -> None:
        ports = ports or settings.EVENTHUB_PORTS

        def ready() -> None:
            self.stdout.write(up(host, ports) + (things_to_try(host, ports) if hints else ""))
            self.stdout.flush()  # this may be a pipe, and whoever reads it waits for this line

        with ExitStack() as stack:
            try:
                stack.enter_context(only_one(settings.EVENTHUB_VAR_DIR / "serve.lock"))
                sockets = [stack.enter_context(closing(listen(host, port))) for port in ports]
            except Locked as error:
                raise CommandError(
                    f"eventhub already runs in this folder as process {error.pid}: stop that one first "
                    f"(kill {error.pid}), or give this one its own EVENTHUB_VAR_DIR."
                ) from error
            except CannotListen as error:
                raise CommandError(str(error)) from error
            collect_static()
            # Only now: the application reads the static files when it is made.
            from eventhub.asgi import application

            SERVERS[server](application, sockets, ready)
        self.stdout.write("eventhub has stopped.")
