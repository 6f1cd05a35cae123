"""Filterable fields of event types, and their options, as admins edit them."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

from events import options
from events.core.filters import DEFAULT_OPERATOR, OPERATORS_OF
from events.models.event_type import EventType
from events.models.history import History
from events.models.revision import RegistryModel

MEMBER_NAME = RegexValidator(
    r"^[a-zA-Z_][a-zA-Z0-9_]{0,63}\Z",
    "Use up to 64 letters, digits and underscores, not beginning with a digit.",
)


class EventField(RegistryModel):
    """A filterable field of an event type."""

    class Type(models.TextChoices):
        MULTISELECT = "multiselect", "Multiselect: any of several options"
        SELECT = "select", "Select: one option"
        TEXT = "text", "Text"
        NUMBER = "number", "Number"

    class Operator(models.TextChoices):
        IN = "in", "is one of"
        EQ = "eq", "equals"
        CONTAINS = "contains", "contains"
        PREFIX = "prefix", "begins with"
        GTE = "gte", "is at least"
        LTE = "lte", "is at most"

    event_type = models.ForeignKey(EventType, on_delete=models.CASCADE, related_name="fields")
    name = models.CharField(
        max_length=64, validators=[MEMBER_NAME], help_text="The filter's name for clients, e.g. “mcp_names”."
    )
    label = models.CharField(max_length=60)
    type = models.CharField(max_length=12, choices=Type, default=Type.MULTISELECT)
    data_key = models.CharField(
        "payload member",
        max_length=64,
        validators=[MEMBER_NAME],
        help_text="What it looks at, e.g. “mcp_name”.",
    )
    operator = models.CharField(
        max_length=8,
        choices=Operator,
        blank=True,
        help_text="How it compares; empty: the usual one of its type.",
    )
    options_source = models.CharField(max_length=32, choices=options.choices, default=options.STATIC)
    help_text = models.CharField(max_length=200, blank=True)
    order = models.PositiveSmallIntegerField(default=0, help_text="Lower comes first.")

    history = History()

    class Meta:
        ordering = ("order", "id")
        verbose_name = "filterable field"
        constraints = (
            models.UniqueConstraint(
                fields=["event_type", "name"],
                name="one_field_of_a_name",
                violation_error_message="This event type already has a field of that name.",
            ),
        )

    def __str__(self) -> str:
        return self.label or self.name

    @property
    def has_options(self) -> bool:
        return self.type in (self.Type.SELECT, self.Type.MULTISELECT)

    def clean(self) -> None:
        allowed = OPERATORS_OF.get(self.type, ())
        if self.operator and self.operator not in allowed:
            words = ", ".join(f"“{self.Operator(operator).label}”" for operator in allowed)
            raise ValidationError({"operator": f"A {self.type} field can be compared by {words} only."})
        if not self.has_options and self.options_source != options.STATIC:
            raise ValidationError({"options_source": f"A {self.type} field has no options: leave “Static list”."})

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.operator = self.operator or DEFAULT_OPERATOR[self.type]
        super().save(*args, **kwargs)


class FieldOption(RegistryModel):
    field = models.ForeignKey(EventField, on_delete=models.CASCADE, related_name="options")
    value = models.CharField(max_length=100)
    label = models.CharField(max_length=100, blank=True, help_text="Empty: the value itself.")
    order = models.PositiveSmallIntegerField(default=0)

    history = History()

    class Meta:
        ordering = ("order", "id")
        verbose_name = "option"
        constraints = (
            models.UniqueConstraint(
                fields=["field", "value"],
                name="one_option_of_a_value",
                violation_error_message="This field already has that option.",
            ),
        )

    def __str__(self) -> str:
        return self.label or self.value
