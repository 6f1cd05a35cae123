"""Whether an address wants what it would be sent: it answers a challenge before anything else goes there."""

from __future__ import annotations

import asyncio
import hmac
import secrets

import msgspec

from events.database.pool import let_go_of_database
from events.pacing.turns import ThreadTurns
from subscriptions.protocol import mcp_events
from subscriptions.protocol.mcp_events import EventsError
from subscriptions.standing import message, webhook_address
from subscriptions.standing.answer import Verdict
from subscriptions.standing.webhook import Asked, WebhookClient

TIMEOUT_S = 5.0  # seconds that an address has for its answer; the agent waits meanwhile
AT_ONCE, OF_USER, WAIT_S = 8, 1, 2.0  # challenges at once, of one user, and seconds to wait for one's turn

_turns: ThreadTurns[object] = ThreadTurns(AT_ONCE, OF_USER)


class Answered(msgspec.Struct):
    challenge: str


def challenge(user_id: object, url: str, secret: str, handle: str) -> None:
    """Ask an address. Raises EventsError unless it answers as it should. No transaction is open meanwhile."""
    let_go_of_database()
    nonce = secrets.token_urlsafe(24)
    try:
        with _turns.turn(user_id, WAIT_S):
            asked = asyncio.run(ask(url, secret, message.of_challenge(nonce, handle)))
    except TimeoutError:
        sentence = "Too many addresses are being verified at the moment; try again."
        raise EventsError(mcp_events.RESOURCE_EXHAUSTED, sentence, limit="verifications", max=OF_USER) from None
    if asked.answer.verdict is not Verdict.ACCEPTED:
        reason = mcp_events.kind_of_error(asked.answer.error_class, asked.answer.error)
        raise mcp_events.callback_failed(reason)
    try:
        answered = msgspec.json.decode(asked.body, type=Answered).challenge
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        answered = ""
    if not hmac.compare_digest(answered.encode(), nonce.encode()):
        raise mcp_events.callback_failed(mcp_events.CHALLENGE_FAILED)


async def ask(url: str, secret: str, sent: message.Message) -> Asked:
    async with WebhookClient(webhook_address.guard(), timeout_s=TIMEOUT_S) as client:
        return await client.ask(url, [secret], sent)
