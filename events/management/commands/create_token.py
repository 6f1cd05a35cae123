"""`manage.py create_token`: an API token for a user."""

from __future__ import annotations

import argparse
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser
from django.utils.timezone import localtime

from events.access import token_terms, tokens
from events.access.tokens import Grant
from events.cli.command import Error, EventhubCommand, ExitCode
from events.core import duration
from events.models.token_terms import EMIT, SCOPES

NEVER = "never"


class Command(EventhubCommand):
    help = "Make an API token for a user, and print it. It cannot be shown again."
    epilog = """
examples:
  create_token ada
  create_token ada --name "backup script" --scope emit
  create_token ada --expires 12h
  TOKEN=$(manage.py create_token ada)   only the token goes to stdout

The token may do what its user may, within its scopes, and is sent as “Authorization: Bearer …”.
It ends when it expires, or when it is revoked at /account or in the admin.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="name of an active user")
        parser.add_argument("--name", default="", help="what it is for; it stands in lists and logs beside the user's")
        parser.add_argument(
            "--scope",
            action="append",
            choices=SCOPES,
            dest="scopes",
            help="what it may be used for; repeat it for both (default both)",
        )
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
        scopes = options["scopes"] or SCOPES
        try:
            name = token_terms.checked_name(options["name"])
        except ValueError as error:
            raise Error(f"--name: {error}", ExitCode.USAGE) from None
        grant = tokens.grant(user, options["expires"], name, scopes)
        self.tell(f"A token for {user.get_username()}. {promises(grant, scopes)}\nKeep it: it is not shown again.")
        self.stdout.write(grant.token)


def promises(grant: Grant, scopes: Collection[str]) -> str:
    until = f"until {localtime(grant.expires):%Y-%m-%d %H:%M %Z}" if grant.expires else "for ever"
    reads = ", ".join(grant.readable) or "no event type"
    needs = "events.add_event" if EMIT in scopes else "the scope emit"
    emits = "may emit events" if grant.may_emit else f"may not emit events (that needs {needs})"
    return f"It is valid {until}, may read {reads}, and {emits}."


def lifetime(text: str) -> timedelta | None:
    if text == NEVER:
        return None
    try:
        return duration.parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}, or {NEVER}") from None
