"""What a change of a server's form was, with its values: kept in the admin's log, for the history of the server."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib.admin.models import LogEntry
from django.forms.utils import pretty_name

from events.core.legible import legible

UNTOLD = {"auth_header", "secret_ref"}  # which secret it is, and how it is sent
LONGEST = 80  # characters of a value
VALUES = "values"  # the member of a part of the log's message, beside Django's "fields"


def add_values(message: list[dict[str, Any]], form: forms.BaseForm) -> None:
    """Add to the message of a change of this form, as Django makes it, what each field was and is."""
    told = [name for name in form.changed_data if name in form.fields and name not in UNTOLD]
    values = {
        str(form.fields[name].label or pretty_name(name)): [
            written(form.initial.get(name)),
            written(form.cleaned_data.get(name)),
        ]
        for name in told
    }
    for part in message:
        if "changed" in part and "name" not in part["changed"]:  # not of an inline row
            part["changed"][VALUES] = values


def in_words(entry: LogEntry, told: str) -> str:
    """Return what an entry of the log says, as Django tells it, with the values if it has them."""
    try:
        parts = json.loads(entry.change_message)
    except ValueError:  # a sentence of somebody's own
        return told
    for part in parts if isinstance(parts, list) else []:
        for label, (old, new) in part.get("changed", {}).get(VALUES, {}).items():
            told += f" {label}: {old} → {new}."
    return told


def written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    text = legible(text)
    return (text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…") or "nothing"
