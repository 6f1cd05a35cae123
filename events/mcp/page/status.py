"""What everybody may know of the fleet, if it is switched on: the servers that have a public name, and badges."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from events.mcp.models import McpServer
from events.mcp.page.listing import Grade
from events.mcp.page.rows import Row, row_of

OVERDUE = timedelta(minutes=5)  # so late may a check be, until nobody knows how the server is
FRESH_S = 60  # so long may others keep it
WORDS = {
    Grade.HEALTHY: "up",
    Grade.DEGRADED: "degraded",
    Grade.RECOVERING: "recovering",
    Grade.DOWN: "down",
    Grade.DISABLED_ITSELF: "down",
    Grade.DISABLED: "switched off",
    Grade.UNKNOWN: "unknown",
}
COLOURS = {"up": "#0f7a3d", "degraded": "#8a5a00", "recovering": "#8a5a00", "down": "#b3261e"}
GREY = "#55606b"
CHARACTER = 7  # px, about, of the font at its size


def public_rows() -> list[Row]:
    servers = McpServer.objects.exclude(public_name="").select_related("state", "reliability")
    return [row_of(server, None) for server in servers.order_by("public_name")]


def word(row: Row) -> str:
    if row.is_active and (row.state.next_check_at or timezone.now()) < timezone.now() - OVERDUE:
        return WORDS[Grade.UNKNOWN]
    return "maintenance" if row.state.in_maintenance else WORDS[row.grade]


@require_safe
@cache_control(public=True, max_age=FRESH_S)
def status(request: HttpRequest) -> HttpResponse:
    """Show the servers that have a public name, under that and with nothing else of them."""
    if not settings.EVENTHUB_PUBLIC_STATUS:
        raise Http404
    rows = [(row, word(row)) for row in public_rows()]
    return render(request, "eventhub/mcp/status.html", {"rows": rows, "now": timezone.now()})


@require_safe
@cache_control(public=True, max_age=FRESH_S)
def badge(request: HttpRequest, name: str) -> HttpResponse:
    """Draw how one of them is."""
    if not settings.EVENTHUB_PUBLIC_STATUS:
        raise Http404
    servers = McpServer.objects.select_related("state", "reliability")
    how = word(row_of(get_object_or_404(servers, public_name=name), None))
    left, right = len(name) * CHARACTER + 12, len(how) * CHARACTER + 12
    svg = format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" width="{}" height="20" role="img" aria-label="{}: {}">'
        '<rect width="{}" height="20" fill="#2b3744"/><rect x="{}" width="{}" height="20" fill="{}"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11"><text x="6" y="14">{}</text>'
        '<text x="{}" y="14">{}</text></g></svg>',
        *(left + right, name, how, left, left, right, COLOURS.get(how, GREY), name, left + 6, how),
    )
    return HttpResponse(svg, content_type="image/svg+xml")
