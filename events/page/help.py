"""The page /help: what pages and keys there are, who may do what, and where programs connect."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import Group
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from events import registry_cache
from events.access import policy
from events.models import EventType

DOCUMENTS_IN = Path(__file__).resolve().parents[2] / "docs"
# The documents that come with the source, for whoever has none of it at hand; shown as they are.
DOCUMENTS = {
    "page": "The pages",
    "admin": "The admin",
    "fleet": "MCP servers and their monitor",
    "protocol": "The protocol: WebSocket and HTTP",
    "sse": "Event streams, for EventSource and scripts",
    "agents": "Agents: eventhub as an MCP server",
    "contract": "The contract: schemas, types and API documents",
    "clients": "The clients for JavaScript and Python",
    "sources": "Where events come from",
    "operations": "Running eventhub",
    "architecture": "How it works inside",
    "glossary": "Words",
}
# What the groups of a new installation are for; what they may today is read from the database.
ROLES = {
    "watchers": "look at everything in the admin, and change nothing",
    "emitters": "send events",
    "fleet admins": "register, check, enable and disable MCP servers",
    "auditors": "see the events for audit",
}


@require_safe
@login_required
@never_cache
def help_page(request: HttpRequest) -> HttpResponse:
    """Show it; all groups to who may see groups, to others those that they are in."""
    user = request.user
    groups = Group.objects.all() if user.has_perm("auth.view_group") else user.groups.all()
    visible = policy.scopes_of(policy.viewer_of(user), registry_cache.refresh())
    context = {
        "version": settings.EVENTHUB_VERSION,
        "documents": [(name, title) for name, title in DOCUMENTS.items() if path_of(name).is_file()],
        "types": len(visible),
        "may_emit": user.has_perm("events.add_event"),
        "may_change_servers": user.has_perm("mcp.change_mcpserver"),
        "sees_groups": user.has_perm("auth.view_group"),
        "groups": described(groups.order_by("name").prefetch_related("permissions__content_type")),
    }
    return render(request, "eventhub/events/help.html", context)


def described(groups: Iterable[Group]) -> list[dict[str, Any]]:
    opened = EventType.objects.filter(restricted=True, is_active=True).prefetch_related("allowed_groups")
    types: dict[Any, list[str]] = {}
    for event_type in opened:
        for group in event_type.allowed_groups.all():
            types.setdefault(group.pk, []).append(event_type.label)
    return [
        {
            "name": group.name,
            "purpose": ROLES.get(group.name, ""),
            "permissions": [permission.name for permission in group.permissions.all()],
            "types": types.get(group.pk, []),
        }
        for group in groups
    ]


@require_safe
@login_required
def document(request: HttpRequest, name: str) -> HttpResponseBase:
    """Show a document as the text that it is."""
    if name not in DOCUMENTS or not path_of(name).is_file():
        raise Http404
    return FileResponse(path_of(name).open("rb"), content_type="text/plain; charset=utf-8")


def path_of(name: str) -> Path:
    return DOCUMENTS_IN / f"{name}.md"
