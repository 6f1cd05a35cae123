"""The event log, to look at. It may have millions of rows: whatever is asked, a page looks at LOOKED_AT of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from events import registry_cache
from events.admin import links
from events.admin.log.log_filters import SeverityFilter, TypeFilter, UntilFilter, types_in_log
from events.core.legible import legible_json
from events.core.position import position_id
from events.log import reading
from events.models import Event
from events.page import markup

LOOKED_AT = 50_000  # rows; what severity, search and count cost is bounded by it (under 0.2 s on SQLite)


class LogPage(ChangeList):
    """The newest LOOKED_AT events up to the chosen time and of the chosen type, which an index finds; the other
    filters and the count look at these only. `older` leads to those before them."""

    older = ""
    looked_at = f"{LOOKED_AT:,}"

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Event]:
        found: QuerySet[Event] = super().get_queryset(request, exclude_parameters)
        by_index: QuerySet[Event] = Event.objects.exclude(position=None)
        for spec in self.filter_specs:
            if isinstance(spec, TypeFilter | UntilFilter):
                narrowed = spec.queryset(request, by_index)
                by_index = by_index if narrowed is None else narrowed
        positions = by_index.order_by("-position").values_list("position", flat=True)
        last = positions[LOOKED_AT : LOOKED_AT + 1].first()
        if last is None:
            return found
        self.older = self.get_query_string({UntilFilter.parameter_name: last}, remove=["p"])
        return found.filter(position__gt=last)


@admin.register(Event)
class EventAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("time", "shown_type", "shown_severity", "summary", "shown_source")
    list_filter = (UntilFilter, TypeFilter, SeverityFilter)
    list_per_page = 100
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    search_fields = ("data", "source")
    ordering = ("-position",)
    fields = readonly_fields = (
        "event_id",
        "time",
        "shown_type",
        "severity",
        "summary",
        "shown_payload",
        "shown_source",
    )
    change_form_template = "admin/events/event/change_form.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return LogPage

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        registry = registry_cache.refresh()
        hidden = registry.types.keys() - types_in_log(request, registry)
        # Said by exclusion: for a list of types, databases tend to sort all events of those types.
        return super().get_queryset(request).exclude(position=None).exclude(type__in=hidden)

    @admin.display(description="time")
    def time(self, event: Event) -> str:
        return f"{event.timestamp:%Y-%m-%d %H:%M:%S}.{event.timestamp.microsecond // 1000:03d} UTC"

    @admin.display(description="type")
    def shown_type(self, event: Event) -> SafeString | str:
        event_type = registry_cache.current().types[event.type_id]
        return markup.outside(f"{event_type.icon} {event_type.label}".strip())

    @admin.display(description="severity")
    def shown_severity(self, event: Event) -> SafeString:
        return format_html('<span class="severity-{}">{}</span>', event.severity, event.severity)

    @admin.display(description="source")
    def shown_source(self, event: Event) -> SafeString | str:
        return markup.outside(event.source)

    @admin.display(description="summary")
    def summary(self, event: Event) -> SafeString:
        return markup.summary(registry_cache.current().types[event.type_id].summary_pieces(event.payload))

    @admin.display(description="id")
    def event_id(self, event: Event) -> str:
        return position_id(reading.head().epoch, event.position or 0)

    @admin.display(description="payload")
    def shown_payload(self, event: Event) -> SafeString:
        return payload_table(event.payload)

    def view_on_site(self, event: Event) -> str:
        return links.feed_of(registry_cache.current().types[event.type_id], event.payload)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        event = self.get_object(request, object_id)
        more: dict[str, Any] = {"title": "Event"}
        if event is not None:
            event_type = registry_cache.current().types[event.type_id]
            more["alike"] = links.history_of(event_type, event.payload)
            more["may_view_type"] = request.user.has_perm("events.view_eventtype")
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})


def payload_table(payload: Mapping[str, Any]) -> SafeString:
    rows = format_html_join(
        "",
        "<tr><th scope='row'>{}</th><td>{}</td></tr>",
        ((markup.outside(name), readable_value(value)) for name, value in payload.items()),
    )
    return format_html("<table class='payload'><tbody>{}</tbody></table>", rows)


def readable_value(value: object) -> str:
    if isinstance(value, str):
        return markup.outside_lines(value)
    return legible_json(msgspec.json.format(msgspec.json.encode(value)).decode())
