"""`manage.py log_size`: how large the log is, and how fast it grows."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from events.cli.command import EventhubCommand
from events.log import size
from events.models import EventType

FORECAST_DAYS = 90


class Command(EventhubCommand):
    help = "Say how large the log is, how fast it grows, and how long each type keeps its events."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print a JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        log = size.measured()
        kept = dict(EventType.objects.order_by("id").values_list("id", "retention_days"))
        if options["json"]:
            told = {
                "events": log.events,
                "bytes": log.bytes,
                "events_per_day": round(log.per_day),
                "bytes_per_day": round(log.bytes_per_day),
                "oldest": log.since and log.since.isoformat(),
                "pruned_at": log.pruned_at and log.pruned_at.isoformat(),
                "retention_days": kept,
            }
            self.stdout.write(self.json(told))
            return
        self.stdout.write(f"{log.events:,} events, {megabytes(log.bytes)}")
        self.stdout.write(f"{log.per_day:,.0f} events a day, {megabytes(log.bytes_per_day)} a day")
        self.stdout.write(
            f"{megabytes(FORECAST_DAYS * log.bytes_per_day)} more in {FORECAST_DAYS} days, if nothing is deleted"
        )
        self.stdout.write(f"oldest event: {log.since:%Y-%m-%d %H:%M} UTC" if log.since else "no event yet")
        last = f"{log.pruned_at:%Y-%m-%d %H:%M} UTC" if log.pruned_at else "never"
        self.stdout.write(f"old events were last deleted: {last}")
        for event_type, days in kept.items():
            self.stdout.write(f"{event_type}: kept {in_words(days)}")


def in_words(days: int | None) -> str:
    if days is None:
        return "for ever"
    return f"for {days:,} days" if days else "not at all"


def megabytes(size: float) -> str:
    return f"{size / 1e6:,.1f} MB"
