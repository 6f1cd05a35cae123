"""The events that servers offer, in the admin: a tick has them broadcast here."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from events.mcp.mirror.drafting import event_type_for
from events.mcp.models import OfferedEvent
from events.page.markup import outside

NEEDS = "events.add_eventtype"
MAY_NOT = "To broadcast events of {} here, an event type is made. That needs the permission “Can add event type”."
MADE = "“{}” was made for the events {}. Superusers alone see it: open its page to let others see it."


class OfferedEventForm(forms.ModelForm):  # type: ignore[type-arg]
    may_make_types = False

    def clean_is_mirrored(self) -> bool:
        is_mirrored = bool(self.cleaned_data["is_mirrored"])
        if is_mirrored and self.instance.event_type_id is None and not self.may_make_types:
            raise ValidationError(MAY_NOT.format(self.instance.name))
        return is_mirrored


@admin.register(OfferedEvent)
class OfferedEventAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = OfferedEventForm
    list_display = ("shown_name", "server", "is_mirrored", "shown_type", "state", "shown_description")
    fields = ("shown_name", "server", "shown_description", "is_mirrored", "shown_type", "state")
    readonly_fields = ("shown_name", "server", "shown_description", "shown_type", "state")
    list_filter = ("is_mirrored", "server")
    list_select_related = ("server", "event_type")
    search_fields = ("name", "server__name")
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change, **kwargs)  # a class of its own for each request
        form.may_make_types = request.user.has_perm(NEEDS)
        return form

    def save_model(self, request: HttpRequest, obj: OfferedEvent, form: forms.ModelForm[Any], change: bool) -> None:
        """Take over the tick: the events begin from now on, with a type that is made if there is none. What is ticked
        already goes on from where it is."""
        with transaction.atomic():
            kept = OfferedEvent.objects.select_for_update(of=("self",)).select_related("server").get(pk=obj.pk)
            if obj.is_mirrored and kept.event_type_id is None:
                kept.event_type = event_type_for(kept)
                self.message_user(request, MADE.format(kept.event_type.label, kept), messages.SUCCESS)
            elif obj.is_mirrored == kept.is_mirrored:
                return
            kept.is_mirrored, kept.cursor, kept.next_poll_at = obj.is_mirrored, "", None
            kept.error, kept.missing_at, kept.refused = "", None, 0
            kept.save()

    # The server wrote both: words of another direction must not turn those beside them.
    @admin.display(description="name", ordering="name")
    def shown_name(self, offered: OfferedEvent) -> SafeString | str:
        return outside(offered.name)

    @admin.display(description="description", ordering="description", empty_value="–")
    def shown_description(self, offered: OfferedEvent) -> SafeString | str:
        return outside(offered.description)

    @admin.display(description="event type", ordering="event_type")
    def shown_type(self, offered: OfferedEvent) -> SafeString | str:
        if offered.event_type_id is None:
            return "–"
        url = reverse("admin:events_eventtype_change", args=[offered.event_type_id])
        return format_html('<a href="{}">{}</a>', url, offered.event_type_id)

    @admin.display(description="state")
    def state(self, offered: OfferedEvent) -> SafeString:
        severity = "warning" if offered.is_in_trouble else "info"
        return format_html('<span class="severity-{}">{}</span>', severity, outside(offered.in_words))
