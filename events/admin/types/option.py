"""Options of a filterable field, one by one on the field's page."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms import BaseInlineFormSet
from django.http import HttpRequest

from events import options
from events.models import EventField, FieldOption

NO_OPTIONS = "Give at least one option, one per line, or choose another source of options."


class OptionFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    def clean(self) -> None:
        super().clean()
        field: EventField = self.instance
        kept = [form for form in self.forms if form not in self.deleted_forms and form.cleaned_data.get("value")]
        # The form of the field itself is not at hand here; the data that was posted is that of the whole page.
        pasted = self.data.get("new_options", "").strip()
        if field.has_options and field.options_source == options.STATIC and not (kept or pasted):
            raise ValidationError(NO_OPTIONS)


class OptionInline(admin.StackedInline):  # type: ignore[type-arg]
    """Whoever may change a field may change its options: they have no permissions of their own.

    A row each, by the style sheet: the inputs of Django's own rows have no labels that a screen reader could read.
    """

    model = FieldOption
    formset = OptionFormSet
    fields = (("value", "label", "order"),)
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("events.change_eventfield")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("events.change_eventfield")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("events.change_eventfield")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("events.view_eventfield") or self.has_change_permission(request)
