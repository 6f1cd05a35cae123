"""JSON-RPC messages, read as the official clients read them: neither is strict about everything."""

from __future__ import annotations

import json
from typing import Any, Literal

import msgspec

from events.mcp.probe.wire.event_stream import BOM


class RpcError(msgspec.Struct):
    code: int = 0
    message: str = ""


class Message(msgspec.Struct):
    """With a method, it is the server's own request or notification, which nobody here answers."""

    jsonrpc: Literal["2.0"]
    id: int | float | str | None = None
    method: str = ""
    result: dict[str, Any] | None = None
    error: RpcError | None = None

    def answers(self, number: int) -> bool:
        """Say whether it is the response to this question. Some servers send its number back as a text; and none, if
        they could not read the question."""
        if self.method or self.id is None:
            return not self.method and self.error is not None
        return self.id == number or str(self.id) == str(number)


_decoder = msgspec.json.Decoder(Message | list[Message])


def messages(data: bytes) -> list[Message]:
    """Return what is in it: one, several in a batch, or none if it is something else."""
    data = data.removeprefix(BOM)
    try:
        found = _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        found = _leniently(data)
    return found if isinstance(found, list) else [found]


def _leniently(data: bytes) -> Message | list[Message]:
    """Parse what msgspec refuses and some clients take: numbers too large for a float, half surrogates, broken
    UTF-8."""
    try:
        parsed = json.loads(data.decode("utf-8", "replace"))
        return msgspec.convert(parsed, Message | list[Message])
    except (ValueError, RecursionError):
        return []
