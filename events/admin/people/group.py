"""Groups, within the rights of the person who manages them. The page that deletes one names the types that lose it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import AbstractUser, Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from events.admin.people.standing import GrantsOwn, group_is_above
from events.models import EventType
from events.models.event_type import audience

admin.site.unregister(Group)


@admin.register(Group)
class RolesAdmin(GrantsOwn, GroupAdmin):  # type: ignore[misc]  # Django calls it by keyword
    def is_above(self, row: Group, manager: AbstractUser) -> bool:
        return group_is_above(row, manager)

    def get_deleted_objects(
        self, objs: Sequence[Group] | QuerySet[Group], request: HttpRequest
    ) -> tuple[list[Any], dict[Any, Any], set[Any], list[Any]]:
        """Leave out the rows that tie types to the group, of which Django would show only numbers, and name the
        types."""
        found, counts, lacking, protected = super().get_deleted_objects(objs, request)
        ties = EventType.allowed_groups.through._meta
        counts = {name: count for name, count in counts.items() if name != ties.verbose_name_plural}
        return [*without(found, f"{capfirst(ties.verbose_name)}: "), *told(objs)], counts, lacking, protected


def without(found: Iterable[Any], beginning: str) -> list[Any]:
    """Return these nested lists without the texts that begin so, and without the lists that had only such texts."""
    kept = [without(each, beginning) if isinstance(each, list) else each for each in found]
    return [each for each in kept if each != [] and not str(each).startswith(beginning)]


def told(deleted: Iterable[Group]) -> list[SafeString]:
    """Return what becomes of each event type that the groups may see."""
    gone = {group.pk for group in deleted}
    types = EventType.objects.filter(allowed_groups__in=gone).distinct().prefetch_related("allowed_groups")
    return [
        format_html("Event type “{}” ({}): will be visible to {}", each, each.pk, audience_without(each, gone))
        for each in types
    ]


def audience_without(event_type: EventType, gone: set[Any]) -> str:
    names = sorted(group.name for group in event_type.allowed_groups.all() if group.pk not in gone)
    return audience(names, restricted=True)
