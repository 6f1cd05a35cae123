"""Everybody's standing subscriptions in the admin, suspended ones first. Nobody sees a secret, or makes one here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Case, QuerySet, Value, When
from django.http import HttpRequest

from events.core.event_types import folded
from subscriptions.models import Destination, FailedDelivery, StandingSubscription
from subscriptions.page.shown import hours_in_words
from subscriptions.protocol.commands import Refusal
from subscriptions.standing.requests import described, operations

SHOWN = 50  # failed deliveries of a subscription, the oldest
State = StandingSubscription.State
SUSPENDED_FIRST = Case(When(state=State.SUSPENDED, then=Value(0)), default=Value(1))


class FailedInline(admin.TabularInline):  # type: ignore[type-arg]
    model = FailedDelivery
    verbose_name_plural = f"first {SHOWN} deliveries that failed"
    fields = readonly_fields = ("epoch", "position", "event_type", "attempts", "error", "next_at", "given_up_at")
    extra = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[FailedDelivery]:
        match = request.resolver_match
        standing = match.kwargs.get("object_id") if match else None
        if standing is None or not standing.isdecimal():
            return FailedDelivery.objects.none()
        oldest = FailedDelivery.objects.filter(standing=int(standing)).values_list("pk", flat=True)[:SHOWN]
        return super().get_queryset(request).filter(pk__in=list(oldest))

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(StandingSubscription)
class StandingAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "owner", "to", "state", "last_success_at", "failing_since", "last_error", "given_up")
    list_filter = ("state",)
    ordering = (SUSPENDED_FIRST, "pk")
    search_fields = ("name",)
    search_help_text = "By name, or by the host that it goes to."
    actions = ("pause_selected", "resume_selected")
    inlines = (FailedInline,)
    fields = readonly_fields = (
        *("name", "owner", "to", "how", "event_types", "filters", "state", "reason", "watermark", "created_at"),
        *("last_success_at", "failing_since", "last_error", "last_error_at"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[StandingSubscription]:
        return described.with_counts(super().get_queryset(request))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[StandingSubscription], search_term: str
    ) -> tuple[QuerySet[StandingSubscription], bool]:
        """Find by name, and by what is shown of an address: whoever could search in its path could guess that."""
        found, may_have_doubles = super().get_search_results(request, queryset, search_term)
        if text := folded(search_term.strip()):
            kept = Destination.objects.only("kind", "address")
            found |= queryset.filter(pk__in=[each.pk for each in kept if text in folded(each.shown)])
        return found, may_have_doubles

    @admin.display(description="destination")
    def to(self, standing: StandingSubscription) -> str:
        return str(standing.destination)

    @admin.display(description="how people are told")
    def how(self, standing: StandingSubscription) -> str:
        return hours_in_words(standing.destination) or "–"

    @admin.display
    def given_up(self, standing: Any) -> int:
        count: int = standing.given_up
        return count

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # its owner makes it, so that its secret is shown to nobody else

    def delete_model(self, request: HttpRequest, obj: StandingSubscription) -> None:
        operations.delete(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[StandingSubscription]) -> None:
        for standing in queryset:
            operations.delete(standing)

    @admin.action(description="Pause", permissions=["change"])
    def pause_selected(self, request: HttpRequest, queryset: QuerySet[StandingSubscription]) -> None:
        for standing in queryset:
            operations.pause(standing)

    @admin.action(description="Resume where it was", permissions=["change"])
    def resume_selected(self, request: HttpRequest, queryset: QuerySet[StandingSubscription]) -> None:
        for standing in queryset:
            try:
                operations.resume(standing)
            except Refusal as refusal:
                self.message_user(request, f"{standing}: {refusal}", messages.ERROR)
