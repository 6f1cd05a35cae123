"""Filterable fields: rows of their event type's page, and a page of their own with the options one by one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from events import options
from events.admin.pages import shortened
from events.admin.types import audit
from events.admin.types.option import NO_OPTIONS, OptionInline
from events.admin.types.option_lines import MAX_OPTIONS, MAX_ORDER, OptionLinesField
from events.editing.merging_admin import MergingAdmin, lock_row
from events.models import EventField, EventType, FieldOption


class FieldForm(ModelForm):  # type: ignore[type-arg]
    new_options = OptionLinesField()

    class Meta:
        model = EventField
        fields = "__all__"  # noqa: DJ007  # what is shown is the admin's `fields`

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "data_key" in self.fields:
            self.fields["data_key"].required = False
            self.fields["data_key"].help_text += " Empty: the same as the name."
        if isinstance(operator := self.fields.get("operator"), forms.ChoiceField):
            operator.choices = [("", "as usual for its type"), *EventField.Operator.choices]
            operator.help_text = "How it compares."

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        cleaned["data_key"] = cleaned.get("data_key") or cleaned.get("name", "")
        if "type" in self.changed_data and "operator" not in self.changed_data:
            cleaned["operator"] = ""  # the usual one of the new type
        if "new_options" in cleaned:
            self.check_options(cleaned)
        return cleaned

    def check_options(self, cleaned: dict[str, Any]) -> None:
        pasted = cleaned["new_options"]
        if cleaned.get("type") not in (EventField.Type.SELECT, EventField.Type.MULTISELECT):
            if pasted:
                self.add_error("new_options", f"A {cleaned.get('type')} field has no options.")
        elif cleaned.get("options_source") != options.STATIC:
            if pasted:
                self.add_error("new_options", "Leave this empty, or choose “Static list” as the options' source.")
        else:
            listed = self.listed_options()
            if not pasted and not listed and self.must_have_options:
                self.add_error("new_options", NO_OPTIONS)
            if len(listed | set(pasted)) > MAX_OPTIONS:
                self.add_error("new_options", f"A field can have at most {MAX_OPTIONS} options.")

    must_have_options = True

    def listed_options(self) -> set[str]:
        return {option.value for option in self.instance.options.all()} if self.instance.pk else set()

    def add_options(self) -> str:
        """Add the pasted options that are missing; what was done, for a message, or nothing."""
        pasted: dict[str, str] = self.cleaned_data.get("new_options") or {}
        if not pasted:
            return ""
        field: EventField = self.instance
        known = dict(field.options.values_list("value", "order"))
        last = max(known.values(), default=0)
        missing = [(value, label) for value, label in pasted.items() if value not in known]
        field.options.bulk_create(
            FieldOption(field=field, value=value, label=label, order=min(order, MAX_ORDER))
            for order, (value, label) in enumerate(missing, last + 1)
        )
        return told_of_options(field, [value for value, _ in missing], [value for value in pasted if value in known])


def told_of_options(field: EventField, added: list[str], kept: list[str]) -> str:
    parts = [f"added {len(added)} option{'' if len(added) == 1 else 's'} ({shortened(added)})"] if added else []
    if kept:
        parts.append(f"already there: {shortened(kept)}")
    return f"“{field}”: {'; '.join(parts)}."


def described_options(field: EventField) -> str:
    if not field.has_options:
        return "–"
    if field.options_source != options.STATIC:
        return options.SOURCES[field.options_source].label
    return shortened(option.value for option in field.options.all()) or "none yet"


class FieldInline(admin.StackedInline):  # type: ignore[type-arg]
    model = EventField
    form = FieldForm
    fields = (
        ("name", "data_key", "label", "order"),
        ("type", "operator", "options_source", "listed"),
        "new_options",
    )
    readonly_fields = ("listed",)
    show_change_link = True

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 0 if obj else 1

    def get_queryset(self, request: HttpRequest) -> QuerySet[EventField]:
        return super().get_queryset(request).prefetch_related("options")

    @admin.display(description="options")
    def listed(self, field: EventField) -> str:
        return described_options(field) if field.pk else "–"


class FieldPageForm(FieldForm):
    must_have_options = False  # the rows below may bring some: OptionFormSet decides


@admin.register(EventField)
class FieldAdmin(MergingAdmin):
    """Reached from the event type's page alone: fields are made there, and one comes back there."""

    form = FieldPageForm
    inlines = (OptionInline,)
    fieldsets = (
        (None, {"fields": ("event_type", "name", "label", "help_text", "order")}),
        ("What it asks of an event", {"fields": ("type", "data_key", "operator")}),
        ("Options", {"fields": ("options_source", "new_options")}),
    )
    readonly_fields = ("event_type",)

    def lock(self, id: Any) -> None:
        """Lock the field's type as well, because the type's page writes fields too."""
        if (field := EventField.objects.filter(pk=id).first()) is not None:
            lock_row(EventType, field.event_type_id)
        super().lock(id)

    def logged_with(self, row: EventField) -> dict[type[Model], list[Any]]:
        return {EventType: [row.event_type_id]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: EventField | None = None) -> bool:
        return super().has_change_permission(request, obj) and may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: EventField | None = None) -> bool:
        return super().has_delete_permission(request, obj) and may_touch(request, obj)

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        return {}  # not in the index

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:events_eventtype_changelist"))

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Redirect to the history of the type, which the field is a part of."""
        field = self.get_object(request, object_id)
        if field is None:
            raise Http404
        return HttpResponseRedirect(reverse("admin:events_eventtype_history", args=[quote(field.event_type_id)]))

    def response_post_save_change(self, request: HttpRequest, obj: EventField) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse("admin:events_eventtype_change", args=[obj.event_type_id]))

    def save_related(self, request: HttpRequest, form: forms.BaseModelForm[Any], formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        assert isinstance(form, FieldForm)
        if message := form.add_options():
            self.message_user(request, message)


def may_touch(request: HttpRequest, field: EventField | None) -> bool:
    return field is None or audit.may_change_type(request.user, field.event_type_id)
