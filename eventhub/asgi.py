"""The ASGI application that servers run: HTTP goes to Django, streams and WebSockets to what serves their paths."""

from __future__ import annotations

import os
from typing import Any, cast

import django
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eventhub.settings")
django.setup(set_prefix=False)

from eventhub.http.cors import WithCors
from eventhub.http.handler import OneThreadHandler
from eventhub.http.no_socket import refuse_path
from eventhub.http.streams import Streams
from eventhub.http.subpath import Above, Below
from eventhub.metrics.endpoint import MetricsEndpoint
from eventhub.operators.request_id import RequestIds
from eventhub.operators.router import OperatorsRouter
from eventhub.server.body_limit import BodyLimit
from eventhub.server.health import healthz, readyz
from subscriptions.agents.stream.application import AgentStreams
from subscriptions.transports.sse.stream import event_stream
from subscriptions.transports.websocket.consumer import EventConsumer

websocket = URLRouter(
    [
        # At /ws/mcp-status clients of the original system connect.
        re_path("^ws/(?:events|mcp-status)/?$", EventConsumer.as_asgi()),
        re_path("", cast("Any", refuse_path)),
    ]
)

PATH = settings.EVENTHUB_PATH
operators = OperatorsRouter(
    Below(PATH, OneThreadHandler()), {"/healthz": healthz, "/readyz": readyz, "/metrics": MetricsEndpoint()}
)
streams = Streams(operators, {"/api/v1/events/stream": WithCors(event_stream), "/mcp": AgentStreams(operators)})
routes = ProtocolTypeRouter({"http": BodyLimit(streams), "websocket": websocket})
application = RequestIds(Above(PATH, routes))
