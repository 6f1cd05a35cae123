"""`manage.py demo`: the servers and the script of `make demo`."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import suppress
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from eventhub.demo.server import INSTALLED, cast
from eventhub.demo.troubles import Ended, Troubles
from eventhub.local.welcome import demo


class Command(BaseCommand):
    help = "Run three real MCP servers and make trouble for them, until SIGINT or SIGTERM. `make demo` runs it."

    def handle(self, *args: Any, **options: Any) -> None:
        if not (INSTALLED / "bridge").is_dir():
            raise CommandError("The MCP servers of the demo are not installed: sh bin/mcp-servers")
        stopping = threading.Event()

        def stop(number: int, frame: FrameType | None) -> None:
            stopping.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        folder = settings.EVENTHUB_VAR_DIR / "mcp"
        folder.mkdir(exist_ok=True)
        servers = cast(folder)
        began = time.monotonic()

        def say(text: str) -> None:
            minutes, seconds = divmod(int(time.monotonic() - began), 60)
            self.stdout.write(f"demo {minutes}:{seconds:02}  {text}")
            self.stdout.flush()

        self.stdout.write(demo(settings.EVENTHUB_HOST, settings.EVENTHUB_PORTS, servers))
        self.stdout.flush()
        try:
            with suppress(Ended):
                Troubles(servers, stopping, say).play()
                stopping.wait()
        finally:
            for server in servers:
                server.stop()
