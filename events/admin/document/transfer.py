"""The registry as a file: exported whole or in part, imported after a look at what that would change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html

from events.admin import rights
from events.admin.document import document
from events.admin.document.changing import Moved, carry_out, seen
from events.admin.document.proposal import ProposalRefused, permitted_changes
from events.admin.pages import TOLD, admin_page, named

FILE_NAME = "eventhub-registry.json"
TITLE = "Import event types"


class FileForm(forms.Form):
    file = forms.FileField(
        label="File",
        help_text="As “Export” writes it, here or elsewhere. You see what would be changed before it is.",
        widget=forms.FileInput(attrs={"accept": ".json,application/json"}),
    )


def export(event_types: Iterable[str] | None = None, categories: Iterable[str] | None = None) -> HttpResponse:
    text = document.written(document.present(categories, event_types))
    headers = {"Content-Disposition": f'attachment; filename="{FILE_NAME}"'}
    return HttpResponse(text, content_type="application/json", headers=headers)


def import_view(admin: ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
    rights.demand(request, rights.TO_IMPORT)
    if request.method == "POST" and "document" in request.POST:
        return confirmed(admin, request, request.POST["document"].encode())
    form = FileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        return proposed(admin, request, form.cleaned_data["file"].read(document.MAX_DOCUMENT + 1))
    return admin_page(admin, request, "import.html", TITLE, form=form)


def proposed(admin: ModelAdmin[Any], request: HttpRequest, text: bytes) -> HttpResponse:
    """Return the page that tells what would change, or all that is wrong."""
    registry = seen()
    try:
        changes = permitted_changes(document.read(text), request.user)
    except (document.NotADocument, ProposalRefused) as error:
        problems = error.problems if isinstance(error, ProposalRefused) else [str(error)]
        return admin_page(admin, request, "import.html", TITLE, form=FileForm(), problems=problems)
    hidden = {"document": text.decode(), "registry": registry}
    back = reverse("admin:events_eventtype_import")
    return admin_page(admin, request, "proposal.html", TITLE, changes=changes, hidden=hidden, act="Import", back=back)


def confirmed(admin: ModelAdmin[Any], request: HttpRequest, text: bytes) -> HttpResponse:
    try:
        changes = carry_out(document.read(text), request.user, request.POST.get("registry", ""))
    except (document.NotADocument, ProposalRefused):
        return proposed(admin, request, text)
    except Moved as error:
        messages.warning(request, str(error))
        return proposed(admin, request, text)
    messages.success(request, format_html("Imported: {}. {}", named(changes), TOLD))
    return HttpResponseRedirect(reverse("admin:events_eventtype_changelist"))
