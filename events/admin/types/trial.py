"""“Send test event”: a form made from the type's own fields, a look at the event, and it goes the way of all events."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec
from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from events import ingest, registry_cache
from events.access import policy
from events.admin import links, rights
from events.admin.log.event_log import payload_table
from events.admin.pages import admin_page
from events.broadcast import Broadcast, BroadcastError
from events.core.event_types import EventType, Field
from events.core.filters import as_number
from events.core.legible import PLACEHOLDER
from events.core.problems import shown
from events.ingest import Receipt
from events.log.records import LogUnavailable
from events.page import markup

TITLE = "Send a test event"
MEMBER = "data"  # the prefix of an input is that of its member in errors, with "-" for "."
LIST_FROM = 12  # options; fewer are shown as checkboxes


class TrialForm(forms.Form):
    """An input for each member that the type's fields and its summary line name; left empty, it is not sent."""

    def __init__(self, event_type: EventType, data: Any = None) -> None:
        super().__init__(data, prefix=MEMBER)
        self.event_type = event_type
        levels = [(level, level) for level in event_type.severities]
        self.fields["severity"] = forms.ChoiceField(choices=levels, initial=levels[0][0])
        for field in event_type.fields:
            if field.data_key not in self.fields:
                self.fields[field.data_key] = input_of(field)
        for name in PLACEHOLDER.findall(event_type.summary):
            if name not in self.fields:
                self.fields[name] = forms.CharField(
                    required=False, label=name, help_text="Shown in the summary line; not a filterable field."
                )

    @property
    def payload(self) -> dict[str, Any]:
        values = {name: plain(value) for name, value in self.cleaned_data.items()}
        return {name: value for name, value in values.items() if value not in (None, "", [])}

    def take(self, error: BroadcastError) -> None:
        """Show each problem at its input."""
        for place, problem in error.problems:
            name = place.removeprefix(f"{MEMBER}.")
            self.add_error(name if name in self.fields else None, f"{problem}.")
        if not error.problems:
            self.add_error(None, str(error))


class NumberField(forms.CharField):
    """A number of any size, with the digits that were typed."""

    def clean(self, value: Any) -> int | float | None:
        text = super().clean(value)
        number = as_number(text)
        if text and number is None:
            raise forms.ValidationError(f"{shown(text)} is not a number.")
        return number


def input_of(field: Field) -> forms.Field:
    told: dict[str, Any] = {
        "required": False,
        "label": field.label,
        "help_text": f"{field.help_text} Member “{field.data_key}” of the payload.".strip(),
    }
    if field.is_number:
        return NumberField(**told, widget=forms.NumberInput(attrs={"step": "any"}))
    options = [(option.value, option.label) for option in field.options]
    if not options:
        return forms.CharField(**told)
    if field.type == "select":
        return forms.ChoiceField(**told, choices=[("", "(none)"), *options])
    few = len(options) < LIST_FROM
    return forms.MultipleChoiceField(
        **told, choices=options, widget=forms.CheckboxSelectMultiple if few else forms.SelectMultiple
    )


def plain(value: Any) -> Any:
    """Return a chosen value as payloads mostly have it: one of several options stands alone, a whole number has no
    point."""
    if isinstance(value, list):
        return value[0] if len(value) == 1 else value
    return int(value) if isinstance(value, float) and value.is_integer() else value


def may_send(request: HttpRequest, event_type: EventType | None) -> bool:
    return (
        event_type is not None
        and event_type.external
        and policy.scope_of(policy.viewer_of(request.user), event_type) is not None
        and rights.has(request, rights.TO_SEND)
    )


def trial_view(admin: ModelAdmin[Any], request: HttpRequest, id: str) -> HttpResponse:
    event_type = registry_cache.refresh().types.get(id)
    if event_type is None or policy.scope_of(policy.viewer_of(request.user), event_type) is None:
        raise Http404
    rights.demand(request, rights.TO_SEND)
    form = TrialForm(event_type, request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {
        "event_type": event_type,
        "form": form,
        "original": admin.get_object(request, id),
        "subtitle": f"{event_type.icon} {event_type.label}".strip(),
    }
    if event_type.external and request.method == "POST" and form.is_valid():
        source, key = f"admin:{request.user.get_username()}", request.POST.get("key")
        event = Broadcast(id, form.payload, source, key)  # the key: a second click sends nothing twice
        try:
            if "send" in request.POST:
                (receipt,) = ingest.emit([event], policy.viewer_of(request.user))
                messages.success(request, sent(event_type, receipt))
                return HttpResponseRedirect(request.path)
            if "back" not in request.POST:
                (draft,) = ingest.dry_run([event])
                payload = msgspec.json.decode(draft.data)
                line = markup.summary(event_type.summary_pieces(payload))
                context |= {"summary": line, "payload": payload_table(payload)}
                context["key"] = secrets.token_urlsafe()
        except BroadcastError as error:
            form.take(error)
        except LogUnavailable:
            form.add_error(None, "The database is not available at the moment; try again.")
    return admin_page(admin, request, "trial.html", TITLE, **context)


def sent(event_type: EventType, receipt: Receipt) -> SafeString:
    data = msgspec.json.decode(receipt.data)
    watch = format_html('<a href="{}">Watch such events on /events</a>', links.feed_of(event_type, data))
    line = markup.summary(event_type.summary_pieces(data))
    if receipt.pending:
        return format_html("Logged: “{}”. It is delivered within seconds. {}", line, watch)
    if receipt.id is None:
        return format_html("Sent: “{}”, to whoever is connected; this type is not logged. {}", line, watch)
    found = format_html('<a href="{}">find it in the history</a>', links.history_of(event_type, data))
    return format_html("Sent: “{}”. {}, or {}.", line, watch, found)


def url_of_trial(id: str) -> str:
    return reverse("admin:events_eventtype_trial", args=[id])
