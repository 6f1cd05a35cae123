"""What may be called an event type, and a member of a payload."""

from __future__ import annotations

from django.core.validators import RegexValidator

TYPE_ID = RegexValidator(
    r"^[a-z][a-z0-9_]{1,63}\Z",
    "Use 2 to 64 lower-case letters, digits and underscores, beginning with a letter.",
)
MEMBER = RegexValidator(
    r"^[a-zA-Z_][a-zA-Z0-9_]*\Z",
    "Use the name of a member: letters, digits and underscores, not beginning with a digit.",
)
