"""Methods of MCP Events, as somebody calls them by the official client, which has none of its own for them."""

from __future__ import annotations

from typing import Any, Literal

import mcp_types
from mcp import Client

from tests.subscriptions.agents.calling import STATUS


class EventsResult(mcp_types.Result, extra="allow"):
    """Whatever a method of the extension answers."""


class ListEvents(mcp_types.Request[dict[str, Any], Literal["events/list"]]):
    method: Literal["events/list"] = "events/list"


class PollEvents(mcp_types.Request[dict[str, Any], Literal["events/poll"]]):
    method: Literal["events/poll"] = "events/poll"


async def poll(client: Client, **params: Any) -> dict[str, Any]:
    answer = await client.session.send_request(PollEvents(params={"name": STATUS, **params}), EventsResult)
    return dict(answer.model_extra or {})
