"""The address /mcp. The server behind it is imported with its first request, since other processes need none of it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt


@csrf_exempt  # whoever calls sends a token with each request, and never a cookie
def mcp(request: HttpRequest) -> HttpResponse:
    from subscriptions.agents.server import server  # 50 ms

    return server(request)
