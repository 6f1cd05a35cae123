"""The ASGI application that servers run: HTTP goes to Django, streams and WebSockets to what serves their paths."""

from __future__ import annotations

import os
from collections.abc import Awaitable
from typing import Any

import django
from django.apps import apps
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eventhub.settings")
if not apps.ready:  # else it is done, by `manage.py serve`
    django.setup(set_prefix=False)

from eventhub.http.cors import WithCors
from eventhub.http.handler import OneThreadHandler
from eventhub.http.sockets import socket_at
from eventhub.http.streams import Streams
from eventhub.http.subpath import Above, Below
from eventhub.metrics.endpoint import MetricsEndpoint
from eventhub.operators.request_id import RequestIds
from eventhub.operators.router import OperatorsRouter
from eventhub.server.body_limit import BodyLimit
from eventhub.server.health import healthz, readyz
from subscriptions.agents.stream.application import AgentStreams
from subscriptions.transports.sse.stream import event_stream

PATH = settings.EVENTHUB_PATH
operators = OperatorsRouter(
    Below(PATH, OneThreadHandler()), {"/healthz": healthz, "/readyz": readyz, "/metrics": MetricsEndpoint()}
)
streams = Streams(operators, {"/api/v1/events/stream": WithCors(event_stream), "/mcp": AgentStreams(operators)})
http = BodyLimit(streams)


def routes(scope: dict[str, Any], receive: Any, send: Any) -> Awaitable[None]:
    """Pass a request or a WebSocket on (an ASGI application)."""
    application = http if scope["type"] == "http" else socket_at(scope["path"])
    passed_on: Awaitable[None] = application(scope, receive, send)
    return passed_on


application = RequestIds(Above(PATH, routes))
