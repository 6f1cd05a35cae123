"""Why a request gets no stream: a status of HTTP, a code of the protocol, a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from events.access import attempts, token_terms
from events.core.problems import Problem
from events.models.token_terms import READ
from subscriptions.protocol.commands import Refusal
from subscriptions.transports.entrance import TurnedAway, Why
from subscriptions.transports.handshake import Handshake

NOT_POSSIBLE = ("unknown_event_type", "unknown_filter", "invalid_filter")  # well written, but not in this registry
TRY_AGAIN_S = 1  # a database that is locked or restarting is soon back
CROWDED_S = 5  # other connections must end first


class Refused(Exception):
    def __init__(
        self, status: HTTPStatus, code: str, sentence: str, problems: Sequence[Problem] = (), *, wait: int = 0
    ) -> None:
        self.status = status
        self.code = code
        self.sentence = sentence
        self.problems = tuple(problems)
        self.wait = wait  # seconds, after which it may be tried again
        self.headers: list[tuple[bytes, bytes]] = []
        super().__init__(sentence)


def by_protocol(refusal: Refusal) -> Refused:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if refusal.code in NOT_POSSIBLE else HTTPStatus.BAD_REQUEST
    return Refused(status, refusal.code, str(refusal), refusal.problems)


def at_entrance(turned_away: TurnedAway, handshake: Handshake) -> Refused:
    match turned_away.why:
        case Why.FOREIGN_PAGE:
            sentence = f"A page of {handshake.origin} may not use a session or a ticket here."
            return Refused(HTTPStatus.FORBIDDEN, "forbidden", sentence)
        case Why.UNKNOWN:
            sentence = "Sign in, or send a valid token, “Authorization: Bearer …”, or a new ticket."
            return Refused(HTTPStatus.UNAUTHORIZED, "unauthorized", sentence)
        case Why.GUESSES:
            sentence = attempts.too_many_wrong_tokens(turned_away.wait)
            return Refused(HTTPStatus.TOO_MANY_REQUESTS, "too_many_requests", sentence, wait=turned_away.wait)
        case Why.MAY_NOT_READ:
            return Refused(HTTPStatus.FORBIDDEN, "forbidden", token_terms.lacks(READ))
        case Why.FOR_AGENTS:
            return Refused(HTTPStatus.FORBIDDEN, "forbidden", token_terms.is_for_agents())


def crowded() -> Refused:
    sentence = "This process, your user or your address has too many connections; end one, or try again later."
    return Refused(HTTPStatus.TOO_MANY_REQUESTS, "too_many_requests", sentence, wait=CROWDED_S)


def unavailable() -> Refused:
    sentence = "The database is not available at the moment; try again."
    return Refused(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", sentence, wait=TRY_AGAIN_S)


def failed() -> Refused:
    sentence = "The server failed at this request; its operators can read why."
    return Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", sentence)
