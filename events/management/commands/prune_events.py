from __future__ import annotations

import argparse
from typing import Any

import msgspec
from django.core.management.base import CommandParser
from django.utils import timezone

from events import expired, retention
from events.command import EventhubCommand
from events.models import IdempotencyKey
from events.retention import MAX_CHUNK, Pruned


class Command(EventhubCommand):
    help = "Delete events that are older than their type keeps them, and what has expired: keys, sessions, tokens."
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
        parser.add_argument("--json", action="store_true", help="print a JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"]:
            results = list(retention.dry_run())
            keys = IdempotencyKey.objects.expired().count()
            sessions, tokens = expired.count(timezone.now())
        else:
            results = list(retention.prune(options["chunk"], self.progress))
            keys = retention.prune_keys(options["chunk"])
            sessions, tokens = expired.prune(timezone.now(), options["chunk"])
        if options["json"]:
            counts = {each.event_type: each.events for each in results}
            written = {"dry_run": options["dry_run"], "events": counts, "idempotency_keys": keys}
            written |= {"sessions": sessions, "tokens": tokens}
            self.stdout.write(msgspec.json.encode(written).decode())
            return
        done = "would be deleted" if options["dry_run"] else "deleted"
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
