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
Headers = list[tuple[bytes | str, bytes | str]]
USER_AGENT = b"eventhub-delivery"


def guard() -> AddressGuard:
    """Return which addresses a webhook may have: what the settings say, and never this installation."""
    return AddressGuard.of_settings(ALLOWED_BY, settings.EVENTHUB_PORTS)


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

    async def post(self, url: str, secrets: list[str], message: Message, bearer: str = "") -> Answer:
        """Send a message, signed by these secrets or with a bearer token, and return what became of it. Raises nothing
        but CancelledError."""
        token = stream.read_so_far.set([0])
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._post(url, secrets, message, bearer)
        except TimeoutError:
            return failed("timeout", f"No answer within {self._timeout_s:g} s.")
        except (AddressRefused, SecretUnusable) as refusal:
            return failed("config", str(refusal))
        except NameUnknown as error:
            return failed("dns", str(error))
        except stream.TooMuch:
            return failed("http", f"The answer is longer than {stream.MAX_ANSWER:,} bytes.")
        except (httpcore.ConnectError, ssl.SSLError) as error:
            return failed(*connection_failure(error))
        except (httpcore.ProtocolError, httpcore.NetworkError, OSError):
            return failed("connect", "The connection broke before the answer was complete.")
        finally:
            stream.read_so_far.reset(token)

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

    async def _post(self, url: str, secrets: list[str], message: Message, bearer: str) -> Answer:
        target = target_of(url)
        check_not_ours(url)
        await self._drop_unused()
        headers = headers_of(target.host, message) + credentials(secrets, message, bearer)
        pool = self._pool_of(url, encrypted=target.encrypted)
        async with pool.stream(b"POST", target.url, headers=headers, content=message.body) as response:
            async for _ in response.aiter_stream():
                pass  # a connection that was read to its end can be used again
        given = {name.lower(): value for name, value in response.headers}
        asked = given.get(b"retry-after", b"").decode("latin-1") or None
        return answer_of_status(response.status, asked_wait(asked, time.time()))


def headers_of(host: bytes, message: Message) -> Headers:
    return [
        ("Host", host),
        ("User-Agent", USER_AGENT),
        ("Content-Type", message.content_type),
        ("Content-Length", str(len(message.body))),
    ]


def credentials(secrets: list[str], message: Message, bearer: str) -> Headers:
    if bearer:
        return [("Authorization", f"Bearer {bearer}")]
    if not secrets:
        return []
    timestamp = int(time.time())
    return [
        ("webhook-id", message.id),
        ("webhook-timestamp", str(timestamp)),
        ("webhook-signature", signature(secrets, message.id, timestamp, message.body)),
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
