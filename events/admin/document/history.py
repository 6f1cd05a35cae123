"""Who changed what and when, and the way back, for categories and event types."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html

from events.admin import rights
from events.admin.document.changing import Moved, carry_out, seen
from events.admin.document.document import CategoryPart, Document
from events.admin.document.proposal import ProposalRefused, permitted_changes
from events.admin.document.versions import SHOWN, Past, Version
from events.admin.pages import TOLD, admin_page, found


class WithHistory(admin.ModelAdmin):  # type: ignore[type-arg]
    """An admin whose “History” is that of the whole, with a way back to each version."""

    past: type[Past]
    needed_to_revert: tuple[str, ...]

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = found(self, request, unquote(object_id))
        if row is None:
            raise Http404
        versions = self.past(row.pk).versions()
        if "to" in request.GET:
            return self.revert(request, row, version_of(versions, request.GET["to"]))
        context = {
            "original": row,
            "versions": versions,
            "shown": SHOWN,
            "may_revert": rights.has(request, self.needed_to_revert) and self.has_change_permission(request, row),
        }
        return admin_page(self, request, "history.html", f"History of “{row}”", **context)

    def revert(self, request: HttpRequest, row: Any, version: Version) -> HttpResponse:
        rights.demand(request, self.needed_to_revert)
        document = document_of(version)
        if request.method == "POST":
            try:
                carry_out(document, request.user, request.POST.get("registry", ""))
            except ProposalRefused:
                pass  # told below, by the same judgement
            except Moved as error:
                messages.warning(request, str(error))
            else:
                text = "“{}” is again as it was at {}. {}"
                messages.success(request, format_html(text, row, when(version.moment), TOLD))
                return HttpResponseRedirect(
                    reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])
                )
        context: dict[str, Any] = {"hidden": {"registry": seen()}, "act": "Go back to this", "back": request.path}
        try:
            context["changes"] = permitted_changes(document, request.user)
        except ProposalRefused as error:
            context["problems"] = error.problems
        title = f"“{row}” as it was at {when(version.moment)}"
        return admin_page(self, request, "proposal.html", title, original=row, **context)


def version_of(versions: list[Version], asked: str) -> Version:
    try:
        moment = parse_datetime(asked)
    except ValueError:
        moment = None
    for version in versions:
        if version.moment == moment:
            return version
    raise Http404


def document_of(version: Version) -> Document:
    if isinstance(version.part, CategoryPart):
        return Document(categories=[version.part])
    return Document(event_types=[version.part])


def when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
