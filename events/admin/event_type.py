from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from events.admin.field import FieldForm, FieldInline, shortened
from events.models import Event, EventType, RegistryQuerySet

STYLE = "events/admin.css"


@admin.register(EventType)
class EventTypeAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("__str__", "id", "category", "filters", "restricted_to", "is_active")
    list_filter = ("category", "is_active")
    list_select_related = ("category",)
    search_fields = ("id", "label", "description")
    actions = ("activate", "deactivate")
    inlines = (FieldInline,)
    fieldsets = (
        (None, {"fields": ("id", "category", "label", "icon", "description", "is_active")}),
        ("Its events", {"fields": ("severity_levels", "summary", "payload_check")}),
        ("Who sees it, who may emit it", {"fields": ("allowed_groups", "external")}),
        ("Housekeeping", {"fields": ("retention_days", "order")}),
    )

    class Media:
        css = {"all": (STYLE,)}

    def get_readonly_fields(self, request: HttpRequest, obj: EventType | None = None) -> tuple[str, ...]:
        return ("id",) if obj else ()

    def get_form(
        self, request: HttpRequest, obj: EventType | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[EventType]]:
        widgets = {
            "description": forms.Textarea(attrs={"rows": 2, "cols": 70}),
            "summary": forms.TextInput(attrs={"size": 70}),
            "allowed_groups": forms.CheckboxSelectMultiple,
        }
        return super().get_form(request, obj, change, widgets=widgets, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[EventType]:
        return super().get_queryset(request).prefetch_related("fields", "allowed_groups")

    def view_on_site(self, obj: EventType) -> str:
        return page_of(obj)

    @admin.display(description="filters")
    def filters(self, event_type: EventType) -> str:
        return shortened((field.name for field in event_type.fields.all()), 5) or "–"

    @admin.display(description="visible to")
    def restricted_to(self, event_type: EventType) -> str:
        return ", ".join(group.name for group in event_type.allowed_groups.all()) or "everybody"

    @admin.action(permissions=["change"], description="Activate selected event types")
    def activate(self, request: HttpRequest, chosen: RegistryQuerySet[EventType]) -> None:
        self.set_active(request, chosen, True)

    @admin.action(permissions=["change"], description="Deactivate selected event types")
    def deactivate(self, request: HttpRequest, chosen: RegistryQuerySet[EventType]) -> None:
        self.set_active(request, chosen, False)

    def set_active(self, request: HttpRequest, chosen: RegistryQuerySet[EventType], active: bool) -> None:
        changed = list(chosen.exclude(is_active=active))
        EventType.objects.filter(pk__in=[event_type.pk for event_type in changed]).update(is_active=active)
        state = "active" if active else "inactive"
        for event_type in changed:
            self.log_change(request, event_type, f"Made {state}.")
        names = shortened(map(str, changed)) or "none; nothing had to be changed"
        self.message_user(request, f"Now {state}: {names}.")

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        for row in formset.forms:
            if isinstance(row, FieldForm) and row.instance.pk and (message := row.add_options()):
                self.message_user(request, message)

    def save_related(self, request: HttpRequest, form: forms.BaseModelForm[Any], formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        self.message_user(request, *what_next(form.instance))

    def get_deleted_objects(
        self, objs: Sequence[EventType] | QuerySet[EventType], request: HttpRequest
    ) -> tuple[list[Any], dict[Any, Any], set[Any], list[Any]]:
        """Types that have events are refused before Django lists what protects them: that would be all their events."""
        protected = [kept_events(each) for each in objs if Event.objects.filter(type=each).exists()]
        return ([], {}, set(), protected) if protected else super().get_deleted_objects(objs, request)


def page_of(event_type: EventType) -> str:
    """The events page with this type chosen."""
    query = urlencode({"tab": event_type.category_id, "event_type": event_type.id})
    return f"{reverse('events')}?{query}"


def what_next(event_type: EventType) -> tuple[SafeString, int]:
    if not event_type.is_active:
        text = "“{}” is inactive: nobody can subscribe to it or broadcast it until you tick “active”."
        return format_html(text, event_type), messages.WARNING
    text = '“{}” works at once, for everybody who may see it. <a href="{}">Open on /events</a>'
    return format_html(text, event_type, page_of(event_type)), messages.SUCCESS


def kept_events(event_type: EventType) -> SafeString:
    return format_html(
        "The events of “{}” in the log, which nobody deletes by hand. "
        '<a href="{}">Make the type inactive instead</a>: nobody can then subscribe to it or broadcast it.',
        event_type,
        reverse("admin:events_eventtype_change", args=[event_type.pk]),
    )
