"""`manage.py tail_events`: the live stream in a terminal."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import CommandParser

from events.access import tokens
from events.cli.command import Error, EventhubCommand, ExitCode
from events.cli.tail import Request, Tail, TailError
from events.cli.terminal import plain
from events.core.event_types import EventType

VARIABLE = "EVENTHUB_TOKEN"
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  addresses to listen on, not to connect to
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
EXIT_CODES = {
    "": ExitCode.UNAVAILABLE,
    "unauthorized": ExitCode.UNAVAILABLE,
    "unknown_event_type": ExitCode.UNKNOWN_EVENT_TYPE,
    "unknown_filter": ExitCode.INVALID_DATA,
    "invalid_filter": ExitCode.INVALID_DATA,
}


class Command(EventhubCommand):
    help = "Show events as they happen, until Ctrl-C: a WebSocket client of a running server."
    epilog = """
examples:
  tail_events
  tail_events --type mcp_status_change --filter mcp_names=oracle_mcp --filter severity=error --filter severity=critical
  tail_events --json | jq .data
  EVENTHUB_TOKEN=… tail_events --url wss://events.example.org/ws/events

Different filters must all hold; of one given repeatedly, any value. Without --type: all event types that have
those filters.

The token: --token, else the variable EVENTHUB_TOKEN (which other users of the machine cannot see). With neither, and
a server on this machine, one is made for this command and deleted at its end. It is that of --user, else of the user
named like you, else of the first superuser, and the command says whose.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--type", action="append", default=[], metavar="TYPE", help="event type; repeatable")
        parser.add_argument(
            "--filter", action="append", default=[], metavar="NAME=VALUE", help="value of a filter; repeatable"
        )
        parser.add_argument("--url", help="address of the WebSocket; default: this machine's server")
        parser.add_argument("--token", help="API token")
        parser.add_argument("--user", help="user whose events to show, if there is no token")
        parser.add_argument(
            "--json", action="store_true", help="print the message of each event as it came, one a line"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        url = options["url"] or own_url()
        self.show = self.show_json if options["json"] else self.show_line
        filters = parsed(options["filter"])
        # So that `timeout` and service managers leave no token behind either.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        with self.token(url, options) as token:
            request = Request(url, token, options["type"], filters)
            tail = Tail(request, self.show, self.tell, through_proxy=host_of(url) not in LOOPBACK)
            try:
                asyncio.run(tail.run())
            except TailError as error:
                raise Error(str(error), EXIT_CODES.get(error.code, ExitCode.FAILURE)) from None

    def token(self, url: str, options: dict[str, Any]) -> AbstractContextManager[str]:
        given = options["token"] or os.environ.get(VARIABLE)
        if given and options["user"]:
            raise Error("--user goes without a token, which has a user already.", ExitCode.USAGE)
        if given:
            return nullcontext(given)
        if host_of(url) not in LOOPBACK | {settings.EVENTHUB_HOST}:
            message = f"Give --token or {VARIABLE}: tokens made here are of no use on another server."
            raise Error(message, ExitCode.USAGE)
        try:
            user = tokens.active_user(options["user"]) if options["user"] else tokens.own_user()
        except tokens.AccountError as error:
            raise Error(str(error)) from None
        self.tell(f"As {user.get_username()}, by a token that ends with this command.")
        return tokens.temporary_token(user)

    def show_json(self, message: dict[str, Any], event_type: EventType) -> None:
        self.stdout.write(self.json(message))
        self.stdout.flush()

    def show_line(self, message: dict[str, Any], event_type: EventType) -> None:
        time = datetime.fromisoformat(message["timestamp"]).astimezone()
        severity = plain(str(message["data"].get("severity", "")))
        summary = plain(event_type.summarise(message["data"]))
        self.stdout.write(f"{time:%H:%M:%S} {plain(event_type.icon)} {self.painted(severity)} {summary}")
        self.stdout.flush()

    def painted(self, severity: str) -> str:
        word = f"{severity:<8}"
        if severity == "info":
            return word
        return self.style.WARNING(word) if severity == "warning" else self.style.ERROR(word)


def own_url() -> str:
    host = EVERYWHERE.get(settings.EVENTHUB_HOST, settings.EVENTHUB_HOST)
    return f"ws://{f'[{host}]' if ':' in host else host}:{settings.EVENTHUB_PORTS[0]}/ws/events"


def host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        raise Error(f"{url!r} is not an address.", ExitCode.USAGE) from None


def parsed(written: Sequence[str]) -> dict[str, list[str]]:
    filters: dict[str, list[str]] = {}
    for argument in written:
        name, equals, value = argument.partition("=")
        if not name or not equals:
            raise Error(f"{argument!r} is not name=value.", ExitCode.USAGE)
        filters.setdefault(name, []).append(value)
    return filters
