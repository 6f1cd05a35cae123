"""`manage.py deliver`: the process that sends events to the destinations of standing subscriptions."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

import uvloop

from events.cli.command import Error, EventhubCommand, ExitCode
from events.database.file import lost_database
from events.log.sequencer import WATCH_S, sequencing
from events.upkeep.presence import present_as
from subscriptions.standing.process.term import Delivery


class Command(EventhubCommand):
    help = "Deliver events to the destinations of standing subscriptions, until SIGINT or SIGTERM (exit code 0)."
    epilog = """
Any number may run on one database: one leads, the others wait to take over.
"""

    def handle(self, **options: Any) -> None:
        lost_database.ends_process = True
        with sequencing(WATCH_S):
            uvloop.run(run())
        if lost_database.why:
            raise Error(f"Delivery has stopped: {lost_database.why}.", ExitCode.UNAVAILABLE)


async def run() -> None:
    delivery = Delivery()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, delivery.stopping.set)
    async with present_as("deliver"):
        await delivery.run()
