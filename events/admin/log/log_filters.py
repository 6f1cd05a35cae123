"""The filters beside the admin's log: type, severity, and up to when."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest

from events import registry_cache
from events.access import policy
from events.core import moment
from events.core.event_types import SEVERITIES, Registry
from events.log.search import position_before
from events.models import Event


def types_in_log(request: HttpRequest, registry: Registry) -> list[str]:
    """Return the event types of which this user may see everything, in the order of display. A type of which somebody
    sees only a part is not in the admin's log: the database cannot tell which events belong to that part."""
    scopes = policy.scopes_of(policy.viewer_of(request.user), registry)
    return [id for id, scope in scopes.items() if scope == policy.EVERYTHING]


class TypeFilter(admin.SimpleListFilter):
    title = "type"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        registry = registry_cache.current()
        types = (registry.types[id] for id in types_in_log(request, registry))
        return [(each.id, f"{each.icon} {each.label}") for each in types]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event] | None:
        """Narrow it to the chosen type. Of one that is not offered nothing is found: how many it has is not told."""
        chosen = self.value()
        if chosen and chosen not in dict(self.lookup_choices):
            return queryset.none()
        return queryset.filter(type=chosen) if chosen else None


class SeverityFilter(admin.SimpleListFilter):
    title = "severity"
    parameter_name = "severity"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(level, level) for level in SEVERITIES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event] | None:
        return queryset.filter(severity=self.value()) if self.value() else None


class UntilFilter(admin.ListFilter):
    """Up to a time, typed by people, or a position, which the link to older events has."""

    title = "time"
    parameter_name = "until"
    template = "admin/events/event/until_filter.html"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.until = params.pop(self.parameter_name, [""])[-1].strip()
        self.other_parameters = [
            (name, value) for name, value in request.GET.items() if name not in (self.parameter_name, "p")
        ]

    @property
    def typed(self) -> str:
        """Return what the input of the form shows again."""
        return "" if self.until.isdecimal() else self.until

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return [self.parameter_name]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        yield {
            "selected": not self.until,
            "query_string": changelist.get_query_string(remove=[self.parameter_name]),
            "display": "Newest",
        }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event] | None:
        return queryset if self.position is None else queryset.filter(position__lte=self.position)

    @cached_property
    def position(self) -> int | None:
        if not self.until:
            return None
        if self.until.isdecimal():
            return min(int(self.until), 2**63 - 1)
        try:
            return position_before(moment.parse_moment(self.until).end)
        except ValueError:
            text = f"“{self.until}” is not a time such as 2026-01-31T23:59 or 2026-01-31; the newest events are shown."
            messages.error(self.request, text)
            return None
