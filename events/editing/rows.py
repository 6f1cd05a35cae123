"""Inline rows: they may swap what is unique among them, and each of their errors is seen."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from functools import cached_property
from typing import Any, ClassVar

from django.core.exceptions import NON_FIELD_ERRORS
from django.db import models
from django.forms import BaseInlineFormSet

from events.editing.merge import Merge

Values = tuple[Any, ...]


class Rows(BaseInlineFormSet):  # type: ignore[type-arg]
    merge: ClassVar[Merge | None] = None
    model: type[models.Model]
    prefix: str
    queryset: Any
    _non_form_errors: Any

    def get_queryset(self) -> Any:
        """Return the rows in the order in which they were posted. Django shows a posted row beside the one that it
        finds in its place, which is another row when somebody has changed the order."""
        if not self.is_bound or hasattr(self, "_queryset"):
            return super().get_queryset()
        posted = {key: number for number, key in enumerate(posted_keys(self))}
        rows = list(super().get_queryset())
        self._queryset = sorted(rows, key=lambda row: posted.get(str(row.pk), len(posted)))
        return self._queryset

    def total_form_count(self) -> int:
        """Count the forms that the post really has. Django would make as many as it says, up to 2,000, and take half a
        minute."""
        total = super().total_form_count()
        return min(total, max(self._posted_rows, self._known_rows)) if self.is_bound else total

    @cached_property
    def _posted_rows(self) -> int:
        member = re.compile(rf"{re.escape(self.prefix)}-(\d{{1,4}})-")
        return 1 + max((int(found[1]) for name in self.data if (found := member.match(name))), default=-1)

    @cached_property
    def _known_rows(self) -> int:
        """Return the rows of the page. Rows that may only be looked at are on it, and are not posted."""
        count: int = self.queryset.count()
        return count

    def full_clean(self) -> None:
        super().full_clean()
        if not self.is_bound:
            return
        self._refuse_names_of_others()
        if self.merge:
            for number, errors in self.merge.row_errors.get(self.prefix, {}).items():
                for name, text in errors:
                    self.forms[number].add_error(name, text)
            self._non_form_errors.extend(self.merge.formset_errors.get(self.prefix, []))
        for form in self.forms:
            show_hidden_errors(form)

    def _refuse_names_of_others(self) -> None:
        """Refuse names of rows that are not on the page, such as one that somebody has added since."""
        if not (self.instance._is_pk_set() and any(form.has_changed() for form in self.forms)):
            return
        here = [form.instance.pk for form in self.initial_forms]
        for constraint, columns in unique_within(self.model, self.fk.name):
            others = self.model._base_manager.filter(**{self.fk.name: self.instance}).exclude(pk__in=here)
            taken = set(others.values_list(*columns))
            for form in self.forms if taken else ():
                if form not in self.deleted_forms and values_of(form, columns) in taken:
                    form.add_error(columns[0], str(constraint.get_violation_error_message()))

    def save_existing_objects(self, commit: bool = True) -> list[Any]:
        """Save rows one by one: the new name of one must not be the present name of another."""
        for _, columns in unique_within(self.model, self.fk.name):
            going = set(self.deleted_forms)
            wanted = {values_of(form, columns): form for form in self.forms if form not in going and form.has_changed()}
            for form in self.initial_forms:
                now = tuple(form.initial.get(name) for name in columns)
                if wanted.get(now, form) is not form:
                    free(form.instance, columns)
        return super().save_existing_objects(commit)


def posted_keys(formset: Any) -> list[str]:
    """Return the keys of the rows that were on the page. Only the post says how many there are; formsets have a bound
    for that."""
    count = min(formset.initial_form_count(), formset.total_form_count())
    return [
        formset.data.get(f"{formset.add_prefix(number)}-{formset.model._meta.pk.name}", "") for number in range(count)
    ]


def unique_within(model: type[models.Model], parent: str) -> Iterator[tuple[models.UniqueConstraint, list[str]]]:
    """Yield what is unique among the rows of a parent, by columns besides the one that points to it."""
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and parent in constraint.fields:
            yield constraint, [name for name in constraint.fields if name != parent]


def values_of(form: Any, columns: list[str]) -> Values:
    return tuple(getattr(form, "cleaned_data", {}).get(name) for name in columns)


def free(row: models.Model, columns: list[str]) -> None:
    """Give it a passing name, of which history shall know nothing, until it is saved or deleted."""
    passing = {}
    for name in columns:
        field = row._meta.get_field(name)
        if isinstance(field, models.CharField):
            passing[name] = uuid.uuid4().hex[: field.max_length]
    models.QuerySet(type(row)).filter(pk=row.pk).update(**passing)


def show_hidden_errors(form: Any) -> None:
    """Show at the row what is wrong with an input that nobody sees."""
    for name in [name for name in form.errors if name != NON_FIELD_ERRORS and form.fields[name].widget.is_hidden]:
        texts = form._errors.pop(name)
        form.add_error(None, [f"{form.fields[name].label or name}: {text}" for text in texts])
