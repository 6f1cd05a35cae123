from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from events import snapshot
from events.limits import LIMITS


@require_safe
@login_required
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """The /events page. Its tabs and event types are there without JavaScript; the rest comes to life with it."""
    registry = snapshot.refresh()
    viewer = snapshot.viewer_of(request.user)
    metadata = registry.metadata(viewer, LIMITS)
    categories = metadata["categories"]
    tabs = [category["id"] for category in categories]
    asked = request.GET.get("tab")
    may_emit = request.user.has_perm("events.add_event")
    emittable = [id for id in registry.visible_to(viewer) if may_emit and registry.types[id].external]
    data = {
        "viewer": request.user.pk,
        "socket": "/ws/events",
        "metadata": metadata,
        "emittable": sorted(emittable),
    }
    context = {
        "categories": categories,
        "selected": asked if asked in tabs else next(iter(tabs), None),
        "ticked": request.GET.getlist("event_type"),
        "data": data,
    }
    return render(request, "events/page.html", context)
