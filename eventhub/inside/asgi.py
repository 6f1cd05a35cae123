"""The ASGI application of another project, with what eventhub answers before Django: sockets, streams, the API."""

from __future__ import annotations

import re
from typing import Any

import django
from django.apps import apps
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler

if not apps.ready:  # else it is done, by `manage.py serve`
    django.setup(set_prefix=False)

from eventhub.http.cors import WithCors
from eventhub.http.handler import OneThreadHandler
from eventhub.http.sockets import refuse_path, socket_at
from eventhub.http.streams import Streams
from eventhub.http.subpath import Below, without
from eventhub.server.body_limit import BodyLimit
from subscriptions.agents.stream.application import AgentStreams
from subscriptions.transports.sse.stream import event_stream

API = re.compile(r"/mcp/?|/api/v1/(?:events|views|standing|tickets|mcp-servers)(?:/.*)?")


class WithEventhub:
    """An ASGI application around the project's own, which answers all other addresses."""

    def __init__(self, application: Any) -> None:
        path = settings.EVENTHUB_PATH
        calls = Below(path, OneThreadHandler())
        streams = {"/api/v1/events/stream": WithCors(event_stream), "/mcp": AgentStreams(calls)}
        self.application = application
        self.api = BodyLimit(Streams(calls, streams))

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        application, path = self.application, without(settings.EVENTHUB_PATH, scope.get("path", ""))
        if scope["type"] == "websocket":
            # Django's own application knows no sockets.
            application = socket_at(path, refuse_path if isinstance(application, ASGIHandler) else application)
        elif scope["type"] == "http" and API.fullmatch(path):
            application, scope = self.api, {**scope, "path": path, "root_path": ""}
        await application(scope, receive, send)


def with_eventhub(application: Any) -> WithEventhub:
    """Return the ASGI application of a project, such as that of `get_asgi_application()`, with eventhub's."""
    return WithEventhub(application)
