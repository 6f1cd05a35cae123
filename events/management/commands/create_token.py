"""`manage.py create_token`: an API token for a user."""

from __future__ import annotations

import argparse
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser
from django.utils.timezone import localtime

from events.access import tokens
from events.access.tokens import Grant
from events.cli.command import Error, EventhubCommand
from events.core import duration

NEVER = "never"


class Command(EventhubCommand):
    help = "Make an API token for a user, and print it. It cannot be shown again."
    epilog = """
examples:
  create_token ada
  create_token ada --expires 12h
  TOKEN=$(manage.py create_token ada)   only the token goes to stdout

The token may do what its user may, and is sent as “Authorization: Bearer …”.
It ends when it expires, or when it is deleted in the admin.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="name of an active user")
        parser.add_argument(
            "--expires",
            type=lifetime,
            default="90d",
            metavar="TIME",
            help="how long it is valid: 30m, 12h, 90d, 4w or never (default 90d)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user = tokens.active_user(options["user"])
        except tokens.AccountError as error:
            raise Error(str(error)) from None
        grant = tokens.grant(user, options["expires"])
        self.tell(f"A token for {user.get_username()}. {promises(grant)}\nKeep it: it is not shown again.")
        self.stdout.write(grant.token)


def promises(grant: Grant) -> str:
    until = f"until {localtime(grant.expires):%Y-%m-%d %H:%M %Z}" if grant.expires else "for ever"
    reads = ", ".join(grant.readable) or "no event type"
    emits = "may emit events" if grant.may_emit else "may not emit events (that needs events.add_event)"
    return f"It is valid {until}, may read {reads}, and {emits}."


def lifetime(text: str) -> timedelta | None:
    if text == NEVER:
        return None
    try:
        return duration.parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}, or {NEVER}") from None
