"""The two eras of the protocol: what is asked in each, and what of the answers is kept."""

from __future__ import annotations

import asyncio
from typing import Any

from events.mcp.probe.conversation import Conversation
from events.mcp.probe.failures import HttpRefused, NoAnswer, NotMcp, OtherTransport, RpcRefused, VersionUnknown
from events.mcp.probe.findings import Findings
from events.mcp.probe.modern import CLIENT, MODERN_VERSION, ask_modern
from events.mcp.probe.target import Era
from events.mcp.probe.tools import list_tools

LEGACY_VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
SERVER_INFO = "io.modelcontextprotocol/serverInfo"
EVENTS = "io.modelcontextprotocol/events"
# Header mismatch, missing capability, unsupported version: only a server of the modern era answers these.
MODERN_ERRORS = (-32020, -32021, -32022)
# With these, a server of the transport before streamable HTTP refuses a POST.
OLD_TRANSPORT = (400, 404, 405)
PING_S = 2.0  # at most: what a server does not answer to, clients need not ask


async def converse(conversation: Conversation, era: Era, findings: Findings, *, deep: bool, detect_s: float) -> None:
    """Ask the server in its own era, and fill in what it says; raises what `Conversation.ask` raises.

    An era that turns out to be wrong is found anew. A server of unknown era has `detect_s` seconds for the modern
    question: some older ones leave it unanswered.
    """
    if era == Era.LEGACY:
        await _meet(conversation, findings, [Era.LEGACY, Era.MODERN], known=True)
    elif era == Era.MODERN:
        await _meet(conversation, findings, [Era.MODERN, Era.LEGACY], known=True)
    else:
        await _meet(conversation, findings, [Era.MODERN, Era.LEGACY], known=False, detect_s=detect_s)
    if deep and findings.offers_tools:
        await list_tools(conversation, findings)
    elif findings.era == Era.LEGACY:
        await _ping(conversation, findings, min(PING_S, detect_s / 2))


async def shake_hands(conversation: Conversation) -> None:
    """Begin a conversation of the older era, in which something else than a check is asked."""
    await _initialize(conversation, Findings())


async def _meet(
    conversation: Conversation, findings: Findings, eras: list[Era], *, known: bool, detect_s: float | None = None
) -> None:
    greet = {Era.MODERN: _discover, Era.LEGACY: _initialize}
    first, second = eras
    try:
        async with asyncio.timeout(detect_s):
            return await greet[first](conversation, findings)
    except (RpcRefused, HttpRefused, NotMcp, TimeoutError) as refusal:
        if isinstance(refusal, HttpRefused) and _holds_in_both(refusal, first):
            raise
        refused = refusal
    try:
        return await greet[second](conversation, findings)
    except (RpcRefused, HttpRefused, NotMcp) as refusal:
        modern, legacy = (refused, refusal) if first == Era.MODERN else (refusal, refused)
        in_trouble = known and isinstance(refused, HttpRefused) and refused.status >= 500
        decisive = modern if _is_modern(modern) or in_trouble else legacy
        if isinstance(decisive, HttpRefused) and decisive.status in OLD_TRANSPORT and not decisive.rpc:
            await _expect_streamable(conversation)
        raise decisive from None


async def _expect_streamable(conversation: Conversation) -> None:
    if await conversation.speaks_old_transport():
        raise OtherTransport(
            "It speaks the old SSE transport, which is not supported: register its endpoint of streamable HTTP, if any."
        )


def _holds_in_both(refusal: HttpRefused, first: Era) -> bool:
    """Return whether this status would be the answer in the other era as well. Servers of the older era stumble over a
    question that they have never heard of, or forbid it; among them may be one that has gone back to that era."""
    if refusal.status in (401, 429) or (refusal.status >= 500 and refusal.retry_after_s is not None):
        return True
    return first == Era.LEGACY and (refusal.status == 403 or refusal.status >= 500)


def _is_modern(refusal: NoAnswer | TimeoutError) -> bool:
    rpc = refusal.rpc if isinstance(refusal, HttpRefused) else refusal
    return isinstance(rpc, VersionUnknown) or (isinstance(rpc, RpcRefused) and rpc.code in MODERN_ERRORS)


async def _discover(conversation: Conversation, findings: Findings) -> None:
    result = await ask_modern(conversation, "server/discover")
    spoken = result.get("supportedVersions")
    if not isinstance(spoken, list) or MODERN_VERSION not in spoken:
        raise VersionUnknown(spoken)
    meta = result.get("_meta")
    _note(findings, Era.MODERN, MODERN_VERSION, meta.get(SERVER_INFO) if isinstance(meta, dict) else None, result)


async def _initialize(conversation: Conversation, findings: Findings) -> None:
    params = {"protocolVersion": LEGACY_VERSIONS[-1], "capabilities": {}, "clientInfo": CLIENT}
    result = await conversation.ask("initialize", params)
    version = result.get("protocolVersion")
    if version not in LEGACY_VERSIONS:
        raise VersionUnknown(version)
    _note(findings, Era.LEGACY, str(version), result.get("serverInfo"), result)
    conversation.version = str(version)
    await conversation.notify("notifications/initialized")


def _note(findings: Findings, era: Era, version: str, server: object, result: dict[str, Any]) -> None:
    findings.era, findings.version = era, version
    if isinstance(server, dict):
        findings.server = f"{server.get('name', '')} {server.get('version', '')}".strip()
    findings.instructions = result.get("instructions")
    capabilities = result.get("capabilities")
    findings.offers_tools = isinstance(capabilities, dict) and "tools" in capabilities
    findings.offers_events = offers_events(capabilities)


def offers_events(capabilities: object) -> bool:
    """Say whether a server offers MCP Events, in either of the places where it may say so."""
    if not isinstance(capabilities, dict):
        return False
    extensions = capabilities.get("extensions")
    return "events" in capabilities or (isinstance(extensions, dict) and EVENTS in extensions)


async def _ping(conversation: Conversation, findings: Findings, patience_s: float) -> None:
    """Ask for a ping. An error is an answer too: many servers do not know the question, and have just shaken hands. If
    a server has no answer, or none in JSON-RPC, it is asked what clients do ask."""
    try:
        async with asyncio.timeout(patience_s):
            await conversation.ask("ping")
    except RpcRefused:
        return
    except (HttpRefused, NotMcp, TimeoutError) as refusal:
        if isinstance(refusal, HttpRefused) and refusal.rpc:
            return
        if not findings.offers_tools or (isinstance(refusal, HttpRefused) and refusal.asks_to_wait):
            raise
        await list_tools(conversation, findings)
