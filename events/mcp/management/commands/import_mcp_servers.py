"""`manage.py import_mcp_servers`: register the servers that a file names."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from events.access.tokens import operating_user
from events.cli.command import Error, EventhubCommand, ExitCode
from events.core.legible import legible
from events.mcp.importing.formats import MAX_BYTES, NotReadable, entries
from events.mcp.importing.proposal import Proposed, What, carry_out, propose

SIGNS = {What.ADD: "+", What.CHANGE: "~", What.SAME: "=", What.REFUSE: "x"}


class Command(EventhubCommand):
    help = "Register the MCP servers that a file names. Without --apply, only say what would change."
    epilog = """
examples:
  import_mcp_servers ~/.cursor/mcp.json           what it would change
  import_mcp_servers --apply .vscode/mcp.json     do it
  import_mcp_servers - < compose.yaml             services with the label eventhub.mcp.url

It reads mcpServers (Claude, Cursor), servers (VS Code), a registry's server.json, and compose files. Servers that run a
command (stdio) are refused. A secret in the file is not stored: the server refers to an environment variable instead.
What is not in the file stays as it is.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="the file, or - for standard input")
        parser.add_argument("--apply", action="store_true", help="do it")

    def handle(self, *, file: str, apply: bool, **options: Any) -> None:
        try:
            found = entries(self.text(file))
        except NotReadable as problem:
            raise Error(str(problem), ExitCode.INVALID_DATA) from None
        done = carry_out(found, f"command:{operating_user()}") if apply else propose(found)
        for each in done:
            self.show(each)
        if not apply and any(each.what in (What.ADD, What.CHANGE) for each in done):
            self.tell("Nothing is changed yet. With --apply it is.")

    def text(self, file: str) -> str:
        try:
            data = sys.stdin.buffer.read(MAX_BYTES + 1) if file == "-" else Path(file).read_bytes()
            return data.decode()
        except OSError as error:
            raise Error(f"{file} cannot be read: {error.strerror}.", ExitCode.USAGE) from None
        except UnicodeDecodeError:
            raise NotReadable("The file is not UTF-8.") from None

    def show(self, each: Proposed) -> None:
        self.stdout.write(legible(f"{SIGNS[each.what]} {each.name}{': ' if each.reason else ''}{each.reason}"))
        for change in each.changes:
            self.stdout.write(legible(f"    {change.column}: {change.old or '–'} → {change.new}"))
        for note in each.notes:
            self.stdout.write(legible(f"    {note}"))
