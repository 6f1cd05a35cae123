"""Who sees an event type, as its form asks it: nothing is opened by what was left as it was."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from events.admin.types import audit
from events.models import EventType

CONTRADICTION = "Groups are chosen, but so is “Everybody”. Choose “Only …”, or leave the groups out."
AUDIT_ONLY = "A type for audit is never visible to everybody: choose “Only …”; in another category it can be opened."
AUDIT_INSIDE = "A type for audit is never emitted from outside."


class EventTypeForm(forms.ModelForm):  # type: ignore[type-arg]
    may_change_audit = False  # set for each request

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "restricted" in self.fields:
            self.fields["restricted"].required = False

    def clean_id(self) -> str:
        id: str = self.cleaned_data["id"]
        if not self.may_change_audit and audit.is_type(id):
            raise ValidationError(f"Audit events went by “{id}”: {audit.NEEDED}.")
        return id

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "restricted" in self.fields and not self.data.get(self.add_prefix("restricted")):  # a program of before it
            cleaned["restricted"] = bool(cleaned.get("allowed_groups")) or self.instance.restricted
        category, restricted = cleaned.get("category"), cleaned.get("restricted")
        if restricted is False and cleaned.get("allowed_groups"):
            self.add_error("restricted", CONTRADICTION)
        was_audit = not self.instance._state.adding and self.instance.is_audit
        if was_audit or (category is not None and category.is_audit):
            if restricted is False:
                self.add_error("restricted", AUDIT_ONLY)
            if cleaned.get("external"):
                self.add_error("external", AUDIT_INSIDE)
        return cleaned


def told(event_type: EventType) -> str:
    """Return what one should know of who sees it, or nothing."""
    closed = event_type.restricted and not event_type.allowed_groups.exists()
    return f"“{event_type}” is visible to superusers only: no group is chosen." if closed else ""
