"""Who comes in, for all transports: by a token, or by a session that a page of an allowed origin brings along."""

from __future__ import annotations

from enum import Enum

from events.access import attempts
from events.access.identity import Identity
from subscriptions.live.dispatcher import Dispatcher
from subscriptions.transports.handshake import Handshake


class Why(Enum):
    """Why somebody is turned away."""

    FOREIGN_PAGE = "the page is of an origin that may not use sessions"
    UNKNOWN = "the token is wrong or expired, or nobody is signed in"
    GUESSES = "too many wrong tokens came from this address"
    MAY_NOT_READ = "the token is not made to read with"


class TurnedAway(Exception):
    """Somebody may not come in."""

    def __init__(self, why: Why, wait: int = 0) -> None:
        self.why = why
        self.wait = wait  # seconds, after which another token may be tried
        super().__init__(why.value)


async def identify(dispatcher: Dispatcher, handshake: Handshake, *, may_use_session: bool) -> Identity:
    """Return who this is, and may read. A token, if there is one, is the only credential. Raises TurnedAway, and
    DatabaseError."""
    token = handshake.token
    if token is None and not may_use_session:
        raise TurnedAway(Why.FOREIGN_PAGE)
    session_key = handshake.session_key if token is None else ""
    identity = await dispatcher.token_lookup.identify(token, session_key)
    if identity is None:
        wait = 0 if token is None else await dispatcher.threads.run(attempts.wrong_token, handshake.address)
        raise TurnedAway(Why.GUESSES if wait else Why.UNKNOWN, wait)
    if not identity.may_read:
        raise TurnedAway(Why.MAY_NOT_READ)
    return identity
