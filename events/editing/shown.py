"""What a form shows of a row, its relations and its inline rows: a digest of each value, carried along by its page."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django import forms
from django.contrib.admin.models import LogEntry
from django.core import signing
from django.db import models
from django.forms.formsets import DELETION_FIELD_NAME, ORDERING_FIELD_NAME
from django.forms.models import InlineForeignKeyField

FIELD = "shown_state"
SALT = "eventhub.shown_state"
MAX_LABEL = 60  # characters of a row's name, for one that is gone when the form comes back
Digests = Mapping[str, str]


class ShownField(forms.CharField):
    """Shows what the page is made from now, whatever was posted."""

    widget = forms.HiddenInput

    def __init__(self) -> None:
        super().__init__(required=False, label="")

    def bound_data(self, data: Any, initial: Any) -> Any:
        return initial

    def clean(self, value: Any) -> Any:
        return ""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


class Shown:
    """`rows` are by the formset's prefix and their key: their name and digests. `is_known` is false for what nobody
    can read any more, such as after a change of SECRET_KEY: then nothing is known of what the form was made from."""

    def __init__(
        self,
        of: str,
        form: Digests,
        rows: Mapping[str, Mapping[str, tuple[str, Digests]]],
        log: int,
        is_known: bool = True,
    ) -> None:
        self.of_row = of
        self.form = form
        self.rows = rows
        self.log = log  # the newest entry of the admin's log then
        self.is_known = is_known

    @classmethod
    def of(cls, form: forms.ModelForm[Any], formsets: Iterable[Any]) -> Shown:
        rows = {
            formset.prefix: {
                str(row.instance.pk): (str(row.instance)[:MAX_LABEL], digests(row))
                for row in formset.initial_forms
                if row.instance.pk is not None
            }
            for formset in formsets
        }
        return cls(name_of(form.instance), digests(form), rows, last_entry())

    @classmethod
    def read(cls, text: str | None, row: models.Model) -> Shown | None:
        """Read what the page showed; None for a post that carries nothing."""
        if not text:
            return None
        try:
            of, form, rows, log = signing.loads(text, salt=SALT)
        except signing.BadSignature:
            of = form = rows = log = None
        if of != name_of(row):
            return cls(name_of(row), {}, {}, last_entry(), is_known=False)
        return cls(of, form, rows, log)

    def written(self) -> str:
        return signing.dumps([self.of_row, self.form, self.rows, self.log], salt=SALT, compress=True)


def name_of(row: models.Model) -> str:
    return f"{row._meta.label_lower} {row.pk}"


def last_entry() -> int:
    return LogEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def compared(form: forms.ModelForm[Any]) -> Iterator[str]:
    """Yield the fields that a save could write back, without `not_merged`: the form itself judges whether somebody has
    touched these."""
    key = form.instance._meta.pk
    itself = getattr(form, "not_merged", ())
    for name, field in form.fields.items():
        of_the_formset = isinstance(field, InlineForeignKeyField) or name in (
            DELETION_FIELD_NAME,
            ORDERING_FIELD_NAME,
            key.name if key else None,
            FIELD,
        )
        if not (of_the_formset or field.disabled or name in itself):
            yield name


def digests(form: forms.ModelForm[Any]) -> dict[str, str]:
    """Return digests of what is in the database: what a bound form has as its initial values."""
    return {
        name: digest(form.fields[name], form.get_initial_for_field(form.fields[name], name)) for name in compared(form)
    }


def entered(form: forms.ModelForm[Any], name: str) -> str | None:
    """Return the digest of what was posted; None for what is no value of the field."""
    field = form.fields[name]
    try:
        return digest(field, field.clean(form[name].data))
    except forms.ValidationError:
        return None


def digest(field: forms.Field, value: Any) -> str:
    """Return a digest that is equal for equal values, whether they come from the database or were entered."""
    prepared = field.prepare_value(value)
    if isinstance(prepared, list | tuple | set | models.QuerySet):
        prepared = sorted(map(str, prepared))
    text = "" if prepared in (None, [], {}) else str(prepared).replace("\r\n", "\n").strip()
    return base64.b85encode(hashlib.blake2b(text.encode(), digest_size=6).digest()).decode()
