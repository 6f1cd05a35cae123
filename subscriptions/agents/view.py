"""The addresses of the MCP server and of OAuth. What is behind them is imported with the first request, since other
processes need none of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

if TYPE_CHECKING:
    from subscriptions.agents.server import AgentServer


def server() -> AgentServer:
    from subscriptions.agents.server import server  # 50 ms

    return server


@csrf_exempt  # whoever calls sends a token with each request, and never a cookie
def mcp(request: HttpRequest) -> HttpResponse:
    return server()(request)


def authorize(request: HttpRequest) -> HttpResponse:
    from subscriptions.agents.oauth import views  # 80 ms

    return views.authorize(request)


@csrf_exempt
def token(request: HttpRequest) -> HttpResponse:
    from subscriptions.agents.oauth import views

    return views.token(request)
