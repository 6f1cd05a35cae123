"""One check of an MCP server, from the connection to the list of its tools."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from traceback import extract_tb

import httpx
from msgspec.structs import replace

from events.mcp.breaker import Check, Outcome
from events.mcp.probe.conversation import Conversation
from events.mcp.probe.eras import converse
from events.mcp.probe.failures import ToolsMissing
from events.mcp.probe.findings import Findings
from events.mcp.probe.foreign import hidden, tamed
from events.mcp.probe.target import Auth, Target
from events.mcp.probe.verdict import INTERNAL, Misconfigured, healthy, judged
from events.mcp.secret import resolve
from events.mcp.tools.definitions import LONG_BYTES, Listed, listed
from events.outbound.address import parse_address

log = logging.getLogger(__name__)


async def probe(client: httpx.AsyncClient, target: Target, *, deep: bool) -> Outcome:
    """Ask the server whether it is well; never raises but for cancellation.

    A deep check looks at its tools as well. The verdict is there within `timeout_s`; ending a session with the server
    may take a second more. `latency_ms` is the slowest of its answers.
    """
    findings = Findings()
    secret = ""
    seen = Listed("", b"")
    slowest_ms: float | None = None
    certificate_ends: float | None = None
    try:
        parse_address(target.url)
        secret = secret_of(target)
        conversation = Conversation(client, target, secret)
        try:
            async with asyncio.timeout(target.timeout_s):
                await converse(conversation, target.era, findings, deep=deep, detect_s=target.timeout_s / 2)
        finally:
            slowest_ms = conversation.slowest_ms
            certificate_ends = conversation.certificate_ends
            await conversation.end()
        if deep:
            seen = await _tools(findings, secret)
        _expect(target, findings)
    except Exception as error:  # noqa: BLE001  the edge of a connection: whatever is out there is an outcome
        outcome = judged(error, has_credential=target.auth != Auth.NONE, timeout_s=target.timeout_s)
        if outcome.error_class == INTERNAL:  # without the text, which nobody has looked at for secrets
            log.error("A probe failed by itself: %s in %s", type(error).__name__, *extract_tb(error.__traceback__)[-1:])
    else:
        slow = slowest_ms is not None and slowest_ms > target.degraded_latency_ms
        outcome = healthy(slow=slow, remarks=[*filter(None, [conversation.moved]), *findings.remarks])
    return replace(
        outcome,
        check=Check.DEEP if deep else Check.LIVENESS,
        error=tamed(outcome.error, secret),
        latency_ms=slowest_ms,
        protocol_version=findings.version,
        protocol_era=findings.era,
        server_info=tamed(findings.server, secret),
        offers_events=findings.offers_events if findings.era else None,
        tool_count=None if findings.tools is None else len(findings.tools),
        tools_fingerprint=seen.fingerprint,
        tools=seen.text,
        certificate_ends=certificate_ends,
    )


async def _tools(findings: Findings, secret: str) -> Listed:
    """Return a whole list of tools as it is compared. A server that offers none any more has an empty one."""
    if findings.tools is None and (findings.offers_tools or not findings.era):
        return Listed("", b"")
    work = partial(listed, findings.defined, findings.instructions, hidden(secret))
    return await asyncio.to_thread(work) if findings.size > LONG_BYTES else work()


def secret_of(target: Target) -> str:
    if target.auth == Auth.NONE:
        return ""
    if target.auth == Auth.HEADER and not target.header_name:
        raise Misconfigured("No header is named that the secret goes into.")
    return resolve(target.secret_reference, target.url, target.secret_origins)


def _expect(target: Target, findings: Findings) -> None:
    if findings.tools is not None or (target.expected_tools and findings.era and not findings.offers_tools):
        missing = [name for name in target.expected_tools if name not in (findings.tools or ())]
        if missing:
            raise ToolsMissing(missing)
