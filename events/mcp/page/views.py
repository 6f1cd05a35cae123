"""The page /fleet, and what can be done to a server on it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from events.core.problems import shown
from events.mcp import operations
from events.mcp.breaker import Feeds
from events.mcp.check_now import verdict
from events.mcp.models import McpServer, MonitorLease
from events.mcp.page.listing import IN_TROUBLE, LABELS, Grade, counted, listing
from events.mcp.page.rows import rows_of
from events.mcp.page.whose import may

PAGE = 50  # servers; what is beyond is on the next page
ORDER_LABELS = {
    "worst": "the worst first",
    "name": "by name",
    "uptime_24h": "by uptime of 24 hours",
    "uptime_90d": "by uptime of 90 days",
    "latency": "by latency",
}
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
    allowed = may(request.user)
    order = request.GET.get("order", "worst")
    listed = listing(
        words, in_tags=allowed.view, order=order if order in ORDER_LABELS and allowed.see_checks else "worst"
    )
    grades = counted(listed)
    states = {"": tuple(Grade), TROUBLE: IN_TROUBLE, **{grade.value: (grade,) for grade in Grade}}
    chosen = states.get(state)
    problem = ""
    if chosen is None:
        names = ", ".join([TROUBLE, *(grade.value for grade in Grade)])
        problem = f"{shown(state)} is not a state; allowed: {names}."
    elif order not in ORDER_LABELS:
        problem = f"{shown(order)} is not an order; allowed: {', '.join(ORDER_LABELS)}."
    found = [each for each in listed if chosen and not problem and each.grade in chosen]
    pages = Paginator(found, PAGE)
    page = pages.get_page(request.GET.get("page", "1"))
    others = request.GET.copy()
    others.pop("page", None)
    not_of_states = others.copy()
    not_of_states.pop("state", None)
    context = {
        "rows": rows_of(list(page.object_list)),
        "page": page.number,
        "last_page": pages.num_pages,
        "query_without_state": f"{not_of_states.urlencode()}&" if not_of_states else "",
        "other_query": f"{others.urlencode()}&" if others else "",
        "order": order,
        "orders": ORDER_LABELS.items(),
        "states": states_of(grades, state),
        "total": len(listed),
        "in_trouble": sum(count for grade, _, count in grades if grade in IN_TROUBLE),
        "state": state,
        "words": words,
        "query": request.GET.urlencode(),
        "problem": problem,
        "now": timezone.now(),
        "monitored": MonitorLease.is_held(),
        "may": allowed,
        "is_poll": POLL in request.headers,
    }
    return render(request, "eventhub/mcp/fleet.html", context, status=400 if problem else 200)


def states_of(grades: list[tuple[Grade, str, int]], chosen: str) -> list[tuple[str, str, int]]:
    """Return each choice of the filter with its label and the number of its servers: all, those in trouble, each grade
    that there is, and the one that is chosen."""
    choices: list[tuple[str, str, int]] = [("", "all", sum(count for *_, count in grades))]
    choices.append((TROUBLE, "in trouble", sum(count for grade, _, count in grades if grade in IN_TROUBLE)))
    choices += grades
    if chosen in {grade.value for grade in Grade} - {grade for grade, *_ in grades}:
        choices.append((chosen, LABELS[Grade(chosen)], 0))
    return choices


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
    if request.POST.get("page") == "server":
        return HttpResponseRedirect(reverse("eventhub:fleet_server", args=[server.pk]))
    query = QueryDict(request.POST.get("query", "")[:2000]).urlencode()  # nothing but a query can come of it
    return HttpResponseRedirect(reverse("eventhub:fleet") + (f"?{query}" if query else ""))


def check(request: HttpRequest, server: McpServer) -> None:
    recorded = operations.check_servers([server], request.user)  # type: ignore[arg-type]
    if not recorded:
        messages.warning(request, f"{server.name} was deleted or moved meanwhile.")
    for done in recorded:
        level = messages.SUCCESS if done.outcome.feeds == Feeds.SUCCESS else messages.WARNING
        messages.add_message(request, level, f"{server.name}: {verdict(done)}.")
