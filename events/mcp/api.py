from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from events.api import ApiView, SignedInOrPublic
from events.mcp.models import McpServer

# Nothing has probed a server yet: its health is not known, and a circuit that nothing has opened is closed.
NOT_PROBED = {"health_status": "unknown", "circuit_state": "closed"}


class McpListView(ApiView):
    permission_classes = (SignedInOrPublic,)

    def get(self, request: Request) -> Response:
        servers = McpServer.objects.order_by("name").values("id", "name", "status")
        return Response([{**server, **NOT_PROBED} for server in servers])
