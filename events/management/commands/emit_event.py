"""`manage.py emit_event`: events from a command line, or from lines of JSON."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, cast

import msgspec
from django.core.management.base import CommandParser
from django.db import DatabaseError

from events import ingest, registry_cache
from events.access.tokens import operating_user
from events.broadcast import MAX_BATCH, Broadcast, BroadcastError, InvalidData
from events.cli.command import Error, EventhubCommand, ExitCode, exit_code_of, message_of
from events.cli.ndjson import Line, LineTooLong, Pipe, available
from events.cli.terminal import plain
from events.cli.typed_values import members
from events.core import strict_json
from events.core.problems import Problem
from events.core.strict_json import NotJson
from events.ingest import Receipt
from events.log.records import LogUnavailable

STDIN = "-"


class Command(EventhubCommand):
    help = "Log events as their real source would, and so send them to the clients that ask for them."
    epilog = """
examples:
  emit_event mcp_status_change mcp_name=oracle_mcp new_status=inactive severity=error
  emit_event user_login username=ada user_roles=staff user_roles=admin
  emit_event config_change --data '{"model": "group", "changed_fields": ["name"]}' action=changed
  emit_event - < events.ndjson               one {"type": …, "data": {…}} a line

values:
  A member that is a field of the type is a number if that field is one, else text. Any other member is true,
  false, null or a number if it is written exactly as JSON writes it (12, -3, 1.5, but not 007 or 1e3), else text;
  in double quotes it is always text: version='"2"'. A name given repeatedly makes a list. For all else: --data.

Of lines from a pipe, those before one that is wrong are logged, and the error names its number.
Whether a server runs makes no difference: clients get the event from the log.
"""

    work_stands = True

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "type", nargs="?", help="event type; with - (or with nothing, in a pipe) it reads JSON lines"
        )
        parser.add_argument("members", nargs="*", metavar="name=value", help="members of the payload")
        parser.add_argument("--data", metavar="JSON", help="the payload; name=value members override its members")
        parser.add_argument("--count", type=positive, default=1, metavar="N", help="log the event N times")
        parser.add_argument(
            "--idempotency-key", metavar="KEY", help="the same event with the same key within 24 hours is logged once"
        )
        parser.add_argument("--json", action="store_true", help="print a JSON object for each event")
        parser.add_argument("--dry-run", action="store_true", help="check only, log nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        self.as_json: bool = options["json"]
        self.act = ingest.dry_run if options["dry_run"] else ingest.emit
        self.emitted = 0
        self.not_logged = "valid, nothing logged" if options["dry_run"] else "sent (not logged)"
        self.source = f"command:{operating_user()}"
        if options["type"] not in (None, STDIN):
            if options["idempotency_key"] is not None and options["count"] != 1:
                raise Error("--idempotency-key is for one event: it goes without --count.", ExitCode.USAGE)
            event = self.event(options["type"], options["members"], options["data"])
            self.emit_copies(event._replace(idempotency_key=options["idempotency_key"]), options["count"])
            return
        if options["members"] or options["data"] or options["count"] != 1 or options["idempotency_key"] is not None:
            problem = "name=value, --data, --count and --idempotency-key go with an event type, not with JSON lines"
            raise Error(f"{problem}; each of those may have its own idempotency_key.", ExitCode.USAGE)
        read = self.emit_lines() if options["type"] == STDIN or not sys.stdin.isatty() else 0
        if not read and options["type"] is None:
            raise Error("Name an event type, or pipe JSON lines in. See --help.", ExitCode.USAGE)

    def event(self, event_type: str, written: Sequence[str], data: str | None) -> Broadcast:
        event = Broadcast(event_type, decoded(data), self.source)
        ingest.permit([event])
        typed = members(registry_cache.current().types[event_type], written)
        return event._replace(data={**event.data, **typed})

    def emit(self, events: Sequence[Broadcast]) -> list[Receipt]:
        try:
            receipts = self.act(events)
        except (LogUnavailable, DatabaseError) as error:
            if not self.emitted:
                raise
            told = f"{message_of(error)} The first {self.emitted:,} events are logged."
            raise Error(told, exit_code_of(error)) from error
        self.emitted += len(receipts)
        return receipts

    def emit_copies(self, event: Broadcast, count: int) -> None:
        receipts: list[Receipt] = []
        first = None
        for done in range(0, count, MAX_BATCH):
            receipts = self.emit([event] * min(MAX_BATCH, count - done))
            first = first or receipts[0]
            if count == 1 or self.as_json:
                self.write(receipts)
        if first and count > 1 and not self.as_json:
            last = receipts[-1]
            where = f"{self.done(first)} to {last.id}" if first.id and last.id else self.done(first)
            self.stdout.write(f"{where}: {count:,} times {summary(first)}")

    def emit_lines(self) -> int:
        """Emit what comes from the pipe; the number of its events."""
        read = 0
        try:
            for lines in available(cast(Pipe, sys.stdin.buffer), MAX_BATCH):  # it is a BufferedReader
                self.emit_batch(lines)
                read += len(lines)
        except LineTooLong as error:
            raise Error(str(error), ExitCode.INVALID_DATA) from None
        return read

    def emit_batch(self, lines: Sequence[Line]) -> None:
        events: list[Broadcast] = []
        malformed = None
        for line in lines:
            try:
                events.append(ingest.read_json(line.text, self.source))
            except BroadcastError as error:
                malformed = error
                break
        receipts, refused = ingest.leading(self.emit, events)
        self.write(receipts)
        if problem := refused or malformed:
            raise Error(f"Line {lines[len(receipts)].number}: {problem}", exit_code_of(problem)) from problem

    def write(self, receipts: Sequence[Receipt]) -> None:
        if receipts:
            self.stdout.write("".join(map(self.line, receipts)))
            self.stdout.flush()

    def line(self, receipt: Receipt) -> str:
        if self.as_json:
            written = {**receipt._asdict(), "data": msgspec.Raw(receipt.data.encode())}
            if not receipt.pending:
                del written["pending"]
            return self.json(written) + "\n"
        return f"{self.done(receipt)}: {summary(receipt)}\n"

    def done(self, receipt: Receipt) -> str:
        if receipt.pending:
            return "logged, to be placed within seconds"
        return f"logged at {receipt.id}" if receipt.id else self.not_logged


def summary(receipt: Receipt) -> str:
    event_type = registry_cache.current().types.get(receipt.type)
    if event_type is None:  # removed since it was sent
        return receipt.type
    return plain(f"{event_type.icon} {event_type.summarise(msgspec.json.decode(receipt.data))}")


def decoded(data: str | None) -> dict[str, Any]:
    if data is None:
        return {}
    try:
        return cast(dict[str, Any], strict_json.decode(data.encode(), dict[str, Any]))
    except (NotJson, UnicodeError, RecursionError) as error:
        raise InvalidData([Problem("--data", f"{error}; expected a JSON object")]) from None


def positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
