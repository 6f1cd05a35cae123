"""The methods of MCP Events, but for the stream: from what an agent has sent to what it is answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django_mcpz.legacy import is_legacy_request

from events import registry_cache
from events.access import policy
from events.core.problems import shown
from subscriptions.agents import catalogue, polling, webhooks
from subscriptions.agents.credentials import token_of, user_of
from subscriptions.models.standing import MAY_USE_WEBHOOKS
from subscriptions.protocol import mcp_events
from subscriptions.protocol.mcp_events import INVALID_PARAMS, EventsError, StreamParams

CACHED = {"ttlMs": 300_000, "cacheScope": "private"}  # as django-mcpz has it for tools

Method = Callable[[HttpRequest, dict[str, Any]], dict[str, Any]]


def list_events(request: HttpRequest, params: dict[str, Any]) -> dict[str, Any]:
    asked = mcp_events.read(params, mcp_events.ListParams)
    if asked.cursor is not None:
        sentence = f"params.cursor: {shown(asked.cursor)} is no cursor; all events are on the first page."
        raise EventsError(INVALID_PARAMS, sentence)
    user = user_of(request)
    listed = catalogue.descriptors(
        policy.viewer_of(user),
        registry_cache.refresh(),
        may_stream=not is_legacy_request(request),
        may_use_webhooks=user.has_perm(MAY_USE_WEBHOOKS),
    )
    return {"events": listed, **CACHED}


def poll_events(request: HttpRequest, params: dict[str, Any]) -> dict[str, Any]:
    return polling.poll(user_of(request), mcp_events.read(params, mcp_events.PollParams))


def subscribe(request: HttpRequest, params: dict[str, Any]) -> dict[str, Any]:
    asked = mcp_events.read(params, mcp_events.SubscribeParams)
    return webhooks.subscribe(user_of(request), token_of(request), asked)


def unsubscribe(request: HttpRequest, params: dict[str, Any]) -> dict[str, Any]:
    return webhooks.unsubscribe(user_of(request), mcp_events.read(params, mcp_events.UnsubscribeParams))


def stream_of_another_era(request: HttpRequest, params: dict[str, Any]) -> dict[str, Any]:
    """Refuse what came to Django: a stream is known by a header that only the present era of MCP has."""
    name = mcp_events.read(params, StreamParams).name
    raise mcp_events.not_delivered_so(name, mcp_events.PUSH)


METHODS: dict[str, Method] = {
    "events/list": list_events,
    "events/poll": poll_events,
    "events/stream": stream_of_another_era,
    "events/subscribe": subscribe,
    "events/unsubscribe": unsubscribe,
}
