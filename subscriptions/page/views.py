"""What the pages below /deliveries do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from events import registry_cache
from events.access import policy
from events.core.event_types import EventType
from events.log import reading
from events.page.personal import confirm, personal, user_of
from subscriptions.models import Destination, StandingSubscription
from subscriptions.models.standing import MAX_NAME
from subscriptions.page.forms import FORMS, KIND, DeliveryForm, NotChosen, PeopleForm, WebhookForm, chosen
from subscriptions.page.shown import in_words, shown
from subscriptions.protocol.commands import Refusal
from subscriptions.standing.answer import Verdict
from subscriptions.standing.kinds import mail, permissions
from subscriptions.standing.requests import described, making, operations
from subscriptions.standing.requests.asked import Changed, ChangedDestination
from subscriptions.standing.requests.destinations import NEW


@personal
def deliveries(request: HttpRequest, made: dict[str, Any] | None = None) -> HttpResponse:
    """Show what one has. `made` is what is shown this once."""
    rows = described.with_counts(StandingSubscription.objects.filter(owner_id=request.user.pk))
    head, registry = reading.head(), registry_cache.refresh()
    visible = {id: registry.types[id] for id in policy.scopes_of(policy.viewer_of(user_of(request)), registry)}
    listed = [shown(each, described.behind(each, head), visible) for each in rows]
    return render(request, "eventhub/deliveries/page.html", {"deliveries": listed, "made": made})


@personal
def new(request: HttpRequest) -> HttpResponse:
    """Ask where to, and make it. The answer to the post shows the secret, once."""
    user = user_of(request)
    try:
        event_types, filters = chosen(request.GET, user)
    except NotChosen as reason:
        messages.error(request, str(reason))
        return redirect("eventhub:deliveries")
    form = form_of(request, user, event_types)
    if request.method == "POST" and form.is_valid():
        standing, secret = form.make(user, event_types, filters)
        if standing is not None and secret:
            return deliveries(request, {"name": standing.name, "secret": secret})
        if standing is not None:
            messages.success(request, f"“{standing.name}” is made. Events begin with the next one.")
            return redirect("eventhub:deliveries")
    words = in_words([each.id for each in event_types], filters, {each.id: each for each in event_types})
    context = {"form": form, "types": words[0], "filters": words[1], "kinds": kinds(request, form.kind)}
    context["without_ends"] = "severity" in filters and isinstance(form, PeopleForm)
    context["refused"] = refused(user, form.kind)
    return render(request, "eventhub/deliveries/new.html", context, status=422 if form.errors else 200)


def form_of(request: HttpRequest, user: AbstractUser, event_types: list[EventType]) -> DeliveryForm:
    """Return the form of the kind that the address of the page names."""
    form_class = next((form for kind, form in FORMS.items() if kind == request.GET.get(KIND)), WebhookForm)
    name = ", ".join(f"{each.icon} {each.label}" for each in event_types)[:MAX_NAME]
    form = form_class(request.POST or None, initial={"name": name, "address": user.email})
    if isinstance(form, PeopleForm):
        form.group_by_members(event_types)
    return form


def kinds(request: HttpRequest, chosen: str) -> list[tuple[str, str, bool]]:
    """Return the address of the form of each kind, its label, and whether it is the one that is shown."""
    query = request.GET.copy()
    found = []
    for kind in FORMS:
        query[KIND] = kind
        found.append((f"?{query.urlencode()}", kind.label, kind == chosen))
    return found


def refused(user: AbstractUser, kind: Destination.Kind) -> str:
    """Return why somebody cannot have a delivery of a kind, if that is so. Mail to oneself is for everybody."""
    if kind == Destination.Kind.MAIL:
        return "" if mail.is_set_up() else "This installation sends no e-mail. An admin can set EMAIL_HOST."
    needed = permissions.OF_KIND[kind]
    return "" if user.has_perm(needed.permission) else needed.sentence


@personal
@require_POST
def act(request: HttpRequest, id: str, action: str) -> HttpResponse:
    standing = own(request, id)
    if action not in ACTIONS:
        raise Http404
    try:
        said = ACTIONS[action](standing, request)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    except TimeoutError:
        messages.error(request, "Another test is under way; try again.")
    else:
        (messages.success if said[0] else messages.error)(request, said[1])
    return redirect("eventhub:deliveries")


@personal
def delete(request: HttpRequest, id: str) -> HttpResponse:
    standing = own(request, id)
    if request.method == "POST":
        operations.delete(standing)
        messages.success(request, f"“{standing.name}” is deleted.")
        return redirect("eventhub:deliveries")
    consequence = "Nothing more is sent, and what was given up is forgotten. It cannot be brought back."
    return confirm(request, f"Delete the delivery “{standing.name}”?", consequence, "deliveries")


@personal
def new_secret(request: HttpRequest, id: str) -> HttpResponse:
    standing = own(request, id)
    if request.method == "POST":
        try:
            secret = making.change(standing, Changed(destination=ChangedDestination(secret=NEW)))
        except Refusal as refusal:
            messages.error(request, str(refusal))
            return redirect("eventhub:deliveries")
        return deliveries(request, {"name": standing.name, "secret": secret})
    consequence = "For 24 hours, messages are signed with both secrets; then with the new one alone."
    return confirm(request, f"Make a new secret for “{standing.name}”?", consequence, "deliveries")


def own(request: HttpRequest, id: str) -> StandingSubscription:
    rows = StandingSubscription.objects.select_related("owner", "destination")
    standing = rows.filter(owner_id=request.user.pk, pk=int(id)).first()
    if standing is None:
        raise Http404
    return standing


# --- what a button does: whether it went well, and the sentence to show ---


def test(standing: StandingSubscription, request: HttpRequest) -> tuple[bool, str]:
    answer = operations.send_test(standing)
    if answer is None:
        return (
            True,
            f"“{standing.name}”: the test is on its way. “Last success” or “Last error” will tell.",
        )
    if answer.verdict is Verdict.ACCEPTED:
        return True, f"“{standing.name}”: the test was accepted."
    return False, f"“{standing.name}”: the test was not accepted. {answer.error}"


def pause(standing: StandingSubscription, request: HttpRequest) -> tuple[bool, str]:
    operations.pause(standing)
    return True, f"“{standing.name}” is paused. What comes meanwhile is sent when you resume it."


def resume(standing: StandingSubscription, request: HttpRequest) -> tuple[bool, str]:
    operations.resume(standing)
    return True, f"“{standing.name}” goes on where it was."


def replay(standing: StandingSubscription, request: HttpRequest) -> tuple[bool, str]:
    after = request.POST.get("after", "").strip()
    operations.replay(standing, f"{after}Z" if "T" in after and after[-1].isdigit() else after)
    return True, f"“{standing.name}”: what came after {after} is sent again."


def send_again(standing: StandingSubscription, request: HttpRequest) -> tuple[bool, str]:
    count = operations.send_again(standing, standing.failed.all())
    return True, f"“{standing.name}”: {count} that were given up are sent again."


def forget(standing: StandingSubscription, request: HttpRequest) -> tuple[bool, str]:
    count = operations.forget(standing, standing.failed.all())
    return True, f"“{standing.name}”: {count} that were given up are off the list."


ACTIONS: dict[str, Callable[[StandingSubscription, HttpRequest], tuple[bool, str]]] = {
    "test": test,
    "pause": pause,
    "resume": resume,
    "replay": replay,
    "send-again": send_again,
    "forget": forget,
}
