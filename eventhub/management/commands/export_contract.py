"""`manage.py export_contract`: the contract as a file, and what a new one takes away from those who rely on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from django.core.management.base import CommandParser
from django.urls import get_script_prefix

from eventhub.contract.asyncapi import asyncapi
from eventhub.contract.openapi import openapi
from events.access import policy, tokens
from events.cli.command import Error, EventhubCommand, ExitCode
from events.contract import breaks
from events.contract.api import contract_for
from events.contract.python import python
from events.contract.schemas import Schema
from events.contract.typescript import typescript
from events.core.event_types import Viewer

EVERYTHING = Viewer(is_superuser=True)
JSON_SCHEMA = "jsonschema"


def pretty(document: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


FORMATS: dict[str, Callable[[Schema, str], str]] = {
    JSON_SCHEMA: lambda contract, host: pretty(contract),
    "typescript": lambda contract, host: typescript(contract),
    "python": lambda contract, host: python(contract),
    "asyncapi": lambda contract, host: pretty(asyncapi(contract, host, get_script_prefix(), secure=False)),
    "openapi": lambda contract, host: pretty(openapi(get_script_prefix())),
}


class Command(EventhubCommand):
    help = "Write what programs may rely on: the event types, or the interfaces. With --check, say what would break."
    epilog = """
examples:
  export_contract > contract.json
  export_contract --format typescript > events.ts
  export_contract --check contract.json      1: those who rely on this file would break; it is said at what

--check takes a file that export_contract wrote as JSON Schema, and writes nothing but sentences.
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=FORMATS, default=JSON_SCHEMA, help="default: %(default)s")
        parser.add_argument("--check", type=Path, metavar="FILE", help="compare with this earlier contract")
        parser.add_argument("--user", help="only what this user may see; default: all active event types")
        parser.add_argument("--host", default="localhost:8090", help="the server in asyncapi; default: %(default)s")

    def handle(self, *args: Any, **options: Any) -> None:
        contract = contract_for(viewer_named(options["user"]))
        path: Path | None = options["check"]
        if path is None:
            self.stdout.write(FORMATS[options["format"]](contract, options["host"]), ending="")
        elif options["format"] != JSON_SCHEMA:
            problem = f"--check goes with --format {JSON_SCHEMA}, not with {options['format']}."
            raise Error(f"{problem} Types are made from it.", ExitCode.USAGE)
        else:
            self.check_against(path, contract)

    def check_against(self, path: Path, contract: Schema) -> None:
        try:
            before = breaks.read_contract(path.read_bytes())
        except (OSError, breaks.NotAContract) as error:
            raise Error(f"{path} cannot be used: {error}.", ExitCode.USAGE) from None
        broken = list(breaks.breaks(before, contract))
        for sentence in (*broken, *breaks.additions(before, contract)):
            self.stdout.write(sentence)
        if broken:
            raise Error(f"{len(broken)} of these break those who rely on {path}.")
        self.tell(f"Whoever relies on {path} can go on.")


def viewer_named(name: str | None) -> Viewer:
    if name is None:
        return EVERYTHING
    try:
        return policy.viewer_of(tokens.active_user(name))
    except tokens.AccountError as error:
        raise Error(str(error)) from None
