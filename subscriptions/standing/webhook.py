"""Sends to webhooks, signed as Standard Webhooks has it, and never to where the address guard forbids."""

from __future__ import annotations

import asyncio
import base64
import functools
import hashlib
import hmac
import ssl
import time
from types import TracebackType
from typing import NamedTuple

from aiohttp import (
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
)
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from events.outbound.address import AddressGuard, AddressRefused, parse_address
from events.outbound.connect import usual_authorities
from events.outbound.connector import MAX_ANSWER, GuardedConnector, GuardedResolver, TooMuch
from events.outbound.origin import USUAL_PORTS
from subscriptions.standing.answer import Answer, answer_of_status, failed
from subscriptions.standing.message import Message
from subscriptions.standing.schedule import asked_wait
from subscriptions.standing.secret import SecretUnusable, webhook_key
from subscriptions.standing.webhook_address import MAX_KNOWN, check_not_ours, one_origin

TIMEOUT_S = 15.0  # seconds that a webhook has for its answer, the connection included
KEEP_ALIVE_S = 30.0  # seconds for which a connection waits for the next event
HANDLE = "X-MCP-Subscription-Id"
USER_AGENT = "eventhub-delivery"


class Asked(NamedTuple):
    answer: Answer
    body: bytes


class Target(NamedTuple):
    """An address, as it is connected to; reading it takes 0.2 ms."""

    url: URL
    host: str
    port: int
    shown: str  # as the header has it
    origin: str
    encrypted: bool


@functools.lru_cache(maxsize=MAX_KNOWN)
def target_of(url: str) -> Target:
    """Return what an address names. Raises AddressRefused."""
    parsed = parse_address(url)
    host, shown, path = parsed.raw_host.decode(), parsed.netloc.decode(), parsed.raw_path.decode()
    in_brackets = f"[{host}]" if ":" in host else host
    port = parsed.port or USUAL_PORTS[parsed.scheme]
    target = URL(f"{parsed.scheme}://{in_brackets}:{port}{path}", encoded=True)
    return Target(target, host, port, shown, one_origin(url), parsed.scheme == "https")


def signature(secrets: list[str], id: str, timestamp: int, body: bytes) -> str:
    """Return the header's value: one signature for each secret that is in force. Raises SecretUnusable."""
    signed = f"{id}.{timestamp}.".encode() + body
    digests = (hmac.new(webhook_key(each), signed, hashlib.sha256).digest() for each in secrets)
    return " ".join(f"v1,{base64.b64encode(each).decode()}" for each in digests)


class Session(NamedTuple):
    http: ClientSession
    resolver: GuardedResolver


class WebhookClient:
    """The connections of a process to webhooks. `async with` ends them."""

    def __init__(self, guard: AddressGuard, *, tls: ssl.SSLContext | None = None, timeout_s: float = TIMEOUT_S) -> None:
        self._guard = guard
        self._tls = tls or usual_authorities()
        self._timeout_s = timeout_s
        self._sessions: dict[bool, Session] = {}  # whether encrypted

    async def __aenter__(self) -> WebhookClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for session in self._sessions.values():
            await session.http.close()

    async def post(self, url: str, secrets: list[str], message: Message, bearer: str = "") -> Answer:
        """Send a message, signed by these secrets or with a bearer token, and return what became of it. Raises nothing
        but CancelledError."""
        return (await self.ask(url, secrets, message, bearer)).answer

    async def ask(self, url: str, secrets: list[str], message: Message, bearer: str = "") -> Asked:
        """Do what `post` does, and return the body of the answer, too; it is empty unless the answer was whole."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._post(url, secrets, message, bearer)
        except TimeoutError:
            answer = failed("timeout", f"No answer within {self._timeout_s:g} s.")
        except (AddressRefused, SecretUnusable) as refusal:
            answer = failed("config", str(refusal))
        except ClientConnectorDNSError as error:
            answer = failed("dns", str(error.os_error))
        except TooMuch:
            answer = failed("http", f"The answer is longer than {MAX_ANSWER:,} bytes.")
        except (ClientConnectorError, ssl.SSLError) as error:
            answer = failed(*connection_failure(error))
        except (ClientError, HttpProcessingError, OSError, ValueError):
            answer = failed("connect", "The connection broke before the answer was complete.")
        return Asked(answer, b"")

    def _session(self, *, encrypted: bool) -> Session:
        if (session := self._sessions.get(encrypted)) is None:
            resolver = GuardedResolver(self._guard, encrypted=encrypted)
            http = ClientSession(
                connector=GuardedConnector(resolver, self._tls, keep_alive_s=KEEP_ALIVE_S),
                cookie_jar=DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=("Accept", "Accept-Encoding"),
                timeout=ClientTimeout(total=None),  # `post` has one
            )
            session = self._sessions[encrypted] = Session(http, resolver)
        return session

    async def _post(self, url: str, secrets: list[str], message: Message, bearer: str) -> Asked:
        target = target_of(url)
        check_not_ours(url)
        session = self._session(encrypted=target.encrypted)
        session.resolver.judge(target.host, target.port)
        headers = headers_of(target.shown, message) | credentials(secrets, message, bearer)
        async with session.http.post(target.url, data=message.body, headers=headers, allow_redirects=False) as response:
            body = await response.content.read()  # a connection that was read to its end can be used again
        asked = asked_wait(response.headers.get("Retry-After"), time.time())
        return Asked(answer_of_status(response.status, asked), body)


def headers_of(host: str, message: Message) -> dict[str, str]:
    return {"Host": host, "User-Agent": USER_AGENT, "Content-Type": message.content_type}


def credentials(secrets: list[str], message: Message, bearer: str) -> dict[str, str]:
    if bearer:
        return {"Authorization": f"Bearer {bearer}"}
    if not secrets:
        return {}
    timestamp = int(time.time())
    return {
        "webhook-id": message.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secrets, message.id, timestamp, message.body),
        **({HANDLE: message.handle} if message.handle else {}),
    }


def connection_failure(error: BaseException) -> tuple[str, str]:
    """Return class and words for a connection that did not come about; nothing of what the other side has said."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, ClientError):  # the client's have no reason
            reason = getattr(cause, "verify_message", "") or cause.reason or "the handshake failed"
            return "tls", f"TLS: {reason}."
        cause = cause.__cause__ or cause.__context__
    return "connect", "The connection was refused, or no route leads there."
