"""How an event stream says what there is to say: blocks, and problem documents where there is no stream."""

from __future__ import annotations

from typing import Any

import msgspec

from subscriptions.outbox.event_stream import block_of, named_block
from subscriptions.outbox.frames import Frame
from subscriptions.protocol.commands import Subscribe
from subscriptions.protocol.endings import Ending
from subscriptions.transports.http_stream.form import Answer, Headers
from subscriptions.transports.http_stream.refused import Refused
from subscriptions.transports.sse.parameters import as_parameter, command_of

ENDED = "ended"  # the name of the last block
# As of any answer of the API: what one person may see must not reach another through a cache between.
PRIVATE = [(b"vary", b"Authorization, Cookie"), (b"cache-control", b"private, no-cache")]
PROBLEM = (b"content-type", b"application/problem+json")
CHALLENGE = (b"www-authenticate", b"Bearer")


class EventStreamForm:
    writes_blocks = True
    is_of_agents = False
    headers: Headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"vary", b"Authorization, Cookie")]

    def __init__(self, scope: dict[str, Any]) -> None:
        self._scope = scope

    def command(self) -> Subscribe:
        return command_of(self._scope)

    def encode(self, frame: Frame) -> bytes:
        return block_of(frame.text)

    def chunk(self, frame: Frame) -> bytes:
        return frame.chunk or frame.as_chunk()

    def last_words(self, ending: Ending) -> bytes:
        said = {"reason": ending.name.lower(), "message": ending.value, "comes_back": ending.comes_back}
        return named_block(ENDED, msgspec.json.encode(said).decode())

    def refuse(self, refused: Refused) -> Answer:
        problems = [as_parameter(problem) for problem in refused.problems]
        sentence = "; ".join(f"{field}: {problem}" for field, problem in problems)
        document: dict[str, Any] = {
            "type": "about:blank",  # RFC 9457: the status tells the kind; `code` tells it to programs
            "title": refused.status.phrase,
            "status": refused.status.value,
            "detail": f"{sentence}." if problems else refused.sentence,
            "code": refused.code,
        }
        if problems:
            document["details"] = [problem._asdict() for problem in problems]
        headers = [PROBLEM, *PRIVATE, *([CHALLENGE] if refused.status.value == 401 else [])]
        return Answer(refused.status.value, headers, msgspec.json.encode(document))
