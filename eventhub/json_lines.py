"""Lines of the log as JSON (EVENTHUB_LOG_FORMAT=json): a few members that are named here, and never another."""

from __future__ import annotations

import copy
import logging
from typing import Any

from pythonjsonlogger.json import JsonFormatter

IDS = ("request", "connection", "event")
MEMBERS = ("time", "level", "logger", "message", *IDS, "exc_info")


class JsonLines(JsonFormatter):
    def __init__(self) -> None:
        super().__init__(
            ["levelname", "name", "message"],
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp="time",
            json_ensure_ascii=False,
        )

    def format(self, record: logging.LogRecord) -> str:
        """Return the line. A traceback is the text that the filters have left: it has no credentials."""
        record = copy.copy(record)
        record.exc_info = None
        if isinstance(record.msg, dict):  # its members would become ours
            record.msg = str(record.msg)
        return super().format(record)

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """Leave out what is not named: Django adds requests to some records, others might add payloads."""
        super().add_fields(log_data, record, message_dict)
        for name in [*log_data]:
            if name not in MEMBERS or (name in IDS and not isinstance(log_data[name], str)):
                del log_data[name]
