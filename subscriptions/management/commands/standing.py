"""`manage.py standing`: list, pause, resume and replay standing subscriptions, whoever has them."""

from __future__ import annotations

from typing import IO, Any, cast

from django.core.management.base import CommandParser
from rich.console import Console
from rich.table import Table
from rich.text import Text

from events.cli.command import Error, EventhubCommand, ExitCode
from events.log import reading
from subscriptions.models import StandingSubscription
from subscriptions.protocol.commands import Refusal
from subscriptions.standing.requests import described, operations

COLUMNS = ("id", "name", "owner", "destination", "state", "behind", "failing", "given up", "last error")


class Command(EventhubCommand):
    help = "List, pause, resume or replay standing subscriptions."
    epilog = """
examples:
  standing list                                     all of them, suspended ones first
  standing list --json                              one JSON object a line
  standing pause 7                                  send nothing more, until it is resumed
  standing resume 7                                 go on where it was
  standing replay 7 --after 2026-01-31T12:00:00Z    send again what came after a time, or after the id of an event
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["list", "pause", "resume", "replay"])
        parser.add_argument("id", type=int, nargs="?", help="which one; not for list")
        parser.add_argument("--after", help="for replay: the id of an event, or a time")
        parser.add_argument("--json", action="store_true", dest="as_json", help="for list: one JSON object a line")

    def handle(self, *, action: str, id: int | None, after: str | None, as_json: bool, **options: Any) -> None:
        if action == "list":
            self.list(as_json=as_json)
            return
        if id is None or (action == "replay") != (after is not None):
            needed = "an id and --after" if action == "replay" else "an id"
            raise Error(f"standing {action} takes {needed}.", ExitCode.USAGE)
        standing = StandingSubscription.objects.select_related("owner", "destination").filter(pk=id).first()
        if standing is None:
            raise Error(f"There is no standing subscription {id}; see standing list.", ExitCode.USAGE)
        try:
            if action == "replay":
                operations.replay(standing, str(after))
            else:
                {"pause": operations.pause, "resume": operations.resume}[action](standing)
        except Refusal as refusal:
            raise Error(str(refusal), ExitCode.INVALID_DATA) from None
        standing.refresh_from_db()
        self.tell(f"{standing.name} of {standing.owner} is {standing.state}, at {standing.watermark}.")

    def list(self, *, as_json: bool) -> None:
        rows = described.with_counts(StandingSubscription.objects.all()).order_by("pk")
        found = sorted(rows, key=lambda each: each.state != StandingSubscription.State.SUSPENDED)
        head = reading.head()
        if as_json:
            for each in found:
                self.stdout.write(self.json(for_operators(each, described.described(each, head))))
            return
        table = Table(*COLUMNS)
        for each in found:
            told = described.described(each, head)
            cells = (
                *(each.pk, each.name, each.owner, each.destination.shown, each.state),
                *(told["events_behind"], told["failing"], told["given_up"], each.last_error),
            )
            table.add_row(*(Text("" if cell is None else str(cell)) for cell in cells))
        Console(file=cast(IO[str], self.stdout), width=None if self.stdout.isatty() else 200, highlight=False).print(
            table
        )


def for_operators(standing: StandingSubscription, told: dict[str, Any]) -> dict[str, Any]:
    """Return what others than the owner may read: the path of a webhook may be a secret of its receiver."""
    destination = {
        name: standing.destination.shown if name == "url" else value for name, value in told["destination"].items()
    }
    return {**told, "owner": standing.owner.get_username(), "destination": destination}
