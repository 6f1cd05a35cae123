"""The link in a message that mutes its group: it asks first, since programs that read mail follow links."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from subscriptions.standing.people import mute_link
from subscriptions.standing.people.mute_link import LinkUnusable


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def mute(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whether to mute, or mute. Nobody has to sign in: whoever has the message has the link."""
    try:
        if request.method == "POST":
            until = mute_link.use(token).until
            told = f"Until {until:%H:%M} UTC you hear nothing of this. What happens meanwhile is told then."
            return render(request, "eventhub/deliveries/muted.html", {"title": "Muted for an hour", "text": told})
        link = mute_link.read(token)
    except LinkUnusable:
        told = "A link works once, and for seven days. The next message has another one."
        return render(
            request, "eventhub/deliveries/muted.html", {"title": "This link does not work", "text": told}, status=410
        )
    context = {"name": link.standing.name, "key": link.key}
    return render(request, "eventhub/deliveries/mute.html", context)
