"""The first steps with a new installation, for its admin: which are done is read from what there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import AbstractUser
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_POST
from knox.models import AuthToken

from events.models import DismissedSteps, Event, IdempotencyKey

LOOKED_AT = 2_000  # events at each end of the log
OF_SET_UP = "first run"  # the name of the token that is there from the beginning


class Step(NamedTuple):
    label: str
    address: str
    is_done: bool


def send_an_event(user: AbstractUser) -> Step:
    """Say whether a form or a program has sent one: lately with a key, as the form does, or at an end of the log."""
    by_hand = Q(source__startswith="api:") | Q(source__startswith="command:")
    placed = Event.objects.filter(position__isnull=False)
    ends = (placed.order_by("position"), placed.order_by("-position"))
    is_done = IdempotencyKey.objects.filter(by_hand | Q(source__startswith="admin:")).exists() or any(
        source.startswith(("api:", "command:"))
        for end in ends
        for source in end.values_list("source", flat=True)[:LOOKED_AT]
    )
    return Step("Send a test event", reverse("eventhub:event_types"), is_done)


def make_a_token(user: AbstractUser) -> Step:
    made = AuthToken.objects.exclude(terms__name=OF_SET_UP)
    return Step("Make an API token", reverse("eventhub:account"), made.exists())


def invite_somebody(user: AbstractUser) -> Step:
    others = get_user_model()._default_manager.exclude(pk=user.pk)
    others = others.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    try:
        address = reverse(f"admin:{user._meta.app_label}_{user._meta.model_name}_add")
    except NoReverseMatch:  # an installation's own users may have no admin
        address = reverse("admin:index")
    return Step("Invite somebody", address, others.exists())


# In the order in which they are shown; other apps put their own among them.
STEPS: list[Callable[[AbstractUser], Step]] = [send_an_event, make_a_token, invite_somebody]


def steps_for(user: Any) -> list[Step]:
    """Return the steps for a superuser who has not put them away, until all are done; else none."""
    if not (user.is_authenticated and user.is_superuser) or DismissedSteps.objects.filter(user=user.pk).exists():
        return []
    steps = [step(user) for step in STEPS]
    return [] if all(step.is_done for step in steps) else steps


@require_POST
def dismiss(request: HttpRequest) -> HttpResponse:
    """Put the steps away for good."""
    if request.user.is_authenticated:
        DismissedSteps.objects.get_or_create(user_id=request.user.pk)
    return redirect("admin:index" if request.POST.get("from") == "admin" else "eventhub:events")
