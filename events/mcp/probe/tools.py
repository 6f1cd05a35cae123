"""The list of a server's tools, all of its pages; they are never called."""

from __future__ import annotations

from typing import Any

from events.mcp.probe.conversation import Conversation
from events.mcp.probe.failures import HttpRefused, NotMcp, RpcRefused, TooLong
from events.mcp.probe.findings import Findings
from events.mcp.probe.modern import ask_modern
from events.mcp.probe.target import Era
from events.mcp.probe.wire.body import Allowance
from events.mcp.tools.definitions import NAME_MAX

# Of a list of tools, all of its pages together.
MAX_PAGES = 50
MAX_TOOLS = 20_000
LIST_MAX_BYTES = 4 * 1024 * 1024  # some 4,000 tools; the longest lists seen are a fortieth of that


async def list_tools(conversation: Conversation, findings: Findings) -> None:
    """Note its tools; of a list that does not end as it should, why, if its first page is one."""
    names: list[str] = []
    defined: list[Any] = []
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
            if not asked or (isinstance(refusal, HttpRefused) and refusal.asks_to_wait):
                raise
            return findings.remarks.append(f"Page {len(asked) + 1} of its list of tools cannot be read: {refusal}")
        names += [str(tool.get("name", ""))[:NAME_MAX] for tool in result["tools"] if isinstance(tool, dict)]
        defined += result["tools"]
        cursor = result.get("nextCursor")
        if isinstance(cursor, str) and cursor and cursor not in asked:
            asked.add(cursor)
            params = {"cursor": cursor}
            if len(names) <= MAX_TOOLS:
                continue
            return findings.remarks.append(f"It has more than {MAX_TOOLS:,} tools: not all are read.")
        if cursor is not None:
            findings.remarks.append(_odd_end(cursor))
        findings.tools, findings.defined, findings.size = tuple(names), defined, allowance.read
        return None
    return findings.remarks.append(f"Its list of tools has more than {MAX_PAGES} pages: not all are read.")


async def _page(conversation: Conversation, era: Era, params: dict[str, Any], allowance: Allowance) -> dict[str, Any]:
    if era == Era.MODERN:
        result = await ask_modern(conversation, "tools/list", params, allowance)
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
