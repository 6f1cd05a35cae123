"""`manage.py verify_log`: whether the log has holes, or anything else that it must not have."""

from __future__ import annotations

from typing import Any

from events.cli.command import Error, EventhubCommand
from events.log import reading
from events.upkeep import verifying


class Command(EventhubCommand):
    help = "Look through the log for holes, events beyond its head, and wrong spans. 0: it is whole; 1: it is not."
    epilog = """
It only reads, and servers may run meanwhile. Holes up to the last position that retention has deleted are as they
should be, and are not told. It takes about a second for a million events.
"""

    def handle(self, *args: Any, **options: Any) -> None:
        after, head = verifying.beginning(), reading.head()
        count = 0
        for fault in verifying.faults():
            self.stdout.write(fault)
            count += 1
        if count:
            raise Error(f"{count} found.")
        if head.position == after:
            self.stdout.write(f"No hole: the log has no event, in epoch {head.epoch}.")
        else:
            self.stdout.write(f"No hole among the positions {after + 1:,} to {head.position:,} of epoch {head.epoch}.")
