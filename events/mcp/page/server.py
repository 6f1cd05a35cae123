"""The page of one server: how it is and was, its tools, and their approval."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import NamedTuple

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from events.core.problems import shown
from events.mcp import operations
from events.mcp.models import Maintenance, McpReliability, McpServer, McpTransition, MonitorLease, OfferedEvent
from events.mcp.page import bars
from events.mcp.page.rows import row_of
from events.mcp.page.told import would_be_told
from events.mcp.page.tools import shown_lists
from events.mcp.page.whose import may
from events.mcp.reliability.figures import PERIODS, Recent, of_period
from events.mcp.reliability.tally import Counts

MINUTES = {30: "30 minutes", 60: "an hour", 240: "4 hours", 1440: "a day"}  # of maintenance by one click
SHOWN_CHANGES = 30  # the newest transitions


@require_safe
@login_required
@never_cache
def server(request: HttpRequest, id: str) -> HttpResponse:
    """Show one server, as far as the reader may see it."""
    found = get_object_or_404(McpServer.objects.select_related("state", "reliability"), pk=id)
    allowed = may(request.user)
    row = row_of(found, None)
    changes = list(McpTransition.objects.filter(server=found)[:SHOWN_CHANGES]) if allowed.see_checks else []
    figures, recent = McpReliability.as_of_now(getattr(found, "reliability", None), row.state.counted)
    hour = max(row.state.counted.hour, figures.hour)
    now = row.state.counted.counts if row.state.counted.hour == hour else Counts()
    lists = shown_lists(found) if allowed.view else []
    context = {
        "server": found,
        "row": row._replace(last=changes[0] if changes else None),
        "periods": [period(name, recent, hour, now) for name in PERIODS] if allowed.see_checks else [],
        "hours": bars.picture(figures.hours, "hours"),
        "days": bars.picture(figures.days, "days"),
        "latencies": bars.line(figures.latencies),
        "windows": Maintenance.objects.filter(server=found).exclude(ends_at__lte=timezone.now()),
        "told": would_be_told(found.name) if allowed.change else [],
        "changes": changes,
        "lists": lists,
        "offered": OfferedEvent.objects.filter(server=found).select_related("server") if allowed.view else [],
        "waiting": [each.row.seen_fingerprint for each in lists if not each.row.is_approved],
        "may": allowed,
        "now": timezone.now(),
        "minutes": MINUTES.items(),
        "monitored": MonitorLease.is_held(),
    }
    return render(request, "eventhub/mcp/server.html", context)


class Period(NamedTuple):
    label: str
    uptime: str
    known: str
    maintenance: str
    checks: str
    percentiles: list[str]
    failures: str


def period(name: str, recent: Recent, hour: int, now: Counts) -> Period:
    of = of_period(recent, name, hour, now)
    minutes = of.maintenance_s / 60
    return Period(
        name.replace("h", " hours").replace("d", " days"),
        bars.percent(of.uptime),
        f"{of.known * 100:.0f} %",
        f"{minutes / 60:.1f} h" if minutes >= 60 else f"{math.ceil(minutes)} min" if minutes else "–",
        f"{of.checks:,}",
        [bars.latency(ms) for ms in (of.p50, of.p95, of.p99)],
        ", ".join(f"{count:,} {name}" for name, count in of.failures.items()) or "–",
    )


@require_POST
@login_required
@permission_required("mcp.change_mcpserver", raise_exception=True)
def maintenance(request: HttpRequest, id: str) -> HttpResponse:
    """Begin maintenance now, for some minutes; or end it."""
    found = get_object_or_404(McpServer, pk=id)
    minutes = request.POST.get("minutes", "")
    if "end" in request.POST:
        ended = operations.end_maintenance(found, request.user)  # type: ignore[arg-type]
        messages.success(request, f"{found.name} has no maintenance any more." if ended else "There was none to end.")
    elif minutes.isdecimal() and int(minutes) in MINUTES:
        begins = timezone.now()
        window = Maintenance(starts_at=begins, ends_at=begins + timedelta(minutes=int(minutes)))
        try:
            operations.set_maintenance(found, request.user, window)  # type: ignore[arg-type]
        except ValidationError as error:
            messages.warning(request, " ".join(error.messages))
        else:
            messages.success(request, f"{found.name} is in maintenance for {MINUTES[int(minutes)]}.")
    else:
        messages.warning(
            request, f"{shown(minutes)} minutes are not possible; allowed: {', '.join(map(str, MINUTES))}."
        )
    return HttpResponseRedirect(reverse("eventhub:fleet_server", args=[found.pk]))


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
    return HttpResponseRedirect(reverse("eventhub:fleet_server", args=[found.pk]))
