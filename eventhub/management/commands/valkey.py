"""`manage.py valkey`: the Valkey that comes with eventhub, for an installation without a Redis of its own."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from eventhub.local.valkey import supervise
from eventhub.server.lock import Locked, only_one


class Command(BaseCommand):
    help = "Keep the embedded Valkey running until SIGINT or SIGTERM; needed if REDIS_URL is not set."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        stopping = threading.Event()

        def stop(signal_number: int, frame: FrameType | None) -> None:
            stopping.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        if settings.REDIS_URL:
            self.stdout.write("REDIS_URL is set: no embedded Valkey is needed.")
            stopping.wait()
            return
        try:
            with only_one(settings.EVENTHUB_VAR_DIR / "valkey.lock"):
                supervise(settings.EVENTHUB_VALKEY_SOCKET, stopping, settings.EVENTHUB_VAR_DIR / "serve.lock")
        except Locked as error:
            raise CommandError(f"The embedded Valkey already runs, supervised by process {error.pid}.") from error
