"""Refuses a request whose body is longer than its address takes: Django itself would first write all of it to a file.
Long ones are read of those who are known alone, and of these a few at once.

Daphne receives a whole body before it asks any application; behind it only a proxy's own limit helps.
"""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from http import HTTPStatus
from typing import Any

from channels.db import database_sync_to_async
from django.db import Error as DatabaseError  # InterfaceError too

from events.access import attempts
from events.access.identity import identities_of_tokens, identity_of_session
from events.pacing.turns import LoopTurns
from subscriptions.transports.handshake import Handshake

SMALL_BODY = 64 * 1024  # bytes; a form, or a hundred events
LARGE_BODY = 8 * 1024 * 1024  # bytes, where events or documents come in; twice what the API takes, which says more
LARGE_AT_ONCE = 16  # larger than small; they lie in the folder for temporary files
LARGE_OF_USER = 4
LARGE_WAIT_S = 5.0  # for one's turn
AGENTS, INVALID_REQUEST = "/mcp", -32600  # there, errors are those of JSON-RPC
TRY_AGAIN_S = 1  # after there was none, or the database was away

Message = dict[str, Any]


class BodyRefused(Exception):
    def __init__(self, status: HTTPStatus, code: str, sentence: str, wait: int = 0) -> None:
        self.status = status
        self.code = code
        self.sentence = sentence
        self.wait = wait  # seconds, after which it may be tried again


class BodyLimit:
    """An ASGI application around the one for HTTP."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self._large: LoopTurns[int] = LoopTurns(LARGE_AT_ONCE, LARGE_OF_USER)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if is_small(scope):
            await self.application(scope, receive, send)
            return
        limit = LARGE_BODY if takes_large(scope) else SMALL_BODY
        received, answered = 0, False
        refused: BodyRefused | None = too_long(limit) if declared(scope) > limit else None

        async def receive_bounded() -> Message:
            nonlocal received, refused
            message: Message = await receive()
            before, received = received, received + len(message.get("body", b""))
            try:
                if received > limit:
                    raise too_long(limit)
                if before <= SMALL_BODY < received:
                    await self._take_turn(scope, turn)
            except BodyRefused as error:
                refused = error
            return {"type": "http.disconnect"} if refused else message

        async def send_unless_refused(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        if refused is None:
            async with AsyncExitStack() as turn:
                await self.application(scope, receive_bounded, send_unless_refused)
        if refused is not None and not answered:
            await refuse_body(send, refused, as_json_rpc=scope["path"].removesuffix("/") == AGENTS)

    async def _take_turn(self, scope: dict[str, Any], turn: AsyncExitStack) -> None:
        try:
            user_id = await database_sync_to_async(known_user)(Handshake(scope))
            await turn.enter_async_context(self._large.turn(user_id, LARGE_WAIT_S))
        except (DatabaseError, TimeoutError):
            sentence = f"Bodies over {SMALL_BODY:,} bytes cannot be read at the moment; try again."
            raise BodyRefused(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", sentence, TRY_AGAIN_S) from None


def takes_large(scope: dict[str, Any]) -> bool:
    """Return where events, documents and the admin's long forms are sent to."""
    path: str = scope["path"]
    if scope["method"] not in ("POST", "PUT", "PATCH"):
        return False
    return path.rstrip("/") == "/api/v1/events" or (path.startswith("/admin/") and path != "/admin/login/")


def known_user(handshake: Handshake) -> int:
    """Return the id of the user who sends this. Raises BodyRefused; a wrong token counts as it does everywhere. It asks
    the database: do not call it in the event loop."""
    token = handshake.token
    identity = identity_of_session(handshake.session_key) if token is None else identities_of_tokens([token])[0]
    if identity is not None:
        return identity.user_id
    if token is not None and (wait := attempts.wrong_token(handshake.address)):
        sentence = attempts.too_many_wrong_tokens(wait)
        raise BodyRefused(HTTPStatus.TOO_MANY_REQUESTS, "too_many_requests", sentence, wait)
    sentence = f"Without valid credentials at most {SMALL_BODY:,} bytes are read."
    raise BodyRefused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "limit_exceeded", sentence)


def declared(scope: dict[str, Any]) -> int:
    """Return the length that the client announces; 0 when it announces none, or one that is no number."""
    length = dict(scope["headers"]).get(b"content-length", b"")
    return int(length) if length.isdigit() else 0


def is_small(scope: dict[str, Any]) -> bool:
    """Return whether the client announces a small body: no server passes on more than that."""
    names = [name for name, _ in scope["headers"]]
    return b"transfer-encoding" not in names and 0 < declared(scope) <= SMALL_BODY


def too_long(limit: int) -> BodyRefused:
    sentence = f"The body is over {limit:,} bytes{'; send it in parts' if limit == LARGE_BODY else ''}."
    return BodyRefused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "limit_exceeded", sentence)


async def refuse_body(send: Any, refused: BodyRefused, *, as_json_rpc: bool) -> None:
    kind, body = (
        (b"application/json", error_of(refused)) if as_json_rpc else (b"application/problem+json", problem_of(refused))
    )
    headers = [(b"content-type", kind), (b"connection", b"close")]
    if refused.wait:
        headers.append((b"retry-after", str(refused.wait).encode()))
    await send({"type": "http.response.start", "status": refused.status.value, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


def problem_of(refused: BodyRefused) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": refused.status.phrase,
        "status": refused.status.value,
        "detail": refused.sentence,
        "code": refused.code,
    }


def error_of(refused: BodyRefused) -> dict[str, Any]:
    """Return the refusal of a message of which nobody has read the id."""
    return {"jsonrpc": "2.0", "id": None, "error": {"code": INVALID_REQUEST, "message": refused.sentence}}
