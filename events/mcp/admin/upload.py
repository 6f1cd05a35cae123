"""Servers from a file that somebody uploads: what it would change is looked at before it is done."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from events.admin.pages import admin_page
from events.mcp.importing.entry import Entry
from events.mcp.importing.formats import MAX_BYTES, NotReadable, entries
from events.mcp.importing.proposal import What, carry_out, propose

KEPT = "mcp_import"  # of the session, between the preview and its confirmation; there are no secrets in it
PAGE = "import_servers.html"


def upload_view(admin: ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
    if not (admin.has_add_permission(request) and admin.has_change_permission(request)):
        raise PermissionDenied
    if request.method != "POST":
        return page(admin, request)
    if "apply" in request.POST:
        return applied(request)
    try:
        found = entries(uploaded(request))
    except NotReadable as problem:
        return page(admin, request, problem=str(problem))
    request.session[KEPT] = [list(each) for each in found]
    return page(admin, request, proposed=propose(found))


def uploaded(request: HttpRequest) -> str:
    """Return the text of the file. Raises NotReadable."""
    file = request.FILES.get("file")
    if file is None:
        raise NotReadable("Choose a file first.")
    try:
        return bytes(file.read(MAX_BYTES + 1)).decode()
    except UnicodeDecodeError:
        raise NotReadable("The file is not UTF-8.") from None


def applied(request: HttpRequest) -> HttpResponse:
    kept = [Entry(*each) for each in request.session.pop(KEPT, [])]
    done = carry_out(kept, f"admin:{request.user.get_username()}")
    changed = [each.name for each in done if each.what in (What.ADD, What.CHANGE)]
    messages.success(request, f"{len(changed)} MCP server{'s' * (len(changed) != 1)} added or changed.")
    return HttpResponseRedirect(reverse("admin:mcp_mcpserver_changelist"))


def page(admin: ModelAdmin[Any], request: HttpRequest, **context: Any) -> HttpResponse:
    changes = any(each.what in (What.ADD, What.CHANGE) for each in context.get("proposed", ()))
    return admin_page(admin, request, PAGE, "Import MCP servers", changes=changes, **context)
