"""Where OAuth is, as whoever asks sees this hub, and whether it is offered there at all."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
OF_RESOURCE = "/.well-known/oauth-protected-resource"


def is_offered(request: HttpRequest) -> bool:
    """Say whether hosts can sign in: over https, or where nothing leaves the machine. Raises DisallowedHost."""
    if not settings.EVENTHUB_OAUTH:
        return False
    return request.is_secure() or urlsplit(f"//{request.get_host()}").hostname in LOOPBACK


def origin(request: HttpRequest) -> str:
    return f"{request.scheme}://{request.get_host().lower()}"


def issuer(request: HttpRequest) -> str:
    """Return the name of this hub as the one that signs people in (RFC 8414)."""
    return f"{origin(request)}{settings.EVENTHUB_PATH}"


def resource(request: HttpRequest) -> str:
    """Return the name of what tokens are for (RFC 8707): the address of the MCP server."""
    return f"{issuer(request)}/mcp"


def challenge(request: HttpRequest, *, is_wrong: bool = False) -> str:
    """Return what WWW-Authenticate says to whom sent no token, or a wrong one."""
    said = ['error="invalid_token"'] if is_wrong else []
    try:
        if is_offered(request):
            said.append(f'resource_metadata="{origin(request)}{OF_RESOURCE}{settings.EVENTHUB_PATH}/mcp"')
    except DisallowedHost:
        pass  # whoever asks so is refused by all else
    return f"Bearer {', '.join(said)}".strip()
