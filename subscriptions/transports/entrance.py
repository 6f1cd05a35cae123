"""Who comes in, for all transports: by a token, by a ticket, or by a session that an allowed page brings along."""

from __future__ import annotations

from enum import Enum

from events.access import attempts
from events.access.identity import Identity
from subscriptions.live.dispatcher import Dispatcher
from subscriptions.transports.handshake import Handshake


class Why(Enum):
    """Why somebody is turned away."""

    FOREIGN_PAGE = "the page is of an origin that may not use this session or ticket"
    UNKNOWN = "the token or ticket is wrong, used or expired, or nobody is signed in"
    GUESSES = "too many wrong tokens came from this address"
    MAY_NOT_READ = "the token is not made to read with"
    FOR_AGENTS = "the token is for agents, at /mcp alone"


class TurnedAway(Exception):
    """Somebody may not come in."""

    def __init__(self, why: Why, wait: int = 0) -> None:
        self.why = why
        self.wait = wait  # seconds, after which another token may be tried
        super().__init__(why.value)


async def identify(
    dispatcher: Dispatcher, handshake: Handshake, *, may_use_session: bool, is_agent: bool = False
) -> Identity:
    """Return who this is, and may read. A token, if there is one, is the only credential, and else a ticket. Raises
    TurnedAway, and DatabaseError."""
    token = handshake.token
    ticket = handshake.ticket if token is None else None
    if token is None and not (may_use_session if ticket is None else handshake.may_use_ticket):
        raise TurnedAway(Why.FOREIGN_PAGE)
    if ticket is not None:
        identity = await dispatcher.token_lookup.redeem(ticket)
    else:
        identity = await dispatcher.token_lookup.identify(token, "" if token else handshake.session_key)
    if identity is None:
        wait = 0 if token is None else await dispatcher.threads.run(attempts.wrong_token, handshake.address)
        raise TurnedAway(Why.GUESSES if wait else Why.UNKNOWN, wait)
    if identity.agents_only and not is_agent:
        raise TurnedAway(Why.FOR_AGENTS)
    if not identity.may_read:
        raise TurnedAway(Why.MAY_NOT_READ)
    return identity
