"""`manage.py new_epoch`: another epoch of the log, after a backup was restored."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import CommandParser

from events.cli.command import Error, EventhubCommand, ExitCode
from events.log import reading
from events.notify import doorbell
from events.notify.committed import after_commit


class Command(EventhubCommand):
    help = "Begin a new epoch of the log: the last step of restoring a backup."
    epilog = """
A restored log gives positions once more that clients may know from before, for other events. In a new epoch the old
positions mean nothing: each connection is closed with 4010 and resumes, and is told that it may have missed events.
Nothing in the log changes.
"""

    work_stands = True

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        old = reading.head().epoch
        if not options["yes"] and not self.confirmed(old):
            raise Error("Nothing changed.")
        new = reading.renew_epoch(old).epoch
        after_commit("Ringing", doorbell.ring_control)
        self.stdout.write(f"old epoch: {old}\nnew epoch: {new}")

    def confirmed(self, epoch: str) -> bool:
        if not sys.stdin.isatty():
            raise Error("Give --yes where nobody can be asked.", ExitCode.USAGE)
        self.tell(f"This ends epoch {epoch}: all clients are disconnected, and told that they may have missed events.")
        self.stderr.write("Go on? [y/N] ", ending="")
        self.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")
