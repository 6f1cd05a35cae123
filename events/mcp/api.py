"""The list of MCP servers over HTTP, with health and circuit of each."""

from __future__ import annotations

from django.db.models import Value
from django.db.models.functions import Coalesce
from rest_framework.request import Request
from rest_framework.response import Response

from events.http.api import ApiView, SignedInOrPublic
from events.mcp.breaker import Circuit, Health
from events.mcp.models import McpServer


class McpListView(ApiView):
    permission_classes = (SignedInOrPublic,)

    def get(self, request: Request) -> Response:
        servers = McpServer.objects.order_by("name").values(
            "id",
            "name",
            "status",
            "disabled_by",
            health_status=Coalesce("state__health_status", Value(Health.UNKNOWN.value)),
            circuit_state=Coalesce("state__circuit_state", Value(Circuit.CLOSED.value)),
        )
        return Response(list(servers))
