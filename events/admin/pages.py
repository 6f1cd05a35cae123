"""Pages of the admin that are no form of one row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.admin import ModelAdmin
from django.db import models
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.html import format_html_join

from events.admin.document.proposal import Change

# How many there are is known to each web process alone; that all of them look within a second is known.
TOLD = "Live now: every open page and client is told within a second."


def admin_page(
    admin: ModelAdmin[Any], request: HttpRequest, template: str, title: str, **context: Any
) -> TemplateResponse:
    request.current_app = admin.admin_site.name
    shared = {
        **admin.admin_site.each_context(request),
        "opts": admin.model._meta,
        "title": title,
        "media": admin.media,
        "has_view_permission": admin.has_view_permission(request),
    }
    return TemplateResponse(request, f"admin/events/{template}", {**shared, **context})


def named(changes: list[Change]) -> str:
    """Return the changes in a sentence, as HTML."""
    return format_html_join(
        ", ", "“{}” ({})", ((each.part.label, "new" if each.is_new else "changed") for each in changes)
    )


def found(admin: ModelAdmin[Any], request: HttpRequest, id: str) -> models.Model | None:
    """Return a row that this user may see here."""
    row = admin.get_object(request, id)
    return row if row is not None and admin.has_view_permission(request, row) else None


def shortened(values: Iterable[str], length: int = 10) -> str:
    """Return the first of these, and how many there are, for a message."""
    listed = list(values)
    more = f", … ({len(listed):,} in all)" if len(listed) > length else ""
    return ", ".join(listed[:length]) + more
