"""How logged events are written to a file."""

from __future__ import annotations

import csv
import io
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec
from django.utils import timezone

from events import registry_cache
from events.core.event_types import EventType
from events.core.position import position_id
from events.core.records import LoggedEvent
from events.core.values import timestamp_text
from events.http.responses import as_message

BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # by which spreadsheets know that a file is UTF-8
# A spreadsheet takes a cell that begins with one of these for a formula, the wide ones in some countries (OWASP, "CSV
# Injection").
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
COLUMNS = ("id", "timestamp", "type", "severity", "summary")  # those before the payload's


class FileFormat(ABC):
    content_type: ClassVar[str]

    def __init__(self, epoch: str, types: Sequence[EventType]) -> None:
        """Begin a file. `types` are those whose events may come."""
        self.epoch = epoch

    def begin(self) -> bytes:
        return b""

    @abstractmethod
    def line(self, event: LoggedEvent) -> bytes:
        """Return what is written of an event. One that cannot be read is written as it is."""

    @abstractmethod
    def broken_off(self, why: str) -> bytes:
        """Return what the file ends with that could not be written whole."""


class Ndjson(FileFormat):
    """An object a line, as the WebSocket sends it; the payload's bytes are those of the log."""

    content_type = "application/x-ndjson"

    def line(self, event: LoggedEvent) -> bytes:
        return msgspec.json.encode(as_message(event, self.epoch)) + b"\n"

    def broken_off(self, why: str) -> bytes:
        return msgspec.json.encode({"type": "error", "message": why}) + b"\n"


class Csv(FileFormat):
    """RFC 4180, for spreadsheets: a column for each member that a filterable field of these types reads, with the
    digits of the log; the whole payload is in the last one."""

    content_type = "text/csv; charset=utf-8"

    def __init__(self, epoch: str, types: Sequence[EventType]) -> None:
        super().__init__(epoch, types)
        keys = {field.data_key: None for event_type in types for field in event_type.fields}
        self.keys = [key for key in keys if key != "severity"]

    def begin(self) -> bytes:
        return BYTE_ORDER_MARK + row([*COLUMNS, *(f"data.{key}" for key in self.keys), "data"])

    def line(self, event: LoggedEvent) -> bytes:
        try:
            members = msgspec.json.decode(event.data, type=dict[str, msgspec.Raw])
            data = msgspec.json.decode(event.data, type=dict[str, Any])
            event_type = registry_cache.current().types.get(event.type)
            summary = event_type.summarise(data) if event_type else ""
        except msgspec.DecodeError as error:
            members, summary = {}, f"This event cannot be read: {error}."
        moment = timestamp_text(event.timestamp)
        severity, *others = (cell(members.get(key)) for key in ("severity", *self.keys))
        own = [position_id(self.epoch, event.position), moment, event.type, severity, harmless(summary)]
        return row([*own, *others, harmless(event.data)])

    def broken_off(self, why: str) -> bytes:
        return row(["", timestamp_text(timezone.now()), "error", "", why])


FORMATS: dict[str, type[FileFormat]] = {"csv": Csv, "ndjson": Ndjson}


def cell(member: msgspec.Raw | None) -> str:
    """Return a payload's member as a cell: text as it is, all else as JSON has it; nothing for null."""
    written = "null" if member is None else bytes(member).decode()
    if written.startswith('"'):
        return harmless(msgspec.json.decode(written, type=str))
    return "" if written == "null" else written


def harmless(text: str) -> str:
    """Return text that no spreadsheet takes for a formula; a number below zero is not passed to this."""
    return f"'{text}" if text.startswith(FORMULA) else text


def row(cells: Sequence[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode()
