"""The page of one server: how it is and was, its tools, and their approval."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from events.mcp import operations
from events.mcp.models import McpServer, McpTransition, MonitorLease
from events.mcp.page.rows import row_of
from events.mcp.page.tools import shown_lists
from events.mcp.page.whose import may

SHOWN_CHANGES = 30  # the newest transitions


@require_safe
@login_required
@never_cache
def server(request: HttpRequest, id: str) -> HttpResponse:
    """Show one server, as far as the reader may see it."""
    found = get_object_or_404(McpServer.objects.select_related("state"), pk=id)
    allowed = may(request.user)
    changes = list(McpTransition.objects.filter(server=found)[:SHOWN_CHANGES]) if allowed.see_checks else []
    lists = shown_lists(found) if allowed.view else []
    context = {
        "server": found,
        "row": row_of(found, changes[0] if changes else None),
        "changes": changes,
        "lists": lists,
        "waiting": [each.row.seen_fingerprint for each in lists if not each.row.is_approved],
        "may": allowed,
        "now": timezone.now(),
        "monitored": MonitorLease.is_held(),
    }
    return render(request, "mcp/server.html", context)


@require_POST
@login_required
@permission_required("mcp.approve_tools", raise_exception=True)
def approve(request: HttpRequest, id: str) -> HttpResponse:
    """Approve the lists of tools that the reader has seen, and nothing that came since."""
    found = get_object_or_404(McpServer, pk=id)
    if not may(request.user).view:
        raise PermissionDenied
    try:
        approved = operations.approve_tools(found, request.user, request.POST.getlist("fingerprint"))  # type: ignore[arg-type]
    except operations.ToolsChangedMeanwhile as error:
        messages.warning(request, str(error))
    else:
        text = "The tools of {} are approved." if approved else "The tools of {} were approved already."
        messages.success(request, text.format(found.name))
    return HttpResponseRedirect(reverse("fleet_server", args=[found.pk]))
