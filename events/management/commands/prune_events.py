"""`manage.py prune_events`: the daily job that deletes what need not be kept."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandParser
from django.db import DatabaseError

from events.cli.command import Error, EventhubCommand, ExitCode
from events.log.retention import MAX_CHUNK, Pruned
from events.upkeep import pruning


class Command(EventhubCommand):
    help = "Delete events that their types no longer keep, and keys, sessions and tokens that have expired."
    epilog = """
examples:
  prune_events --dry-run
  prune_events
  7 3 * * *  …/manage.py prune_events          in a crontab, where no monitor runs: daily at 3:07

The monitor that leads does the same once a day, unless EVENTHUB_PRUNE_DAILY is off.

Servers may run meanwhile: few rows are deleted at a time, with pauses. It may be stopped and run again at any time.
How long a type keeps its events is set in the admin. A client that resumes from before what is deleted is told so.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="count only, delete nothing")
        parser.add_argument(
            "--chunk", type=chunk, default=pruning.CHUNK, metavar="N", help="events to delete at a time (default 1000)"
        )
        parser.add_argument(
            "--trust-clock",
            action="store_true",
            help="believe this machine's clock, even if nothing has happened for long",
        )
        parser.add_argument("--json", action="store_true", help="print a JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        dry_run, chunk = options["dry_run"], options["chunk"]
        done = pruning.prune(self.progress, chunk=chunk, trust_clock=options["trust_clock"], dry_run=dry_run)
        if done.doubt:
            self.tell(done.doubt)
        results, keys, sessions, tokens = done.events, done.keys, done.sessions, done.tokens
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


def kept(pruned: Pruned) -> str:
    return f"kept for {pruned.retention_days:,} days" if pruned.retention_days else "not logged any more"


def chunk(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_CHUNK:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {MAX_CHUNK:,}")
    return int(text)
