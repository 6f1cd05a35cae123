"""`manage.py prune_events`: the daily job that deletes what need not be kept."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser
from django.db import DatabaseError
from django.utils import timezone

from events.access import expired
from events.cli.command import Error, EventhubCommand, ExitCode
from events.log import known_time, retention
from events.log.retention import MAX_CHUNK, Pruned


class Command(EventhubCommand):
    help = "Delete events that their types no longer keep, and keys, sessions and tokens that have expired."
    epilog = """
examples:
  prune_events --dry-run
  prune_events
  7 3 * * *  …/manage.py prune_events          in a crontab: daily at 3:07

Servers may run meanwhile: few rows are deleted at a time, with pauses. It may be stopped and run again at any time.
How long a type keeps its events is set in the admin. A client that resumes from before what is deleted is told so.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="count only, delete nothing")
        parser.add_argument(
            "--chunk", type=chunk, default=1000, metavar="N", help="events to delete at a time (default 1000)"
        )
        parser.add_argument(
            "--trust-clock",
            action="store_true",
            help="believe this machine's clock, even if nothing has happened for long",
        )
        parser.add_argument("--json", action="store_true", help="print a JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        clock = timezone.now()
        known = clock if options["trust_clock"] else known_time.last_known(clock) or clock
        now = known_time.credible(clock, known)
        if now < clock:
            self.tell(doubt(clock, known, now))
        if options["dry_run"]:
            results = list(retention.would_prune(now))
            keys = retention.expired_keys(known).count()
            sessions, tokens = expired.count_credentials(now)
        else:
            results = list(retention.prune(options["chunk"], now, self.progress))
            keys = retention.prune_keys(options["chunk"], known)
            sessions, tokens = expired.prune_credentials(now, options["chunk"])
            # A clock that was not believed is not known by having been asked often.
            known_time.ran(clock if now == clock else known)
        failed = {each.event_type: each.error for each in results if each.error is not None}
        if options["json"]:
            counts = {each.event_type: each.events for each in results}
            written: dict[str, Any] = {"dry_run": options["dry_run"], "events": counts, "idempotency_keys": keys}
            written |= {"sessions": sessions, "tokens": tokens}
            self.stdout.write(self.json(written | {"failed": list(failed)} if failed else written))
        else:
            self.report(results, keys, sessions, tokens, "would be deleted" if options["dry_run"] else "deleted")
        if failed:
            told = "; ".join(f"{event_type}: {error!r}" for event_type, error in failed.items())
            unavailable = any(isinstance(error, DatabaseError) for error in failed.values())
            raise Error(f"Not all could be deleted. {told}", ExitCode.UNAVAILABLE if unavailable else ExitCode.FAILURE)

    def report(self, results: Sequence[Pruned], keys: int, sessions: int, tokens: int, done: str) -> None:
        for each in results:
            self.stdout.write(f"{each.event_type}: {each.events:,} {done} ({kept(each)})")
        self.stdout.write(f"{sum(each.events for each in results):,} events and {keys:,} idempotency keys {done}")
        self.stdout.write(f"{sessions:,} sessions and {tokens:,} tokens {done}")

    def progress(self, event_type: str, deleted: int) -> None:
        self.tell(f"{event_type}: {deleted:,} …")


def doubt(clock: datetime, known: datetime, now: datetime) -> str:
    return (
        f"This machine's clock says {clock:%Y-%m-%d %H:%M} UTC, but nothing is known to have happened since "
        f"{known:%Y-%m-%d %H:%M} (what was logged after a leap in time does not count). In case the clock is wrong, "
        f"only what is old by {now:%Y-%m-%d %H:%M} is deleted; if it is right, give --trust-clock."
    )


def kept(pruned: Pruned) -> str:
    return f"kept for {pruned.retention_days:,} days" if pruned.retention_days else "not logged any more"


def chunk(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_CHUNK:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {MAX_CHUNK:,}")
    return int(text)
