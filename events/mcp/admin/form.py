from __future__ import annotations

from typing import Any

from django import forms

from events.mcp.models import McpServer
from events.mcp.models.words import MAX_LISTED, MAX_WORD

MAX_WORDS_TEXT = MAX_LISTED * (MAX_WORD + 2)


class Words(forms.CharField):
    """A list of words, one per line."""

    widget = forms.Textarea(attrs={"rows": 3, "cols": 40})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        return list(dict.fromkeys((super().to_python(value) or "").replace(",", " ").split()))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return list(initial or []) != self.to_python(data)


def help_text(name: str) -> str:
    return str(getattr(McpServer._meta.get_field(name), "help_text", ""))


class ServerForm(forms.ModelForm):  # type: ignore[type-arg]
    not_merged = ("status",)  # the monitor writes it too; see below

    expected_tools = Words(required=False, max_length=MAX_WORDS_TEXT, help_text=help_text("expected_tools"))
    tags = Words(required=False, max_length=MAX_WORDS_TEXT, help_text=help_text("tags"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "url" in self.fields:
            self.fields["url"].widget = forms.URLInput(attrs={"class": "vURLField"})
        if "status" in self.fields:
            # What counts as changed is what the person saw: the monitor may have disabled the server meanwhile.
            self.fields["status"].show_hidden_initial = True
