"""The two eras of the protocol: what is asked in each, and what of the answers is kept."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from events.mcp.probe.conversation import Conversation
from events.mcp.probe.failures import HttpRefused, NotMcp, Refusal, RpcRefused, VersionUnknown
from events.mcp.probe.target import Era

MODERN_VERSION = "2026-07-28"
LEGACY_VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
CLIENT = {"name": "eventhub-monitor", "version": "1"}
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN_VERSION,
    "io.modelcontextprotocol/clientInfo": CLIENT,
    "io.modelcontextprotocol/clientCapabilities": {},
}
SERVER_INFO = "io.modelcontextprotocol/serverInfo"
# Header mismatch, missing capability, unsupported version: only a server of the modern era answers these.
MODERN_ERRORS = (-32020, -32021, -32022)
METHOD_NOT_FOUND = -32601
MAX_PAGES = 50  # of a list of tools


@dataclass
class Findings:
    era: Era = Era.UNKNOWN
    version: str = ""
    server: str = ""
    offers_tools: bool = False
    tools: tuple[str, ...] | None = None  # None: not looked at


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
        findings.tools = await _tools(conversation, findings.era)
    elif findings.era == Era.LEGACY:
        await _ping(conversation)


async def _meet(
    conversation: Conversation, findings: Findings, eras: list[Era], *, known: bool, detect_s: float | None = None
) -> None:
    greet = {Era.MODERN: _discover, Era.LEGACY: _initialize}
    first, second = eras
    try:
        async with asyncio.timeout(detect_s):
            return await greet[first](conversation, findings)
    except (RpcRefused, HttpRefused, NotMcp, TimeoutError) as refusal:
        if isinstance(refusal, HttpRefused) and _holds_in_both(refusal, known=known):
            raise
        refused = refusal
    try:
        return await greet[second](conversation, findings)
    except (RpcRefused, HttpRefused, NotMcp) as refusal:
        modern, legacy = (refused, refusal) if first == Era.MODERN else (refusal, refused)
        raise (modern if _is_modern(modern) else legacy) from None


def _holds_in_both(refusal: HttpRefused, *, known: bool) -> bool:
    """Whether this status would be the answer in the other era as well. A server in trouble is one whose era was known:
    others stumble over a question that they have never heard of."""
    return refusal.status in (401, 403, 429) or (refusal.status >= 500 and (known or refusal.retry_after_s is not None))


def _is_modern(refusal: Refusal | TimeoutError) -> bool:
    rpc = refusal.rpc if isinstance(refusal, HttpRefused) else refusal
    return isinstance(rpc, VersionUnknown) or (isinstance(rpc, RpcRefused) and rpc.code in MODERN_ERRORS)


async def _discover(conversation: Conversation, findings: Findings) -> None:
    result = await _ask_modern(conversation, "server/discover")
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
    await conversation.tell("notifications/initialized")


def _note(findings: Findings, era: Era, version: str, server: object, result: dict[str, Any]) -> None:
    findings.era, findings.version = era, version
    if isinstance(server, dict):
        findings.server = f"{server.get('name', '')} {server.get('version', '')}".strip()
    capabilities = result.get("capabilities")
    findings.offers_tools = isinstance(capabilities, dict) and "tools" in capabilities


async def _ping(conversation: Conversation) -> None:
    """Any answer will do: many servers do not know the question, and have just shaken hands."""
    try:
        await conversation.ask("ping")
    except RpcRefused:
        return
    except HttpRefused as refusal:
        if refusal.rpc is None or refusal.rpc.code != METHOD_NOT_FOUND:
            raise


async def _tools(conversation: Conversation, era: Era) -> tuple[str, ...]:
    names: list[str] = []
    cursor: object = None
    for _ in range(MAX_PAGES):
        params = {} if cursor is None else {"cursor": cursor}
        if era == Era.MODERN:
            result = await _ask_modern(conversation, "tools/list", params)
        else:
            result = await conversation.ask("tools/list", params)
        tools = result.get("tools")
        if not isinstance(tools, list):
            raise NotMcp("The answer to tools/list holds no list of tools.")
        names += [str(tool.get("name", "")) for tool in tools if isinstance(tool, dict)]
        cursor = result.get("nextCursor")
        if cursor is None:
            return tuple(names)
    raise NotMcp(f"The list of tools has more than {MAX_PAGES} pages.")


async def _ask_modern(conversation: Conversation, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
    headers = {"mcp-protocol-version": MODERN_VERSION, "mcp-method": method}
    return await conversation.ask(method, {**(params or {}), "_meta": META}, headers)
