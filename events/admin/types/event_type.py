"""The page of an event type in the admin, with its fields and options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.forms.widgets import Script
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from events import registry_cache
from events.admin import links, rights
from events.admin.document import transfer
from events.admin.document.history import WithHistory
from events.admin.document.versions import PastType
from events.admin.pages import TOLD, shortened
from events.admin.types import audience, audit
from events.admin.types.activation import set_active
from events.admin.types.audience import EventTypeForm
from events.admin.types.duplicate import duplicate_view
from events.admin.types.field import FieldForm, FieldInline
from events.admin.types.trial import may_send, trial_view, url_of_trial
from events.core import event_types
from events.models import Category, Event, EventType, RegistryQuerySet


class CategoryFilter(admin.RelatedFieldListFilter):
    def has_output(self) -> bool:
        """Show the filter also with one category: Django's own is left out then, and so is what was chosen in it."""
        return True


@admin.register(EventType)
class EventTypeAdmin(WithHistory):
    form = EventTypeForm
    past = PastType
    needed_to_revert = rights.TO_REVERT_TYPE
    change_list_template = "admin/events/eventtype/change_list.html"
    change_form_template = "admin/events/eventtype/change_form.html"
    list_display = ("__str__", "id", "category", "filters", "visible_to", "is_active")
    list_filter = (("category", CategoryFilter), "is_active")
    list_select_related = ("category",)
    search_fields = ("id", "label", "description")
    actions = ("activate", "deactivate", "export_chosen")
    inlines = (FieldInline,)
    radio_fields = {"restricted": admin.VERTICAL}
    together = (("category", "restricted", "allowed_groups"),)
    fieldsets = (
        (None, {"fields": ("id", "category", "label", "icon", "description", "is_active")}),
        ("Its events", {"fields": ("severity_levels", "summary", "subject", "payload_check")}),
        ("Who sees it, who may emit it", {"fields": ("restricted", "allowed_groups", "external")}),
        ("Housekeeping", {"fields": ("retention_days", "order")}),
    )

    class Media:
        js = (Script("events/admin_summary.js", type="module"),)

    def get_urls(self) -> list[URLPattern]:
        own = [
            path("export/", self.admin_site.admin_view(self.export_view), name="events_eventtype_export"),
            path("import/", self.admin_site.admin_view(self.import_view), name="events_eventtype_import"),
            path("<str:id>/test-event/", self.admin_site.admin_view(self.trial_view), name="events_eventtype_trial"),
            path(
                "<str:id>/duplicate/",
                self.admin_site.admin_view(self.duplicate_view),
                name="events_eventtype_duplicate",
            ),
        ]
        return own + super().get_urls()

    def export_view(self, request: HttpRequest) -> HttpResponse:
        rights.demand(request, rights.TO_EXPORT)
        return transfer.export()

    def import_view(self, request: HttpRequest) -> HttpResponse:
        return transfer.import_view(self, request)

    def trial_view(self, request: HttpRequest, id: str) -> HttpResponse:
        return trial_view(self, request, id)

    def duplicate_view(self, request: HttpRequest, id: str) -> HttpResponse:
        return duplicate_view(self, request, id)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        may = {
            "may_export": self.has_export_permission(request),
            "may_import": rights.has(request, rights.TO_IMPORT),
        }
        return super().changelist_view(request, {**(extra_context or {}), **may})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        event_type = registry_cache.refresh().types.get(unquote(object_id))
        more = {
            "may_duplicate": rights.has(request, rights.TO_DUPLICATE)
            and audit.may_change_type(request.user, unquote(object_id)),
            "may_send": may_send(request, event_type),
            "may_read_log": request.user.has_perm("events.view_event"),
            "samples": samples(event_type) if event_type else {},
        }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})

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
        form = super().get_form(request, obj, change, widgets=widgets, **kwargs)
        form.may_change_audit = audit.may_change(request.user)  # type: ignore[attr-defined]
        return form

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "category" and not audit.may_change(request.user):
            kwargs["queryset"] = Category.objects.filter(is_audit=False)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: EventType | None = None) -> bool:
        return super().has_change_permission(request, obj) and may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: EventType | None = None) -> bool:
        return super().has_delete_permission(request, obj) and may_touch(request, obj)

    def save_model(self, request: HttpRequest, obj: EventType, form: Any, change: bool) -> None:
        if change and not obj.restricted and obj.allowed_groups.exists():
            obj.allowed_groups.clear()  # before: with groups it cannot be opened
        super().save_model(request, obj, form, change)

    def get_queryset(self, request: HttpRequest) -> QuerySet[EventType]:
        return super().get_queryset(request).prefetch_related("fields", "allowed_groups")

    def view_on_site(self, obj: EventType) -> str:
        return links.page_of(obj)

    @admin.display(description="filters")
    def filters(self, event_type: EventType) -> str:
        return shortened((field.name for field in event_type.fields.all()), 5) or "–"

    @admin.display(description="visible to")
    def visible_to(self, event_type: EventType) -> str:
        return event_type.audience

    @admin.action(permissions=["change"], description="Activate selected event types")
    def activate(self, request: HttpRequest, chosen: RegistryQuerySet[EventType]) -> HttpResponse | None:
        return set_active(self, request, chosen, True)

    @admin.action(permissions=["change"], description="Deactivate selected event types")
    def deactivate(self, request: HttpRequest, chosen: RegistryQuerySet[EventType]) -> HttpResponse | None:
        return set_active(self, request, chosen, False)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return rights.has(request, rights.TO_EXPORT)

    @admin.action(permissions=["export"], description="Export selected event types")
    def export_chosen(self, request: HttpRequest, chosen: RegistryQuerySet[EventType]) -> HttpResponse:
        rows = chosen.values_list("pk", "category_id")
        return transfer.export([type_id for type_id, _ in rows], {category for _, category in rows})

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        for row in formset.forms:
            if isinstance(row, FieldForm) and row.instance.pk and (message := row.add_options()):
                self.message_user(request, message)

    def save_related(self, request: HttpRequest, form: forms.BaseModelForm[Any], formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        self.message_user(request, *what_next(request, form.instance))
        if text := audience.told(form.instance):
            self.message_user(request, text, messages.WARNING)

    def get_deleted_objects(
        self, objs: Sequence[EventType] | QuerySet[EventType], request: HttpRequest
    ) -> tuple[list[Any], dict[Any, Any], set[Any], list[Any]]:
        """Refuse types that have events before Django lists what protects them: that would be all their events."""
        protected = [kept_events(each) for each in objs if Event.objects.filter(type=each).exists()]
        return ([], {}, set(), protected) if protected else super().get_deleted_objects(objs, request)


def may_touch(request: HttpRequest, event_type: EventType | None) -> bool:
    return event_type is None or audit.may_change_type(request.user, event_type.pk)


def what_next(request: HttpRequest, event_type: EventType) -> tuple[SafeString, int]:
    if not event_type.is_active:
        text = "“{}” is inactive: nobody can subscribe to it or broadcast it until you tick “active”. {}"
        return format_html(text, event_type, TOLD), messages.WARNING
    ways = [format_html('<a href="{}">Open on /events</a>', links.page_of(event_type))]
    if may_send(request, registry_cache.refresh().types.get(event_type.id)):
        ways.insert(0, format_html('<a href="{}">Send test event</a>', url_of_trial(event_type.id)))
    return format_html("{} {}", TOLD, SafeString(" · ".join(ways))), messages.SUCCESS


def samples(event_type: event_types.EventType) -> dict[str, str]:
    """Return, by the name of a field, the value that the summary line is tried with: its first option."""
    return {field.name: field.options[0].value for field in event_type.fields if field.options}


def kept_events(event_type: EventType) -> SafeString:
    return format_html(
        "The events of “{}” in the log, which nobody deletes by hand. "
        '<a href="{}">Make the type inactive instead</a>: nobody can then subscribe to it or broadcast it.',
        event_type,
        reverse("admin:events_eventtype_change", args=[event_type.pk]),
    )
