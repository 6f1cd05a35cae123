"""The severities that an event type may have, as a column and as checkboxes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models

from events.core.event_types import SEVERITIES


class SeverityLevelsField(models.JSONField):
    """A non-empty list of severities in ascending order, ticked as checkboxes."""

    def formfield(self, **kwargs: Any) -> forms.Field:
        return forms.MultipleChoiceField(
            choices=[(level, level) for level in SEVERITIES],
            widget=forms.CheckboxSelectMultiple,
            initial=["info"],
            label="Severity levels",
            help_text=self.help_text,
        )

    def clean(self, value: Any, model_instance: models.Model | None) -> list[str]:
        unknown = [level for level in value if level not in SEVERITIES]
        if unknown or not value:
            raise ValidationError(f"Choose one or more of {', '.join(SEVERITIES)}.")
        return [level for level in SEVERITIES if level in value]
