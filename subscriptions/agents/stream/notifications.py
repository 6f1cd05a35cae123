"""What all streams to agents have in common: messages of JSON-RPC that name their stream, and refusals."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec

from subscriptions.outbox.event_stream import chunk_of, data_of
from subscriptions.outbox.frames import Frame
from subscriptions.protocol import mcp_events
from subscriptions.protocol.endings import Ending
from subscriptions.protocol.mcp_events import EventsError
from subscriptions.transports.http_stream.form import Answer, Headers
from subscriptions.transports.http_stream.refused import Refused

JSON = (b"content-type", b"application/json")
CODES = {
    "forbidden": mcp_events.FORBIDDEN,
    "too_many_requests": mcp_events.RESOURCE_EXHAUSTED,
    "unavailable": mcp_events.INTERNAL_ERROR,
    "internal_error": mcp_events.INTERNAL_ERROR,
}
DATA = {"forbidden": {"reason": "credential"}, "too_many_requests": {"limit": "connections"}}
# Of these, HTTP shall tell, too: agents and proxies act upon them.
TOLD_BY_HTTP = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.INTERNAL_SERVER_ERROR,
}


class NotificationsForm:
    """The part of a `Form` that does not depend on what is asked for."""

    writes_blocks = False
    is_of_agents = True
    headers: Headers = [(b"content-type", b"text/event-stream; charset=utf-8")]

    def __init__(self, request_id: str | int, challenge: str = "Bearer") -> None:
        """`challenge` is what WWW-Authenticate says to whom sent a wrong token."""
        self._id = request_id
        self._challenge = challenge

    def encode(self, frame: Frame) -> bytes:
        raise NotImplementedError

    def chunk(self, frame: Frame) -> bytes:
        return chunk_of(self.encode(frame))

    def last_words(self, ending: Ending) -> bytes:
        return self._result()

    def refuse(self, refused: Refused) -> Answer:
        error = self._error_of(refused)
        status = refused.status if refused.status in TOLD_BY_HTTP else HTTPStatus.OK
        body = msgspec.json.encode({"jsonrpc": "2.0", "id": self._id, "error": error.as_json()})
        headers = [JSON]
        if status == HTTPStatus.UNAUTHORIZED:
            headers.append((b"www-authenticate", self._challenge.encode()))
        return Answer(status.value, headers, body)

    def _error_of(self, refused: Refused) -> EventsError:
        sentence = refused.sentence.replace("filters.", "arguments.")
        return EventsError(CODES.get(refused.code, mcp_events.INVALID_PARAMS), sentence, **DATA.get(refused.code, {}))

    def _notification(self, method: str, params: dict[str, Any]) -> bytes:
        meta = {mcp_events.SUBSCRIPTION_ID: self._id}
        return self._data({"jsonrpc": "2.0", "method": f"notifications/{method}", "params": {**params, "_meta": meta}})

    def _result(self) -> bytes:
        result = {"resultType": "complete", "_meta": {mcp_events.SUBSCRIPTION_ID: self._id}}
        return self._data({"jsonrpc": "2.0", "id": self._id, "result": result})

    def _data(self, message: dict[str, Any]) -> bytes:
        return f"{data_of(msgspec.json.encode(message).decode())}\n".encode()
