"""Maintenance of a server: checks go on, nobody is told, nothing is disabled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from events.mcp.reliability.windows import LONGEST, Once, Weekly, Window, spans
from events.models import Revision
from events.sources import actor

MAX_WINDOWS = 20  # of a server that are not over; each is looked at with every check
KEPT_FOR = timedelta(days=100)  # what is over is still left out of the figures of ninety days


class Maintenance(models.Model):
    class Weekday(models.IntegerChoices):
        MONDAY = 0, "Monday"
        TUESDAY = 1, "Tuesday"
        WEDNESDAY = 2, "Wednesday"
        THURSDAY = 3, "Thursday"
        FRIDAY = 4, "Friday"
        SATURDAY = 5, "Saturday"
        SUNDAY = 6, "Sunday"

    server = models.ForeignKey("mcp.McpServer", on_delete=models.CASCADE, related_name="maintenance")
    starts_at = models.DateTimeField("from", null=True, blank=True, help_text="For a window that comes once.")
    ends_at = models.DateTimeField("until", null=True, blank=True)
    weekday = models.PositiveSmallIntegerField(
        choices=Weekday, null=True, blank=True, help_text="For one that comes each week."
    )
    at = models.TimeField("at", null=True, blank=True, help_text="By the clock of the time zone.")
    lasts = models.DurationField(null=True, blank=True, help_text="Hours, minutes, seconds: 02:00:00.")
    zone = models.CharField("time zone", max_length=64, blank=True, help_text="Such as Europe/Berlin.")
    note = models.CharField(max_length=200, blank=True)
    created_by = models.CharField(max_length=150, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("-created_at", "-pk")
        verbose_name = "maintenance window"

    def __str__(self) -> str:
        if self.weekday is None:
            return f"{self.starts_at:%Y-%m-%d %H:%M} to {self.ends_at:%Y-%m-%d %H:%M} UTC"
        return f"each {self.Weekday(self.weekday).label} at {self.at:%H:%M} ({self.zone}) for {self.lasts}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.created_by = self.created_by or actor.username()
        super().save(*args, **kwargs)
        Revision.bump_registry()

    def clean(self) -> None:
        once = (self.starts_at, self.ends_at)
        weekly = (self.weekday, self.at, self.lasts, self.zone or None)
        if not self._is_one_of(once, weekly):
            raise ValidationError("Give either from and until, or weekday, at, lasts and time zone.")
        errors = {}
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            errors["ends_at"] = "It must be after “from”."
        if self.zone and self.zone not in zones():
            errors["zone"] = f"“{self.zone}” is no time zone; one is Europe/Berlin."
        if self.lasts is not None and not timedelta() < self.lasts <= LONGEST:
            errors["lasts"] = "More than nothing and at most seven days are allowed."
        if errors:
            raise ValidationError(errors)
        others = Maintenance.objects.filter(server=self.server_id).exclude(pk=self.pk)
        if others.exclude(ends_at__lt=timezone.now()).count() >= MAX_WINDOWS:
            raise ValidationError(f"A server has at most {MAX_WINDOWS} windows that are not over.")

    @staticmethod
    def _is_one_of(once: tuple[Any, ...], weekly: tuple[Any, ...]) -> bool:
        given = [[value is not None for value in values] for values in (once, weekly)]
        return given in ([[True] * 2, [False] * 4], [[False] * 2, [True] * 4])

    def end(self, now: datetime) -> None:
        """End it. What has been of it since stays as windows that came once."""
        since = max(self.created_at, now - KEPT_FOR)
        if self.weekday is None:
            if self.starts_at is not None and self.starts_at < now:
                self.ends_at = now
                self.save()
                return
        else:
            for start, end in spans([self.window], since.timestamp(), now.timestamp()):
                begun, over = (datetime.fromtimestamp(each, UTC) for each in (start, end))
                Maintenance(
                    server=self.server, starts_at=begun, ends_at=over, note=self.note, created_by=self.created_by
                ).save()
        self.delete()
        Revision.bump_registry()

    @property
    def window(self) -> Window:
        if self.weekday is None or self.at is None or self.lasts is None:
            assert self.starts_at is not None
            assert self.ends_at is not None
            return Once(self.starts_at.timestamp(), self.ends_at.timestamp())
        return Weekly(self.weekday, self.at, self.lasts, ZoneInfo(self.zone), self.created_at.timestamp())


def windows_of(server_ids: Iterable[int]) -> dict[int, list[Window]]:
    """Return the windows of these servers, by primary key. One query, or none."""
    found: defaultdict[int, list[Window]] = defaultdict(list)
    asked = list(server_ids)
    if not asked:
        return {}
    rows = Maintenance.objects.filter(server__in=asked)
    for each in rows.exclude(ends_at__lt=timezone.now() - KEPT_FOR):
        found[each.server_id].append(each.window)
    return dict(found)


@cache
def zones() -> frozenset[str]:
    return frozenset(available_timezones())
