"""The page /fleet, and what can be done to a server on it."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from events import registry_cache
from events.access import policy
from events.core.problems import shown
from events.mcp import operations
from events.mcp.breaker import Feeds
from events.mcp.check_now import verdict
from events.mcp.models import McpServer, MonitorLease
from events.mcp.page.rows import IN_TROUBLE, LABELS, Grade, all_rows, counted

# The events that tell what the page tells: checks, latency and changes of a server.
TOLD_BY = ("mcp_status_change", "circuit_breaker_state", "mcp_health_check")
POLL = "X-Eventhub-Poll"  # the header of the page's own script: what it asks for must not use up messages for people
TROUBLE = "trouble"  # of the filter: all that needs somebody
DONE = {"enable": "is enabled", "disable": "is disabled", "reset_circuit": "has its circuit closed"}
NOTHING = {"enable": "was enabled already", "disable": "was disabled already", "reset_circuit": "had nothing to reset"}


@require_safe
@login_required
@never_cache
def fleet(request: HttpRequest) -> HttpResponse:
    """Show all servers, or those of a state and with some words, the worst first."""
    state, words = request.GET.get("state", ""), request.GET.get("q", "").strip()[:200]
    may_view = any(request.user.has_perm(f"mcp.{verb}_mcpserver") for verb in ("view", "change"))
    rows = all_rows(words, in_tags=may_view)
    grades = counted(rows)
    allowed = {"": tuple(Grade), TROUBLE: IN_TROUBLE, **{grade.value: (grade,) for grade in Grade}}
    chosen = allowed.get(state)
    problem = ""
    if chosen is None:
        names = ", ".join([TROUBLE, *(grade.value for grade in Grade)])
        problem = f"{shown(state)} is not a state; allowed: {names}."
    context = {
        "rows": [row for row in rows if chosen and row.grade in chosen],
        "grades": grades,
        "labels": LABELS.items(),
        "total": len(rows),
        "in_trouble": sum(count for grade, _, count in grades if grade in IN_TROUBLE),
        "state": state,
        "words": words,
        "query": request.GET.urlencode(),
        "problem": problem,
        "now": timezone.now(),
        "monitored": MonitorLease.is_held(),
        "may_view": may_view,
        "sees_checks": may_view or sees_all_of(request.user, TOLD_BY),
        "may_change": request.user.has_perm("mcp.change_mcpserver"),
        "may_add": request.user.is_staff and request.user.has_perm("mcp.add_mcpserver"),
        "opens_admin": request.user.is_staff and may_view,
        "is_poll": POLL in request.headers,
    }
    return render(request, "mcp/fleet.html", context, status=400 if problem else 200)


def sees_all_of(user: AbstractUser | AnonymousUser, types: Sequence[str]) -> bool:
    """Return whether somebody may see every event of these types."""
    scopes = policy.scopes_of(policy.viewer_of(user), registry_cache.refresh())
    return all(scopes.get(id) == policy.EVERYTHING for id in types)


@require_POST
@login_required
@permission_required("mcp.change_mcpserver", raise_exception=True)
def act(request: HttpRequest, id: str, verb: str) -> HttpResponse:
    """Do it, and show the page again as it was."""
    server = get_object_or_404(McpServer.objects.select_related("state"), pk=id)
    if verb == "check":
        check(request, server)
    else:
        changed = operations.VERBS[verb](server, request.user)  # type: ignore[arg-type]
        messages.success(request, f"{server.name} {(DONE if changed else NOTHING)[verb]}.")
    query = QueryDict(request.POST.get("query", "")[:2000]).urlencode()  # nothing but a query can come of it
    return HttpResponseRedirect(reverse("fleet") + (f"?{query}" if query else ""))


def check(request: HttpRequest, server: McpServer) -> None:
    recorded = operations.check_servers([server], request.user)  # type: ignore[arg-type]
    if not recorded:
        messages.warning(request, f"{server.name} was deleted or moved meanwhile.")
    for done in recorded:
        level = messages.SUCCESS if done.outcome.feeds == Feeds.SUCCESS else messages.WARNING
        messages.add_message(request, level, f"{server.name}: {verdict(done)}.")
