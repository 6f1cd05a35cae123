"""Answers a search: a page, or to the script of the pages the list alone."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from events.page.search.finders import as_json, find

LONGEST = 200  # characters


@require_safe
@login_required
@never_cache
def search(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:LONGEST]
    found = find(request, text)
    if request.accepts("application/json") and not request.accepts("text/html"):
        return JsonResponse({"found": as_json(found)})
    return render(request, "eventhub/events/search.html", {"text": text, "found": found})
