"""The form of an MCP server, which also asks where its secret may be sent."""

from __future__ import annotations

from typing import Any, NamedTuple

from django import forms
from django.contrib.auth.models import AbstractUser

from events.mcp import operations
from events.mcp.models import McpServer, SecretBinding, bound_origins
from events.mcp.models.words import MAX_LISTED, MAX_WORD
from events.mcp.secret import SecretNotBound, SecretUnusable, fixed_origins, name_in
from events.outbound.origin import origin_of, origin_text

MAY_BIND = "mcp.add_secretbinding"
IN_FILE = " It may also stand in eventhub's .env; a new one there counts after a restart."
MAX_WORDS_TEXT = MAX_LISTED * (MAX_WORD + 2)


class Binding(NamedTuple):
    secret: str
    origin: str


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
    user: AbstractUser  # who fills it in
    binding: Binding | None = None  # to be made with the server: its secret goes there for the first time

    expected_tools = Words(required=False, max_length=MAX_WORDS_TEXT, help_text=help_text("expected_tools"))
    tags = Words(required=False, max_length=MAX_WORDS_TEXT, help_text=help_text("tags"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "url" in self.fields:
            self.fields["url"].widget = forms.URLInput(attrs={"class": "vURLField"})
        if "description" in self.fields:
            self.fields["description"].widget.attrs["rows"] = 2
        if "secret_ref" in self.fields:
            self.fields["secret_ref"].help_text += IN_FILE
        if "status" in self.fields:
            # What counts as changed is what the person saw: the monitor may have disabled the server meanwhile.
            self.fields["status"].show_hidden_initial = True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        try:
            self.binding = self._new_binding(cleaned)
        except SecretNotBound as error:
            self.add_error("secret_ref", str(error))
        except SecretUnusable:  # as the model tells
            pass
        return cleaned

    def keep(self) -> bool:
        """Save what the person has changed, and bind the secret if it goes to a new place; each is told of. Return
        whether another address has cleared the reference to the secret. In a transaction that has locked the lease of
        the monitor."""
        server = self.instance
        if server._state.adding:
            server.save()
            operations.registered(server, self.user)
            cleared = False
        else:
            wanted = server.status if "status" in self.changed_data else None
            server.refresh_from_db(fields=["status", "disabled_by"])
            had_secret = bool(self.initial.get("secret_ref") or server.secret_ref)
            server.save(update_fields=[name for name in self.changed_data if name != "status"])
            cleared = had_secret and "url" in self.changed_data and not server.secret_ref
            if wanted:
                verb = operations.enable if wanted == McpServer.Status.ACTIVE else operations.disable
                verb(server, self.user)
        if self.binding:
            SecretBinding.objects.get_or_create(**self.binding._asdict())
        return cleared

    def _new_binding(self, cleaned: dict[str, Any]) -> Binding | None:
        """Return the binding that the form asks for; None if nothing about the secret is new, or if it may be sent
        there already. Raises SecretUnusable."""
        reference, url = cleaned.get("secret_ref"), cleaned.get("url")
        if not reference or not url or cleaned.get("auth") == McpServer.Auth.NONE:
            return None
        if not {"secret_ref", "url", "auth"}.intersection(self.changed_data):
            return None
        if self.instance.pk and origin_of(self.initial["url"]) != origin_of(url):  # the reference will be cleared
            return None
        name, origin = name_in(reference), origin_text(url)
        if origin in bound_origins().get(name, ()):
            return None
        if name in fixed_origins() or not self.user.has_perm(MAY_BIND):
            raise SecretNotBound(name, origin)
        return Binding(name, origin)
