"""What was seen, judged: the table of docs/fleet.md, row by row."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence

import httpx
import msgspec

from events.mcp.breaker import Check, Feeds, Health, Outcome
from events.mcp.probe.failures import HttpRefused, NotMcp, OtherTransport, RpcRefused, ToolsMissing
from events.mcp.secret import SecretUnusable
from events.outbound.address import AddressRefused
from events.outbound.lookup import NameUnknown

INTERNAL = "internal"  # a bug of ours
RATE_LIMITED = "rate_limited"
DEVIATES = "deviates"  # from the protocol, in a way that clients put up with
PLAIN_HTTP = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")  # what OpenSSL makes of it


class Misconfigured(Exception):
    """The server cannot be asked as it is registered."""


def judged(error: Exception, *, has_credential: bool, timeout_s: float) -> Outcome:
    """Return the verdict on what ended a probe; `check` and what was found are for the caller to fill in."""
    if isinstance(error, HttpRefused):
        return _status(error, has_credential=has_credential)
    if isinstance(error, RpcRefused):
        return _failure("tools" if error.method == "tools/list" else "protocol", str(error))
    if isinstance(error, NotMcp | OtherTransport):
        return _failure("protocol", str(error))
    if isinstance(error, ToolsMissing):
        return _failure("tools", str(error))
    if isinstance(error, AddressRefused | SecretUnusable | Misconfigured):
        return _nothing("config", str(error))
    if isinstance(error, TimeoutError):
        return _failure("timeout", f"No answer within {timeout_s:g} s.")
    if isinstance(error, NameUnknown):
        return _failure("dns", str(error))
    if isinstance(error, httpx.LocalProtocolError | httpx.InvalidURL | httpx.UnsupportedProtocol | UnicodeError):
        # Its own text would quote the header that holds the secret.
        return _nothing("config", "The request cannot be sent: look at the URL, the header's name and the secret.")
    if isinstance(error, httpx.TransportError | OSError):
        return _connection(error)
    return _nothing(INTERNAL, f"The probe itself failed: {type(error).__name__}.")


def healthy(*, slow: bool, remarks: Sequence[str] = ()) -> Outcome:
    """Return the outcome of a good answer: degraded if it is slow, or if a remark names what others may stumble
    over."""
    return Outcome(
        health=Health.DEGRADED if slow or remarks else Health.HEALTHY,
        feeds=Feeds.SUCCESS,
        check=Check.LIVENESS,
        error_class=DEVIATES if remarks else "",
        error=" ".join(remarks),
    )


def _status(refused: HttpRefused, *, has_credential: bool) -> Outcome:
    said = f" It says: {refused.reason}" if refused.reason else ""
    if refused.status in (401, 403):
        if has_credential:
            return _nothing("auth", f"HTTP {refused.status}: the credential is not accepted.{said}")
        return msgspec.structs.replace(healthy(slow=False), auth_required=True)
    if refused.status == 429 or (refused.status == 503 and refused.retry_after_s is not None):
        limited = _nothing(RATE_LIMITED, f"HTTP {refused.status}: it asks to be left alone for a while.{said}")
        return msgspec.structs.replace(limited, retry_after_s=refused.retry_after_s)
    if 300 <= refused.status < 400:
        where = f"the address it leads to: {refused.location}" if refused.location else "the address they lead to."
        return _failure("http", f"HTTP {refused.status}: redirects are not followed, register {where}")
    return _failure("http", str(refused))


def _connection(error: Exception) -> Outcome:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError):
            if cause.reason in PLAIN_HTTP:
                return _failure("tls", f"TLS: {cause.reason}. It speaks plain http: register it with http://.")
            reason = getattr(cause, "verify_message", "") or cause.reason or "the handshake failed"
            return _failure("tls", f"TLS: {reason}.")
    if isinstance(error, httpx.ConnectError):
        return _failure("connect", "The connection was refused, or no route leads there.")
    return _failure("connect", "The connection broke before the answer was complete.")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _failure(error_class: str, error: str) -> Outcome:
    return Outcome(
        health=Health.UNHEALTHY, feeds=Feeds.FAILURE, check=Check.LIVENESS, error_class=error_class, error=error
    )


def _nothing(error_class: str, error: str) -> Outcome:
    return Outcome(health=Health.DEGRADED, feeds=Feeds.NO, check=Check.LIVENESS, error_class=error_class, error=error)
