"""Reads the document of a host from the address that is its client_id, and never from where the address guard forbids.

Only who is signed in can have one read, so many at a time, and after failures only now and then.
"""

from __future__ import annotations

import asyncio
import logging
import time
from http import HTTPStatus
from typing import NamedTuple

from aiohttp import ClientError, ClientSession, DummyCookieJar
from aiohttp.http_exceptions import HttpProcessingError
from django.conf import settings

from events.access import attempts
from events.core.problems import shown
from events.database.pool import let_go_of_database
from events.outbound.address import AddressGuard, AddressRefused
from events.outbound.connect import usual_authorities
from events.outbound.connector import GuardedConnector, GuardedResolver, TooMuch
from events.pacing.turns import ThreadTurns
from subscriptions.agents.oauth.client import Client, ClientRefused, check_client_id, read_client
from subscriptions.standing.webhook import target_of

ALLOWED_BY = "EVENTHUB_OAUTH_ALLOWED"  # how the settings begin that allow more addresses
TIMEOUT_S = 5.0  # seconds for a document; somebody waits for a page meanwhile
MAX_DOCUMENT = 16 * 1024  # bytes; hosts have one or two KiB
AT_ONCE, OF_USER, WAIT_S = 8, 1, 2.0  # documents at once, of one user, and seconds to wait for one's turn
KEPT_S = 300.0  # seconds for which a document need not be read again
MAX_KEPT = 1_000  # documents; beyond that, all are read again
HEADERS = {"Accept": "application/json", "User-Agent": "eventhub-oauth"}

logger = logging.getLogger(__name__)


class Kept(NamedTuple):
    client: Client
    until: float  # time.monotonic()


_kept: dict[str, Kept] = {}  # by client_id
_turns: ThreadTurns[object] = ThreadTurns(AT_ONCE, OF_USER)


def client_of(client_id: str, user_id: object) -> Client:
    """Return who this is. It may take seconds, and no transaction may be open meanwhile. Raises ClientRefused."""
    check_client_id(client_id)
    kept = _kept.get(client_id)
    if kept is not None and kept.until > time.monotonic():
        return kept.client
    keys = [attempts.key("client document", str(user_id), allowed=settings.EVENTHUB_LOGIN_ATTEMPTS)]
    if wait := attempts.wait(keys):
        raise ClientRefused(f"Too many documents of programs could not be read; try again in {wait} s.", wait)
    try:
        client = read_client(client_id, body_of(client_id, user_id))
    except ClientRefused:
        attempts.failed(keys)
        raise
    if len(_kept) >= MAX_KEPT:
        _kept.clear()
    _kept[client_id] = Kept(client, time.monotonic() + KEPT_S)
    return client


def forget() -> None:
    """Read all documents again, as a process does that has just begun."""
    _kept.clear()


def body_of(client_id: str, user_id: object) -> bytes:
    """Return what stands at an address. What fails there is for operators to read: it would tell of the network."""
    let_go_of_database()
    try:
        with _turns.turn(user_id, WAIT_S):
            return asyncio.run(fetch(client_id))
    except (AddressRefused, ClientError, HttpProcessingError, TooMuch, OSError, ValueError) as error:
        logger.warning("The document of a program, %s, could not be read: %s", shown(client_id, 200), error)
    sentence = f"The document at {client_id} could not be read. Operators of this hub can see in its log why."
    raise ClientRefused(sentence)


async def fetch(client_id: str) -> bytes:
    target = target_of(client_id)
    guard = AddressGuard.of_settings(ALLOWED_BY, settings.EVENTHUB_PORTS)
    resolver = GuardedResolver(guard, encrypted=True)
    resolver.judge(target.host, target.port)
    async with (
        asyncio.timeout(TIMEOUT_S),
        ClientSession(
            connector=GuardedConnector(resolver, usual_authorities(), keep_alive_s=TIMEOUT_S),
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("Accept-Encoding",),
        ) as http,
        http.get(target.url, headers={**HEADERS, "Host": target.shown}, allow_redirects=False) as answer,
    ):
        if answer.status != HTTPStatus.OK:
            raise ValueError(f"it is answered with {answer.status}")
        body = await answer.content.read()  # the connection has a bound of its own
    if len(body) > MAX_DOCUMENT:
        raise ValueError(f"it has over {MAX_DOCUMENT:,} bytes")
    return body
