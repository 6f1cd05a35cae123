"""What a new delivery is asked for: the event types and filters stand in the address of the page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import AbstractUser
from django.http import QueryDict

from events import registry_cache
from events.access import policy
from events.http import parameters
from events.http.problem_details import HttpProblem
from subscriptions.models import Destination, StandingSubscription
from subscriptions.models.standing import MAX_NAME
from subscriptions.protocol.commands import Refusal
from subscriptions.standing.requests import making
from subscriptions.standing.requests.asked import MOST_PARALLEL, Asked, AskedDestination

NAMES = parameters.EXPLAIN
FIELDS = {"destination.url": "url", "name": "name"}  # where a refusal is shown; any other at the top


class NotChosen(Exception):
    """The address of the page does not say what is to be delivered; the message says why."""


def chosen(query: QueryDict, user: AbstractUser) -> tuple[list[str], dict[str, Any]]:
    """Return the event types and filters that the address names. Raises NotChosen."""
    try:
        parameters.refuse_unknown(query, NAMES)
        selection = parameters.selection(query, registry_cache.refresh(), policy.viewer_of(user))
    except HttpProblem as problem:
        raise NotChosen(problem.detail) from None
    if "event_type" not in query:
        raise NotChosen(
            "Choose event types on the page “Live”, and then “Keep and deliver …” behind “More” on their card."
        )
    return list(selection.of_type), dict(selection.filters)


class DeliveryForm(forms.Form):
    name = forms.CharField(max_length=MAX_NAME, help_text="What you call it in lists.")
    url = forms.CharField(
        label="Webhook",
        max_length=making.MAX_ADDRESS,
        help_text="The address that gets each event by a POST, over https.",
    )
    format = forms.ChoiceField(choices=Destination.formats_to_choose(), initial=Destination.Format.EVENT)
    parallel = forms.TypedChoiceField(
        label="At once",
        coerce=int,
        choices=[(1, "one, in order"), *((n, f"up to {n}, in any order") for n in range(2, MOST_PARALLEL + 1, 2))],
        initial=1,
    )

    def make(self, user: AbstractUser, event_types: list[str], filters: dict[str, Any]) -> tuple[Any, str]:
        """Make it; None and no secret if that was refused, which the form then shows."""
        given = self.cleaned_data
        to = AskedDestination(url=given["url"], format=given["format"], parallel=given["parallel"])
        made: tuple[StandingSubscription | None, str] = None, ""
        try:
            made = making.make(
                user, Asked(name=given["name"], event_types=event_types, filters=filters, destination=to)
            )
        except Refusal as refusal:
            field = FIELDS.get(refusal.problems[0].field) if refusal.problems else None
            self.add_error(field, f"{refusal.problems[0].problem}." if field else str(refusal))
        return made
