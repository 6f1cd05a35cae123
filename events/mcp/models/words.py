"""A column with a list of words, such as the tools that a server should have."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

MAX_LISTED = 100  # expected tools, and tags; each is compared with what the server says, at every deep check
MAX_WORD = 128  # characters of one of them


class WordsField(models.JSONField):
    """A list of words, written one per line or separated by commas or spaces."""

    def clean(self, value: Any, model_instance: models.Model | None) -> list[str]:
        words = list(dict.fromkeys(value.replace(",", " ").split() if isinstance(value, str) else value or []))
        if len(words) > MAX_LISTED or any(not isinstance(word, str) or len(word) > MAX_WORD for word in words):
            raise ValidationError(f"At most {MAX_LISTED} words of at most {MAX_WORD} characters are allowed.")
        return words
