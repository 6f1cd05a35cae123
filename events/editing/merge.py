"""Brings a posted form up to date with what others have saved since its page was made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django import forms
from django.db.models import QuerySet
from django.forms.formsets import DELETION_FIELD_NAME
from django.http import QueryDict

from events.editing.posted import listed, put_initial, put_rows_in_order
from events.editing.shown import Digests, Shown, compared, digests, entered

MAX_VALUE = 120  # characters of a value in an error
REFUSED = (
    "Not saved: changed meanwhile {by}. What both of you changed is marked. What you see is saved if you save again."
)
UNKNOWN = (
    "Not saved: it cannot be told which state this form was made from. What differs from the newest is marked. "
    "What you see is saved if you save again."
)

Errors = list[tuple[str | None, str]]  # by field; None: of the form as a whole
Together = Sequence[tuple[str, ...]]


class Judged(NamedTuple):
    """The fields of a form that others have changed since."""

    kept: list[str]  # this form leaves them as others have made them
    clashing: list[str]  # this form has changed them to something else
    torn: list[str]  # this form alone has changed them, but they belong together with some that others have


def judged(form: forms.ModelForm[Any], base: Digests, together: Together = ()) -> Judged:
    now = digests(form)
    theirs = [name for name in compared(form) if base.get(name) != now[name]]
    if not theirs:
        return Judged([], [], [])
    mine = {name: entered(form, name) for name in now}
    kept = [name for name in theirs if mine[name] != now[name] and mine[name] == base.get(name)]
    clashing = [name for name in theirs if mine[name] not in (now[name], base.get(name))]
    groups = [group for group in together if not set(group).isdisjoint(kept + clashing)]
    torn = [name for group in groups for name in group if name in now and name not in theirs]
    return Judged(kept, clashing, [name for name in torn if mine[name] != base.get(name)])


class Merge:
    """`errors` are those of the main form, `row_errors` those of rows by the formset's prefix and their new number,
    `formset_errors` those of formsets as a whole. `left` names what others have changed and this form leaves so."""

    def __init__(self, data: QueryDict, shown: Shown | None, who: Callable[[int], str]) -> None:
        self.data = data
        self.shown = shown
        self.by = ""
        self._who = who
        self.errors: Errors = []
        self.row_errors: dict[str, dict[int, Errors]] = {}
        self.formset_errors: dict[str, list[str]] = {}
        self.left: list[str] = []

    def take_form(self, form: forms.ModelForm[Any], together: Together) -> None:
        if self.shown is not None:
            found = judged(form, self.shown.form, together)
            self.left += self.keep(form, found)
            self.errors += self.told_of(form, found)

    def take_rows(self, formset: Any, may_add: bool) -> None:
        """Take out the rows that others have deleted. One that was changed here becomes a new row, for a second
        look."""
        shown = self.shown.rows.get(formset.prefix, {}) if self.shown else {}
        kept: dict[int, Errors] = {}
        again: dict[int, Errors] = {}
        for number, row in enumerate(formset.initial_forms):
            key = self.data.get(f"{row.prefix}-{formset.model._meta.pk.name}", "")
            name, base = shown.get(key, ("", None))
            if row.instance.pk is not None:
                kept[number] = self.take_row(row, base) if self.shown else []
            elif f"{row.prefix}-{DELETION_FIELD_NAME}" in self.data or is_untouched(row, base):
                self.left += [f"{of(formset, name)} was deleted"]
            elif may_add:
                again[number] = [(None, f"{self.deleted(formset, name)} If you save again, it is made anew.")]
            else:
                self.formset_errors.setdefault(formset.prefix, []).append(self.deleted(formset, name))
        if self.shown and self.shown.is_known:
            added = [row for row in formset.get_queryset() if str(row.pk) not in shown]
            self.left += [f"{of(formset, str(row))} was added" for row in added]
        new = list(range(len(formset.initial_forms), formset.total_form_count()))
        if len(kept) < len(formset.initial_forms):
            put_rows_in_order(self.data, formset.prefix, [*kept], [*new, *again], formset.model._meta.pk.name)
        numbered = enumerate([*kept.values(), *([] for _ in new), *again.values()])
        self.row_errors[formset.prefix] = {number: errors for number, errors in numbered if errors}

    def take_row(self, row: forms.ModelForm[Any], base: Digests | None) -> Errors:
        deletes = f"{row.prefix}-{DELETION_FIELD_NAME}"
        if deletes not in self.data:
            found = judged(row, base or {})
            self.left += [f"{name} of “{row.instance}”" for name in self.keep(row, found)]
            return self.told_of(row, found)
        now = digests(row)
        if not (changed := [name for name in now if now[name] != (base or {}).get(name)]):
            return []
        del self.data[deletes]
        self.keep(row, Judged(changed, [], []))
        labels = listed(label_of(row, name) for name in changed)
        return [(None, f"{labels}: changed meanwhile {self.told_by()}. Mark it once more if it shall be deleted.")]

    def keep(self, form: forms.ModelForm[Any], found: Judged) -> list[str]:
        """Keep what others have saved, and return its labels."""
        for name in found.kept:
            put_initial(self.data, form[name])
        return [label_of(form, name) for name in found.kept]

    def told_of(self, form: forms.ModelForm[Any], found: Judged) -> Errors:
        errors: Errors = []
        for name in found.clashing:
            now = shown_value(form, name)
            errors.append(
                (name, f"Changed meanwhile {self.told_by()}: it is now {now}. Your entry would replace that.")
            )
        others = listed(label_of(form, name) for name in found.kept + found.clashing) if found.torn else ""
        for name in found.torn:
            errors.append((name, f"It belongs together with {others}, changed meanwhile {self.told_by()}."))
        return errors

    def deleted(self, formset: Any, name: str) -> str:
        if not name:
            return f"There is no such {formset.model._meta.verbose_name} any more."
        return f"{of(formset, name)} was deleted meanwhile {self.told_by()}."

    def told_by(self) -> str:
        if self.shown is None or not self.shown.is_known:
            return "by somebody"
        self.by = self.by or self._who(self.shown.log)
        return self.by

    def finish(self) -> str:
        """Return what was merged, in a sentence, or nothing. What is refused is told by the form as a whole."""
        if self.errors or any(self.row_errors.values()) or any(self.formset_errors.values()):
            is_known = self.shown is None or self.shown.is_known
            self.errors.append((None, REFUSED.format(by=self.told_by()) if is_known else UNKNOWN))
        return f"Changed meanwhile {self.told_by()}, and left so: {listed(self.left)}." if self.left else ""


def is_untouched(row: forms.ModelForm[Any], base: Digests | None) -> bool:
    return base is not None and all(entered(row, name) == base.get(name) for name in compared(row))


def of(formset: Any, name: str) -> str:
    return f"{formset.model._meta.verbose_name} “{name}”"


def label_of(form: forms.ModelForm[Any], name: str) -> str:
    return str(form[name].label).lower() if form[name].label.istitle() else str(form[name].label)


def shown_value(form: forms.ModelForm[Any], name: str) -> str:
    """Return what is in the database, as its input names it."""
    field: Any = form.fields[name]
    value = form[name].initial
    several = isinstance(value, list | tuple | QuerySet)
    is_relation, is_choice = isinstance(field, forms.ModelChoiceField), isinstance(field, forms.ChoiceField)
    if is_relation and not several:
        value = field.queryset.filter(**{field.to_field_name or "pk": value}).first()
    elif is_choice and not several:
        value = dict(field.choices).get(value, value)
    if isinstance(value, bool):
        return "ticked" if value else "not ticked"
    text = ", ".join(map(str, value)) if several else "" if value is None else str(value)
    if not text:
        return "empty"
    return f"“{text[:MAX_VALUE]}…”" if len(text) > MAX_VALUE else f"“{text}”"
