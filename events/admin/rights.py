"""What a flow of the admin asks for, when it is more than the one permission of a form."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

CATEGORIES = ("events.add_category", "events.change_category")
FIELDS = ("events.add_eventfield", "events.change_eventfield", "events.delete_eventfield")
# Fields and options are parts of what is written, so whoever may not touch them may not write the whole either.
TO_IMPORT = (*CATEGORIES, "events.add_eventtype", "events.change_eventtype", *FIELDS)
TO_EXPORT = ("events.view_category", "events.view_eventtype", "events.view_eventfield")
TO_DUPLICATE = ("events.add_eventtype", "events.add_eventfield")
TO_REVERT_TYPE = ("events.change_eventtype", *FIELDS)
TO_REVERT_CATEGORY = ("events.change_category",)
TO_SEND = ("events.add_event",)


def has(request: HttpRequest, needed: tuple[str, ...]) -> bool:
    return request.user.has_perms(needed)


def demand(request: HttpRequest, needed: tuple[str, ...]) -> None:
    if not has(request, needed):
        raise PermissionDenied(f"This needs the permissions {', '.join(needed)}.")
