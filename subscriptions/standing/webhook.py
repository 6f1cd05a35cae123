"""Sends to webhooks, signed as Standard Webhooks has it, and never to where the address guard forbids."""

from __future__ import annotations

import asyncio
import base64
import functools
import hashlib
import hmac
import ssl
import time
from collections import OrderedDict
from types import TracebackType
from typing import NamedTuple

import httpcore
from django.conf import settings

from events.outbound.address import AddressGuard, AddressRefused, NameUnknown, parse_address
from events.outbound.connect import guarded_pool, usual_authorities
from events.outbound.origin import host_of, origin_of
from subscriptions.standing import stream
from subscriptions.standing.answer import Answer, answer_of_status, failed
from subscriptions.standing.message import Message
from subscriptions.standing.schedule import asked_wait
from subscriptions.standing.secret import SecretUnusable, webhook_key

TIMEOUT_S = 15.0  # seconds that a webhook has for its answer, the connection included
KEEP_ALIVE_S = 30.0  # seconds for which a connection waits for the next event
MAX_POOLS = 4_000  # addresses that connections are kept to; more than there are standing subscriptions, usually
ALLOWED_BY = "EVENTHUB_DELIVERY_ALLOWED"  # how the settings begin that allow more addresses
HANDLE = "X-MCP-Subscription-Id"
USER_AGENT = b"eventhub-delivery"


def guard() -> AddressGuard:
    """Return which addresses a webhook may have: what the settings say, and never this installation."""
    return AddressGuard.of_settings(ALLOWED_BY, settings.EVENTHUB_PORTS)


class Asked(NamedTuple):
    answer: Answer
    body: bytes


class Target(NamedTuple):
    """An address, as the pools take it; reading it takes 0.2 ms."""

    url: httpcore.URL
    host: bytes
    origin: str
    encrypted: bool


@functools.lru_cache(maxsize=MAX_POOLS)
def target_of(url: str) -> Target:
    """Return what an address names. Raises AddressRefused."""
    parsed = parse_address(url)
    target = httpcore.URL(scheme=parsed.raw_scheme, host=parsed.raw_host, port=parsed.port, target=parsed.raw_path)
    return Target(target, parsed.netloc, one_origin(url), parsed.scheme == "https")


def check_not_ours(url: str) -> None:
    """Raise AddressRefused for an address of this installation: deliveries would go round."""
    if target_of(url).origin in map(one_origin, settings.EVENTHUB_ALLOWED_ORIGINS):
        raise AddressRefused(f"{host_of(url)} is this installation itself: events would go round.")


@functools.lru_cache(maxsize=MAX_POOLS)
def one_origin(url: str) -> str:
    """Return the origin in the one way to compare it: a name that a dot ends is the same name."""
    scheme, host, port = origin_of(url)
    return f"{scheme}://{host.rstrip('.')}:{port}"


def signature(secrets: list[str], id: str, timestamp: int, body: bytes) -> str:
    """Return the header's value: one signature for each secret that is in force. Raises SecretUnusable."""
    signed = f"{id}.{timestamp}.".encode() + body
    digests = (hmac.new(webhook_key(each), signed, hashlib.sha256).digest() for each in secrets)
    return " ".join(f"v1,{base64.b64encode(each).decode()}" for each in digests)


class WebhookClient:
    """The connections of a process to webhooks. `async with` ends them."""

    def __init__(self, guard: AddressGuard, *, tls: ssl.SSLContext | None = None, timeout_s: float = TIMEOUT_S) -> None:
        self._guard = guard
        self._tls = tls or usual_authorities()
        self._timeout_s = timeout_s
        # One for each address, those used last at the end: a pool looks through all of its connections each time.
        self._pools: OrderedDict[str, httpcore.AsyncConnectionPool] = OrderedDict()

    async def __aenter__(self) -> WebhookClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for pool in self._pools.values():
            await pool.aclose()

    async def post(self, url: str, secrets: list[str], message: Message) -> Answer:
        """Send a message, and return what the webhook made of it. Raises nothing but CancelledError."""
        return (await self.ask(url, secrets, message)).answer

    async def ask(self, url: str, secrets: list[str], message: Message) -> Asked:
        """Do what `post` does, and return the body of the answer, too; it is empty unless the answer was whole."""
        token = stream.read_so_far.set([0])
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._post(url, secrets, message)
        except TimeoutError:
            answer = failed("timeout", f"No answer within {self._timeout_s:g} s.")
        except (AddressRefused, SecretUnusable) as refusal:
            answer = failed("config", str(refusal))
        except NameUnknown as error:
            answer = failed("dns", str(error))
        except stream.TooMuch:
            answer = failed("http", f"The answer is longer than {stream.MAX_ANSWER:,} bytes.")
        except (httpcore.ConnectError, ssl.SSLError) as error:
            answer = failed(*connection_failure(error))
        except (httpcore.ProtocolError, httpcore.NetworkError, OSError):
            answer = failed("connect", "The connection broke before the answer was complete.")
        finally:
            stream.read_so_far.reset(token)
        return Asked(answer, b"")

    def _pool_of(self, url: str, *, encrypted: bool) -> httpcore.AsyncConnectionPool:
        pool = self._pools.pop(url, None)
        if pool is None:
            pool = guarded_pool(
                self._guard, self._tls, stream.BoundedStream, encrypted=encrypted, keep_alive_s=KEEP_ALIVE_S
            )
        self._pools[url] = pool
        return pool

    async def _drop_unused(self) -> None:
        """End the connections to what was sent to longest ago, if there are too many addresses."""
        while len(self._pools) > MAX_POOLS:
            await self._pools.popitem(last=False)[1].aclose()

    async def _post(self, url: str, secrets: list[str], message: Message) -> Asked:
        target = target_of(url)
        check_not_ours(url)
        await self._drop_unused()
        headers = headers_of(target.host, secrets, message)
        pool = self._pool_of(url, encrypted=target.encrypted)
        async with pool.stream(b"POST", target.url, headers=headers, content=message.body) as response:
            # A connection that was read to its end can be used again.
            body = b"".join([part async for part in response.aiter_stream()])
        given = {name.lower(): value for name, value in response.headers}
        asked = given.get(b"retry-after", b"").decode("latin-1") or None
        return Asked(answer_of_status(response.status, asked_wait(asked, time.time())), body)


def headers_of(host: bytes, secrets: list[str], message: Message) -> list[tuple[bytes | str, bytes | str]]:
    timestamp = int(time.time())
    handle = [(HANDLE, message.handle)] if message.handle else []
    return [
        ("Host", host),
        ("User-Agent", USER_AGENT),
        ("Content-Type", message.content_type),
        ("Content-Length", str(len(message.body))),
        ("webhook-id", message.id),
        ("webhook-timestamp", str(timestamp)),
        ("webhook-signature", signature(secrets, message.id, timestamp, message.body)),
        *handle,
    ]


def connection_failure(error: BaseException) -> tuple[str, str]:
    """Return class and words for a connection that did not come about; nothing of what the other side has said."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            reason = getattr(cause, "verify_message", "") or cause.reason or "the handshake failed"
            return "tls", f"TLS: {reason}."
        cause = cause.__cause__ or cause.__context__
    return "connect", "The connection was refused, or no route leads there."
