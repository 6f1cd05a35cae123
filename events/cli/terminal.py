"""Text for terminals, and what becomes of it where it cannot be shown."""

from __future__ import annotations

import codecs
import os
import re
import sys
from io import TextIOWrapper
from typing import Any

import msgspec
from django.core.management.base import OutputWrapper

from events.core.legible import legible

NOT_ASCII = re.compile("[^\x00-\x7f]")


def plain(text: str) -> str:
    """Return the text as a terminal may show it: what an event's data says must not act on it."""
    return legible(text).strip()


def prepare() -> None:
    """Let this process's output take any character, whatever its encoding, and be written to though it is closed."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # as after `>&-`
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  it is open as long as the process
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def give_up(stream: Any) -> None:
    """Write nothing more to a stream that is broken. What is still buffered would fail once more when the interpreter
    flushes it at its end, and make the exit code 120."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError):  # no file of the system's
        return


def json_for(stream: Any, value: object) -> str:
    """Return JSON for this stream. Where its encoding does not have all characters, those that are not ASCII are
    escaped."""
    text = msgspec.json.encode(value).decode()
    encoding = getattr(stream, "encoding", None)
    if encoding is None or codecs.lookup(encoding).name == "utf-8":
        return text
    return NOT_ASCII.sub(lambda match: escaped(match[0]), text)


def escaped(character: str) -> str:
    units = character.encode("utf-16-be").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))


class Talk(OutputWrapper):
    """Output of a command whose work stands, whatever becomes of what it says: what cannot be written is left out."""

    broken = False

    def write(self, msg: str = "", *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        if not self.broken:
            try:
                super().write(msg, *args, **kwargs)
            except OSError:
                self._give_up()

    def flush(self) -> None:
        if not self.broken:
            try:
                super().flush()
            except OSError:
                self._give_up()

    def _give_up(self) -> None:
        self.broken = True
        give_up(self._out)
