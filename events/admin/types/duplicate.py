"""Another event type like this one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import quote
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html

from events.admin import rights
from events.admin.document.changing import Moved, carry_out, seen
from events.admin.document.document import Document, type_part
from events.admin.document.proposal import ProposalRefused
from events.admin.pages import TOLD, admin_page, found
from events.models import EventType


class DuplicateForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = EventType
        fields = ("id", "label")


def duplicate_view(admin: ModelAdmin[Any], request: HttpRequest, id: str) -> HttpResponse:
    original = found(admin, request, id)
    if not isinstance(original, EventType):
        raise Http404
    rights.demand(request, rights.TO_DUPLICATE)
    registry = seen()  # before the identifier is found to be free: what is made is never another's type
    form = DuplicateForm(request.POST or None, initial={"label": f"{original.label} (copy)"})
    if request.method == "POST" and form.is_valid():
        part = type_part(original)
        part.id, part.label = form.cleaned_data["id"], form.cleaned_data["label"]
        try:
            carry_out(Document(event_types=[part]), request.user, str(registry))
        except (Moved, ProposalRefused) as error:
            form.add_error(None, str(error))
        else:
            text = "“{}” has the fields, options and settings of “{}”. {}"
            messages.success(request, format_html(text, part.label, original, TOLD))
            return HttpResponseRedirect(reverse("admin:events_eventtype_change", args=[quote(part.id)]))
    return admin_page(admin, request, "duplicate.html", f"Duplicate “{original}”", form=form, original=original)
