"""Options pasted one per line, so that nobody has to click a row together for each."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from events.models import FieldOption

MAX_OPTIONS = 500  # of a field: its page shows each as a row, and takes 3 ms for one
MAX_ORDER = 2**15 - 1  # the column's; options of one order stand in that of their making
MAX_LENGTH = FieldOption._meta.get_field("value").max_length or 0


class OptionLinesField(forms.CharField):
    """Cleans to a dict of value to label, in the order of the lines; a label is empty where none is given."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=False,
            label="Add options",
            widget=forms.Textarea(attrs={"rows": 3, "cols": 22, "placeholder": "value | label"}),
            help_text="One per line: “value”, or “value | label”. Those that are already there stay as they are.",
            **kwargs,
        )

    def clean(self, value: Any) -> Any:
        return options_of(super().clean(value))


def options_of(text: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        value, _, label = (part.strip() for part in line.partition("|"))
        if not value and not label:
            continue
        if not value:
            raise ValidationError(f"Line {number}, “{line.strip()}”, has no value before the “|”.")
        for part in (value, label):
            if len(part) > MAX_LENGTH:
                raise ValidationError(
                    f"Line {number}: “{part[:30]}…” has {len(part)} characters; at most {MAX_LENGTH} are allowed."
                )
        options.setdefault(value, label)
    return options
