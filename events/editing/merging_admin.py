"""What every admin does: no form of an older state is saved over a newer one, and no address costs more than it may."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import flatten_fieldsets, unquote
from django.core.exceptions import BadRequest, ValidationError
from django.db import DataError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse

from events.editing.addresses import BoundedAddresses
from events.editing.meanwhile import who_changed
from events.editing.merge import Merge
from events.editing.rows import Rows, posted_keys
from events.editing.shown import FIELD, Shown, ShownField

_merge: ContextVar[Merge | None] = ContextVar("eventhub_merge", default=None)


class MergingForm(forms.ModelForm):  # type: ignore[type-arg]
    """The form of a row that exists carries along what it shows of it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.fields[FIELD] = ShownField()

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if merge := _merge.get():
            for name, text in merge.errors:
                self.add_error(name, text)


class MergingAdmin(BoundedAddresses, ModelAdmin):  # type: ignore[type-arg]
    """A form says which state of its row, with relations and inline rows, it was made from. If somebody has saved a
    newer one meanwhile, what only one side has changed is merged; what both have changed is refused, with who changed
    it to what, and the form then stands on the newer state: saving it once more is to have seen that one.

    A post without that, as a script makes it, is taken as made from what is there.
    """

    # Fields that mean something only together: changed by both sides, though not the same ones, they are refused.
    together: tuple[tuple[str, ...], ...] = ()

    def lock(self, id: Any) -> None:
        """Let nobody else change the row, nor what hangs on it, until this transaction ends."""
        lock_row(self.model, id)

    def logged_with(self, row: Any) -> dict[type[Model], list[Any]]:
        """Return other rows whose entries in the admin's log tell of this one."""
        return {}

    def _changeform_view(
        self, request: HttpRequest, object_id: str | None, form_url: str, extra_context: dict[str, Any] | None
    ) -> HttpResponse:
        token = _merge.set(None)
        try:
            if request.method == "POST" and object_id is not None and "_saveasnew" not in request.POST:
                _merge.set(self._merged(request, unquote(object_id)))
            response: HttpResponse = super()._changeform_view(  # type: ignore[misc]
                request, object_id, form_url, extra_context
            )
        except (OverflowError, DataError) as error:  # such as the key of a relation with 30 digits
            raise BadRequest(str(error)) from error
        finally:
            _merge.reset(token)
        return response

    def _merged(self, request: HttpRequest, id: str) -> Merge | None:
        """Bring what was posted up to date."""
        try:
            self.lock(self.opts.pk.to_python(id))
        except (ValidationError, ValueError):
            return None  # there is no such row, which Django tells
        row = self.get_object(request, id)
        if row is None or not self.has_change_permission(request, row):
            return None
        data = request.POST.copy()
        request.POST = data  # type: ignore[assignment]
        fieldsets = self.get_fieldsets(request, row)
        form = self.get_form(request, row, change=True, fields=flatten_fieldsets(fieldsets))(data, instance=row)
        formsets, inlines = self._create_formsets(request, row, change=True)  # type: ignore[attr-defined]
        about = {self.model: [row.pk], **{each.model: keys_of(each) for each in formsets}, **self.logged_with(row)}
        merge = Merge(data, Shown.read(data.get(FIELD), row), partial(who_changed, rows=about, user=request.user))
        merge.take_form(form, self.together)
        for formset, inline in zip(formsets, inlines, strict=True):
            if inline.has_change_permission(request, row):
                merge.take_rows(formset, may_add=inline.has_add_permission(request, row))
        if told := merge.finish():
            self.message_user(request, told, messages.WARNING)
        return merge

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[Any]]:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (MergingForm, form), {"__module__": form.__module__})

    def get_formsets_with_inlines(self, request: HttpRequest, obj: Any = None) -> Iterator[Any]:
        merge = _merge.get()
        for formset, inline in super().get_formsets_with_inlines(request, obj):
            yield type(formset.__name__, (Rows, formset), {"merge": merge}), inline

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        form = context["adminform"].form
        if FIELD in form.fields:
            formsets = [each.formset for each in context["inline_admin_formsets"] if each.has_change_permission]
            form.initial[FIELD] = Shown.of(form, formsets).written()
        return super().render_change_form(request, context, *args, **kwargs)


def lock_row(model: type[Model], id: Any) -> None:
    model._base_manager.select_for_update().filter(pk=id).values_list("pk").first()


def keys_of(formset: Any) -> list[str]:
    """Return the keys of the rows that are there, and of those that were on the page."""
    return [key for key in posted_keys(formset) if "\0" not in key] + [str(row.pk) for row in formset.get_queryset()]
