"""`manage.py simulate_events`: invented events at a steady rate."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from events import registry_cache
from events.access.tokens import operating_user
from events.cli.command import Error, EventhubCommand, ExitCode
from events.core import duration
from events.simulation import mix
from events.simulation.cast import cast_of
from events.simulation.progress import shown_on
from events.simulation.run import Account, run_simulation

MAX_RATE = 10_000  # events a second; more than one process can log


class Command(EventhubCommand):
    help = "Log invented but believable events at a steady rate: servers that fail and recover, people at work."
    epilog = """
examples:
  simulate_events
  simulate_events --rate 50 --duration 30 --mix mcp=6,user=3 --seed 7

Only active types that may be emitted from outside take part, those that an admin made included. The same seed
tells the same story on the same registry. At the end, or on Ctrl-C, an account of what was really achieved
goes to stdout; refused events make the exit code 1.
"""

    work_stands = True

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rate", type=rate, default=10.0, metavar="N", help="events a second (default 10)")
        parser.add_argument(
            "--duration", type=seconds, default=30.0, metavar="TIME", help="how long: 30, 5m, 1h (default 30 s)"
        )
        parser.add_argument(
            "--mix",
            type=weights,
            default={},
            metavar="CATEGORY=WEIGHT,…",
            help="weights of the categories; other categories do not come; default: all types alike",
        )
        parser.add_argument("--seed", type=int, help="seed of the random choices")

    def handle(self, *args: Any, **options: Any) -> None:
        registry = registry_cache.refresh()
        try:
            told = mix.mixed_story(registry, options["mix"], cast_of(registry, options["seed"]))
        except mix.UnknownCategory as error:
            raise Error(str(error), ExitCode.USAGE) from None
        account = Account(options["rate"], options["duration"])
        self.tell(f"{account.asked:,} events in {account.duration:,.0f} s. Ctrl-C ends it early.")
        with shown_on(sys.stderr, account) as progress:
            run_simulation(told, account, f"command:{operating_user()}", progress)
        self.stdout.write("\n".join(account.lines()))
        if account.interrupted:
            sys.exit(ExitCode.INTERRUPTED)
        if account.unavailable:
            raise Error(account.unavailable, ExitCode.UNAVAILABLE)
        if account.errors:
            raise Error(f"{account.errors.total():,} events were refused.", ExitCode.FAILURE)


def rate(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number <= MAX_RATE:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0 and up to {MAX_RATE:,}")
    return number


def seconds(text: str) -> float:
    try:
        return duration.parse_duration(text, default_unit="s").total_seconds()
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def weights(text: str) -> Mapping[str, float]:
    try:
        return mix.parse_mix(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
