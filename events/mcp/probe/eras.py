"""The two eras of the protocol: what is asked in each, and what of the answers is kept."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from events.mcp.probe.body import Allowance
from events.mcp.probe.conversation import Conversation
from events.mcp.probe.failures import HttpRefused, NotMcp, OtherTransport, Refusal, RpcRefused, TooLong, VersionUnknown
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
# With these, a server of the transport before streamable HTTP refuses a POST.
OLD_TRANSPORT = (400, 404, 405)
PING_S = 2.0  # at most: what a server does not answer to, clients need not ask
# Of a list of tools, all of its pages together.
MAX_PAGES = 50
MAX_TOOLS = 20_000
LIST_MAX_BYTES = 4 * 1024 * 1024  # some 4,000 tools; the longest lists seen are a fortieth of that
NAME_MAX = 200  # characters kept of a tool's name; those that may be expected are shorter


@dataclass
class Findings:
    era: Era = Era.UNKNOWN
    version: str = ""
    server: str = ""
    offers_tools: bool = False
    tools: tuple[str, ...] | None = None  # None: not looked at, or not to their end
    remarks: list[str] = field(default_factory=list)  # what clients put up with, but some may stumble over


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
        await _list_tools(conversation, findings)
    elif findings.era == Era.LEGACY:
        await _ping(conversation, findings, min(PING_S, detect_s / 2))


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
    """Whether this status would be the answer in the other era as well. Servers of the older era stumble over a
    question that they have never heard of, or forbid it; among them may be one that has gone back to that era."""
    if refusal.status in (401, 429) or (refusal.status >= 500 and refusal.retry_after_s is not None):
        return True
    return first == Era.LEGACY and (refusal.status == 403 or refusal.status >= 500)


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


async def _ping(conversation: Conversation, findings: Findings, patience_s: float) -> None:
    """An error is an answer too: many servers do not know the question, and have just shaken hands. Of one that has
    none, or says nothing of JSON-RPC, the question that clients do ask is asked instead."""
    try:
        async with asyncio.timeout(patience_s):
            await conversation.ask("ping")
    except RpcRefused:
        return
    except (HttpRefused, NotMcp, TimeoutError) as refusal:
        if isinstance(refusal, HttpRefused) and refusal.rpc:
            return
        if not findings.offers_tools or _is_request_to_wait(refusal):
            raise
        await _list_tools(conversation, findings)


def _is_request_to_wait(refusal: Exception) -> bool:
    return isinstance(refusal, HttpRefused) and (refusal.status == 429 or refusal.retry_after_s is not None)


async def _list_tools(conversation: Conversation, findings: Findings) -> None:
    """Note the names of its tools; of a list that does not end as it should, why, if its first page is one."""
    names: list[str] = []
    asked: set[str] = set()
    params: dict[str, Any] = {}
    allowance = Allowance(LIST_MAX_BYTES)
    for _ in range(MAX_PAGES):
        try:
            result = await _page(conversation, findings.era, params, allowance)
        except TooLong:
            return findings.remarks.append(
                f"Its list of tools has more than {LIST_MAX_BYTES:,} bytes: not all are read."
            )
        except (RpcRefused, HttpRefused, NotMcp) as refusal:
            if not asked or _is_request_to_wait(refusal):
                raise
            return findings.remarks.append(f"Page {len(asked) + 1} of its list of tools cannot be read: {refusal}")
        names += [str(tool.get("name", ""))[:NAME_MAX] for tool in result["tools"] if isinstance(tool, dict)]
        cursor = result.get("nextCursor")
        if isinstance(cursor, str) and cursor and cursor not in asked:
            asked.add(cursor)
            params = {"cursor": cursor}
            if len(names) <= MAX_TOOLS:
                continue
            return findings.remarks.append(f"It has more than {MAX_TOOLS:,} tools: not all are read.")
        if cursor is not None:
            findings.remarks.append(_odd_end(cursor))
        findings.tools = tuple(names)
        return None
    return findings.remarks.append(f"Its list of tools has more than {MAX_PAGES} pages: not all are read.")


async def _page(conversation: Conversation, era: Era, params: dict[str, Any], allowance: Allowance) -> dict[str, Any]:
    if era == Era.MODERN:
        result = await _ask_modern(conversation, "tools/list", params, allowance)
    else:
        result = await conversation.ask("tools/list", params, allowance=allowance)
    if not isinstance(result.get("tools"), list):
        raise NotMcp("The answer to tools/list holds no list of tools.")
    return result


def _odd_end(cursor: object) -> str:
    if cursor == "":
        return "Its list of tools ends with an empty nextCursor instead of none: some clients would ask for ever."
    if isinstance(cursor, str):
        return "Its list of tools gives a nextCursor a second time: some clients would ask for ever."
    return "Its list of tools gives a nextCursor that is no text: clients refuse it, or ask no further."


async def _ask_modern(
    conversation: Conversation, method: str, params: dict[str, Any] | None = None, allowance: Allowance | None = None
) -> dict[str, Any]:
    headers = {"mcp-protocol-version": MODERN_VERSION, "mcp-method": method}
    return await conversation.ask(method, {**(params or {}), "_meta": META}, headers, allowance)
