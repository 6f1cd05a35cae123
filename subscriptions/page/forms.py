"""What a new delivery is asked for: the event types and filters stand in the address of the page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import AbstractUser
from django.http import QueryDict

from events import registry_cache
from events.access import policy
from events.core.event_types import SEVERITIES, EventType
from events.http import parameters
from events.http.problem_details import HttpProblem
from subscriptions.models import Destination, StandingSubscription
from subscriptions.models.standing import MAX_NAME
from subscriptions.protocol.commands import Refusal
from subscriptions.standing.requests import making, members
from subscriptions.standing.requests.asked import MOST_PARALLEL, Asked, AskedDestination

KIND = "to"
NAMES = (*parameters.EXPLAIN, KIND)
Kind = Destination.Kind


class NotChosen(Exception):
    """The address of the page does not say what is to be delivered; the message says why."""


def chosen(query: QueryDict, user: AbstractUser) -> tuple[list[EventType], dict[str, Any]]:
    """Return the event types and filters that the address names. Raises NotChosen."""
    registry = registry_cache.refresh()
    try:
        parameters.refuse_unknown(query, NAMES)
        selection = parameters.selection(query, registry, policy.viewer_of(user))
    except HttpProblem as problem:
        raise NotChosen(problem.detail) from None
    if "event_type" not in query:
        raise NotChosen(
            "Choose event types on the page “Live”, and then “Keep and deliver …” behind “More” on their card."
        )
    return [registry.types[id] for id in selection.of_type], dict(selection.filters)


class DeliveryForm(forms.Form):
    """What all kinds ask for. The other fields have the names of the members of a destination."""

    kind: Kind
    name = forms.CharField(max_length=MAX_NAME, help_text="What you call it in lists.")

    def make(
        self, user: AbstractUser, event_types: list[EventType], filters: dict[str, Any]
    ) -> tuple[StandingSubscription | None, str]:
        """Make it; None and no secret if that was refused, which the form then shows."""
        given = {name: value for name, value in self.cleaned_data.items() if name != "name" and value != ""}
        asked = Asked(
            name=self.cleaned_data["name"],
            event_types=[each.id for each in event_types],
            filters=filters,
            destination=AskedDestination(kind=self.kind, **given),
        )
        try:
            return making.make(user, asked)
        except Refusal as refusal:
            field = refusal.problems[0].field.removeprefix("destination.") if refusal.problems else ""
            is_ours = field in self.fields
            self.add_error(field if is_ours else None, f"{refusal.problems[0].problem}." if is_ours else str(refusal))
        return None, ""


class WebhookForm(DeliveryForm):
    kind = Kind.WEBHOOK
    url = forms.CharField(
        label="Webhook",
        max_length=members.MAX_ADDRESS,
        help_text="The address that gets each event by a POST, over https.",
        widget=forms.URLInput({"placeholder": "https://receiver.example.org/events"}),
    )
    format = forms.ChoiceField(choices=Destination.formats_to_choose(), initial=Destination.Format.EVENT)
    parallel = forms.TypedChoiceField(
        label="At once",
        coerce=int,
        choices=[(1, "one, in order"), *((n, f"up to {n}, in any order") for n in range(2, MOST_PARALLEL + 1, 2))],
        initial=1,
    )
    field_order = ("url", "name")


class AlertmanagerForm(DeliveryForm):
    kind = Kind.ALERTMANAGER
    url = forms.CharField(
        label="Alertmanager",
        max_length=members.MAX_ADDRESS,
        help_text="Its address. What begins something fires an alert, and what ends it resolves the alert.",
        widget=forms.URLInput({"placeholder": "https://alertmanager.example.org"}),
    )
    secret = forms.CharField(
        label="Bearer token",
        required=False,
        help_text="If it wants one: the token, or env:EVENTHUB_DESTINATION_NAME.",
        widget=forms.PasswordInput({"autocomplete": "off"}),
    )
    field_order = ("url", "name")


class TimeOfDay(forms.CharField):
    widget = forms.TextInput({"type": "time"})


class PeopleForm(DeliveryForm):
    group_by = forms.ChoiceField(
        label="One message for",
        required=False,
        help_text="The first comes after 30 seconds, and then one in five minutes at most.",
    )
    least_severity = forms.ChoiceField(
        label="From this severity on",
        choices=[(each, each) for each in SEVERITIES],
        help_text="What ends something that you were told of is always told.",
    )
    quiet_from = TimeOfDay(required=False, help_text="Quiet hours: only what is critical is told.")
    quiet_until = TimeOfDay(required=False)
    daily_at = TimeOfDay(label="Once a day, at", required=False, help_text="Then all comes in one message a day.")
    time_zone = forms.CharField(
        initial="UTC", max_length=64, help_text="Of these times.", widget=forms.TextInput({"data-time-zone": ""})
    )

    def group_by_members(self, event_types: list[EventType]) -> None:
        """Offer the members by which these events can be grouped."""
        members = {each.subject: None for each in event_types if each.subject}
        members |= {field.data_key: None for each in event_types for field in each.fields}
        field = self.fields["group_by"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "everything"), *((each, f"each {each}") for each in members)]


class MailForm(PeopleForm):
    kind = Kind.MAIL
    address = forms.EmailField(label="E-mail", max_length=254, help_text="Others’ addresses need a permission.")
    field_order = ("address", "name")


class ChatForm(PeopleForm):
    kind = Kind.CHAT
    secret = forms.CharField(
        label="Service",
        max_length=150,
        help_text="An operator keeps the address of the service, as Apprise has it, in such a variable.",
        widget=forms.TextInput({"placeholder": "env:EVENTHUB_DESTINATION_OPERATIONS"}),
    )
    field_order = ("secret", "name")


IN_ORDER: tuple[type[DeliveryForm], ...] = (WebhookForm, MailForm, ChatForm, AlertmanagerForm)
FORMS = {form.kind: form for form in IN_ORDER}
