"""The page /admin/hub/."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from events.log import reading, size
from events.mcp.models import MonitorLease
from events.models import HubProcess
from events.upkeep.heartbeat import EVERY_S

SILENT_AFTER = timedelta(seconds=3 * EVERY_S)
VIEW, CHANGE = "events.view_hubprocess", "events.change_hubprocess"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def hub(request: HttpRequest) -> HttpResponse:
    """Show the hub's state to staff who may view hub processes. Who may change them may end connections."""
    if not request.user.has_perm(VIEW):
        raise PermissionDenied
    if request.method == "POST":
        return disconnect(request)
    processes = list(HubProcess.objects.with_age())
    context = {
        **admin.site.each_context(request),
        "title": "Hub",
        "processes": [process_row(each) for each in processes],
        "connections": [row for each in processes for row in connection_rows(each)],
        "in_all": sum(each.shown.get("connections", 0) for each in processes),
        "subscriptions": subscriptions(processes),
        "head": reading.head(),
        "log": size.measured(),
        "lease": MonitorLease.objects.annotate(now=Now()).first(),
        "leads": MonitorLease.is_held(),
        "may_end": request.user.has_perm(CHANGE),
    }
    return TemplateResponse(request, "admin/hub/hub.html", context)


def disconnect(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(CHANGE):
        raise PermissionDenied
    process, connection = request.POST.get("process", ""), request.POST.get("connection", "")
    known = [row["id"] for each in HubProcess.objects.filter(pk=process) for row in each.shown.get("shown", ())]
    if connection in known and HubProcess.ask_to_end(process, [connection]):
        told = f"The connection ends within {EVERY_S:g} s. Its client may come back, as long as it has access."
        messages.success(request, told)
    else:
        messages.warning(request, "There is no such connection any more, or too many are being ended.")
    return redirect("eventhub:hub")


def process_row(process: Any) -> dict[str, Any]:
    state = process.shown
    return {"process": process, "silent": process.age > SILENT_AFTER, "age": process.age.total_seconds(), **state}


def connection_rows(process: HubProcess) -> list[dict[str, Any]]:
    return [
        {**row, "process": process, "since": datetime.fromtimestamp(row["since"], UTC)}
        for row in process.shown.get("shown", ())
    ]


def subscriptions(processes: list[HubProcess]) -> list[tuple[str, int]]:
    """Return how many there are of each type, most first."""
    counts: dict[str, int] = {}
    for process in processes:
        for event_type, count in process.shown.get("subscriptions", {}).items():
            counts[event_type] = counts.get(event_type, 0) + int(count)
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))
