"""What hosts read of OAuth here before they begin: RFC 9728 of the MCP server, and RFC 8414 of who signs people in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from events.models.token_terms import SCOPES
from subscriptions.agents.oauth import addresses


@require_safe
@never_cache
def of_resource(request: HttpRequest, path: str = "") -> HttpResponse:
    """Say whose tokens /mcp takes. The address may end with the path of /mcp, as RFC 9728 has it, or with none."""
    return document(
        request,
        path,
        f"{settings.EVENTHUB_PATH}/mcp",
        {
            "resource": addresses.resource,
            "authorization_servers": lambda request: [addresses.issuer(request)],
            "scopes_supported": SCOPES,
            "bearer_methods_supported": ["header"],
            "resource_name": "eventhub",
        },
    )


@require_safe
@never_cache
def of_server(request: HttpRequest, path: str = "") -> HttpResponse:
    """Say what OAuth there is, and where."""
    return document(
        request,
        path,
        settings.EVENTHUB_PATH,
        {
            "issuer": addresses.issuer,
            "authorization_endpoint": lambda request: f"{addresses.issuer(request)}/oauth/authorize",
            "token_endpoint": lambda request: f"{addresses.issuer(request)}/oauth/token",
            "scopes_supported": SCOPES,
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code"],
            "token_endpoint_auth_methods_supported": ["none"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "client_id_metadata_document_supported": True,
        },
    )


def document(request: HttpRequest, path: str, own_path: str, members: dict[str, Any]) -> HttpResponse:
    """Return a document, whose members may depend on the request. Raises Http404 where there is none."""
    if path.rstrip("/") not in ("", own_path) or not addresses.is_offered(request):
        raise Http404
    return JsonResponse({name: member(request) if callable(member) else member for name, member in members.items()})
