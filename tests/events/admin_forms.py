"""Posts the admin's own forms: what a page shows, with what a person fills in."""

from __future__ import annotations

from typing import Any, cast

from django.forms import BaseForm, MultiWidget, RadioSelect
from django.test import Client

from tests.events.unread_pages import unread


def shown_values(form: BaseForm) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for bound in form:
        value, widget = bound.value(), cast("Any", bound.field.widget)
        if isinstance(bound.field.widget, MultiWidget):
            names = [bound.html_name + suffix for suffix in widget.widgets_names]
            values |= dict(zip(names, value if isinstance(value, list) else widget.decompress(value), strict=True))
        elif value is not False or isinstance(widget, RadioSelect):
            values[bound.html_name] = value
        if bound.field.show_hidden_initial:
            values[bound.html_initial_name] = bound.initial
    return {name: value for name, value in values.items() if value is not None}


def posted(page: Any, filled_in: dict[str, Any]) -> dict[str, Any]:
    """The data that a browser would send from this page after `filled_in` was filled in."""
    data = shown_values(page.context["adminform"].form)
    for inline in page.context["inline_admin_formsets"]:
        data |= shown_values(inline.formset.management_form)
        for form in inline.formset.forms:
            data |= shown_values(form)
    return data | filled_in


def submit(client: Client, url: str, /, **filled_in: Any) -> Any:
    """Open the page, fill in, save; the page that follows. An inline's `a-0-b` is written `a__0__b`."""
    return save(client, url, open_form(client, url), **filled_in)


def open_form(client: Client, url: str) -> Any:
    with unread():
        page = client.get(url)
    assert page.status_code == 200
    return page


def save(client: Client, url: str, page: Any, /, **filled_in: Any) -> Any:
    """Fill in what was opened, and save it; the page that follows. It can be saved again as it was opened."""
    data = posted(page, {name.replace("__", "-"): value for name, value in filled_in.items()})
    with unread():
        return client.post(url, data, follow=True)


def with_another_row(client: Client, url: str, prefix: str) -> dict[str, Any]:
    """What the link “Add another” does: one row more."""
    with unread():
        page = client.get(url)
    (formset,) = (i.formset for i in page.context["inline_admin_formsets"] if i.formset.prefix == prefix)
    return {f"{prefix}-TOTAL_FORMS": formset.total_form_count() + 1}


def errors_of(page: Any) -> dict[str, str]:
    """The errors that a page shows, by the input's name; those of an inline as a whole under its prefix."""
    forms = [page.context["adminform"].form]
    found: dict[str, str] = {}
    for inline in page.context["inline_admin_formsets"]:
        forms += inline.formset.forms
        if inline.formset.non_form_errors():
            found[inline.formset.prefix] = " ".join(inline.formset.non_form_errors())
    for form in forms:
        for name, messages in form.errors.items():
            found[form.add_prefix(name)] = " ".join(messages)
    return found


def messages_of(page: Any) -> list[str]:
    return [str(message) for message in page.context["messages"]]
