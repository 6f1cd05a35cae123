"""`manage.py monitor_mcps`: the process that checks the fleet."""

from __future__ import annotations

import asyncio
import signal
from typing import IO, Any, cast

from django.core.management.base import CommandParser
from rich.console import Console

from events.access.tokens import operating_user
from events.cli.command import Error, EventhubCommand, ExitCode
from events.database.file import lost_database
from events.log.sequencer import WATCH_S, sequencing
from events.mcp.breaker import Feeds
from events.mcp.check_now import check_now, table
from events.mcp.models import McpServer
from events.mcp.monitor.term import Monitor
from events.upkeep.presence import present_as


class Command(EventhubCommand):
    help = "Check the MCP servers, and broadcast the results and changes, until SIGINT or SIGTERM (exit code 0)."
    epilog = """
examples:
  monitor_mcps                  any number may run on one database: one leads, the others wait to take over
  monitor_mcps --once           check every active server now, print what was seen, exit

With --once a monitor may run meanwhile. The exit code is 1 if a server fails its check.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="check every active server once, print a table, exit")

    def handle(self, *, once: bool, **options: Any) -> None:
        if once:
            self.once()
        else:
            lost_database.ends_process = True
            with sequencing(WATCH_S):
                asyncio.run(run())
            if lost_database.why:
                raise Error(f"The monitor has stopped: {lost_database.why}.", ExitCode.UNAVAILABLE)

    def once(self) -> None:
        servers = McpServer.objects.filter(status=McpServer.Status.ACTIVE).select_related("state")
        recorded = check_now(servers, f"command:{operating_user()}")
        if not recorded:
            self.tell("No active MCP server is registered, so there is nothing to check.")
            return
        console = Console(file=cast(IO[str], self.stdout), width=None if self.stdout.isatty() else 200, highlight=False)
        console.print(table(recorded))
        failed = sum(done.outcome.feeds == Feeds.FAILURE for done in recorded)
        if failed:
            raise Error(f"{failed} of {len(recorded)} servers failed their check.", ExitCode.FAILURE)


async def run() -> None:
    monitor = Monitor()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, monitor.stopping.set)
    async with present_as("monitor"):
        await monitor.run()
