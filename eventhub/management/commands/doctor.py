"""`manage.py doctor`: what is wrong with this installation, and what mends it."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, run_checks
from django.core.management.base import CommandParser

from eventhub.doctor import live
from eventhub.doctor.address import check_address
from eventhub.doctor.of_machine import check_machine
from events.cli.command import Error, EventhubCommand

TAG = "eventhub"


class Command(EventhubCommand):
    help = "Look for what is wrong with this installation, and say what mends it. 0: nothing found; 1: something."
    epilog = """
examples:
  doctor
  doctor --url https://events.example.org        try the way through the proxy, too

Run it as the user, and with the settings, that serve has. It changes nothing.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", help="the address in people's browsers, to be tried")
        parser.add_argument("--json", action="store_true", help="print a JSON list")

    def handle(self, *args: Any, **options: Any) -> None:
        found: list[CheckMessage] = [*run_checks(tags=[TAG], include_deployment_checks=True)]
        found += [*check_machine(), *live.check_all()]
        if options["url"]:
            found += check_address(options["url"])
        if options["json"]:
            self.stdout.write(self.json([{"id": each.id, "fault": each.msg, "mend": each.hint} for each in found]))
        else:
            for each in found:
                self.stdout.write(f"{each.id}  {each.msg}\n    → {each.hint}")
            if not found:
                self.stdout.write("Nothing is wrong, as far as can be seen from here.")
        if found:
            raise Error(f"{len(found)} found.")
