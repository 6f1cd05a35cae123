"""Writes into posted data what a browser would have sent."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.forms.boundfield import BoundField
from django.forms.formsets import INITIAL_FORM_COUNT, TOTAL_FORM_COUNT
from django.http import QueryDict


def put_initial(data: QueryDict, bound: BoundField) -> None:
    """Set this input as it is on a page that shows the row and that nobody has touched."""
    value = bound.field.prepare_value(bound.initial)
    put(data, bound.html_name, bound.field.widget, value)
    if bound.field.show_hidden_initial:  # which Django does for a column whose default is a function
        put(data, bound.html_initial_name, bound.field.hidden_widget(), value)


def put(data: QueryDict, name: str, widget: Any, value: Any) -> None:
    several: Any = widget if isinstance(widget, forms.MultiWidget) else None
    if several:
        for suffix, part, its in zip(several.widgets_names, several.widgets, several.decompress(value), strict=True):
            put(data, name + suffix, part, its)
    elif isinstance(widget, RelatedFieldWidgetWrapper):
        put(data, name, widget.widget, value)
    elif isinstance(widget, forms.CheckboxInput):
        data.setlist(name, ["on"] if widget.check_test(value) else [])
    elif isinstance(widget, forms.Select | forms.RadioSelect | forms.SelectMultiple | forms.CheckboxSelectMultiple):
        data.setlist(name, widget.format_value(value))
    else:
        text = widget.format_value(value)
        data[name] = "" if text is None else str(text)


def put_rows_in_order(data: QueryDict, prefix: str, kept: list[int], new: list[int], key: str) -> None:
    """Leave these rows of a formset and no others, numbered anew: first those that exist, then new ones."""
    member = re.compile(rf"{re.escape(prefix)}-(\d{{1,6}})-(.+)")
    rows: dict[int, dict[str, list[str]]] = {}
    for name in [*data]:
        if found := member.fullmatch(name):
            rows.setdefault(int(found[1]), {})[found[2]] = data.pop(name)
    for number, old in enumerate([*kept, *new]):
        for name, values in rows.get(old, {}).items():
            data.setlist(f"{prefix}-{number}-{name}", [""] if name == key and old in new else values)
    data[f"{prefix}-{INITIAL_FORM_COUNT}"] = str(len(kept))
    data[f"{prefix}-{TOTAL_FORM_COUNT}"] = str(len(kept) + len(new))


def listed(names: Iterable[str]) -> str:
    """Return names as in a sentence: a, b and c."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
