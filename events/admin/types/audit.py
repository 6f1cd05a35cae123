"""Types that are, or once were, for audit: without a permission of its own nobody can change them, by any way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from events.admin.document.document import CategoryPart, TypePart
from events.models import Category, EventType

PERMISSION = "events.change_audit"
NEEDED = f"what is for audit, or was once, is changed only with the permission “Can change audit types” ({PERMISSION})"


def may_change(user: Any) -> bool:
    return bool(user.has_perm(PERMISSION))


def categories() -> set[str]:
    return set(Category.objects.filter(is_audit=True).values_list("pk", flat=True))


def is_type(id: str) -> bool:
    """Say whether events of this type are audit events, or were so when they happened. This holds for a type that is
    gone, too: the sources broadcast under its identifier again as soon as somebody makes it anew."""
    past = Category.history.filter(is_audit=True).values("id")
    of_audit = Q(category__in=categories()) | Q(category__in=past)
    return EventType.objects.filter(of_audit, pk=id).exists() or EventType.history.filter(of_audit, id=id).exists()


def may_change_type(user: Any, id: str) -> bool:
    return may_change(user) or not is_type(id)


def problems_of(parts: Iterable[CategoryPart | TypePart], user: Any) -> list[str]:
    """Return why this user may not have the registry say this."""
    if may_change(user):
        return []
    now = categories()
    return [f"“{part.id}”: {NEEDED}." for part in parts if concerns(part, now)]


def concerns(part: CategoryPart | TypePart, audit_categories: set[str]) -> bool:
    if isinstance(part, CategoryPart):
        return bool(part.is_audit) or part.id in audit_categories
    return part.category in audit_categories or is_type(part.id)
