"""How reliable each server was: a row for each hour, and one with the figures that pages show."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from django.db import models

from events.mcp.reliability.figures import (
    DAY_HOURS,
    DAYS_KEPT,
    HOURS_KEPT,
    PERIODS,
    UNKNOWN,
    Recent,
    bar,
    bars_of_days,
    bars_of_hours,
    latencies_of_hours,
    latency_mark,
    of_period,
)
from events.mcp.reliability.latency import NOTHING
from events.mcp.reliability.tally import Counts, Hour, Tally


class McpHour(models.Model):
    """One hour of one server. Seconds of it that are in none of the three are those of which nothing is known."""

    server = models.ForeignKey("mcp.McpServer", on_delete=models.CASCADE, related_name="hours", db_index=False)
    hour = models.PositiveIntegerField()  # since 1970
    up = models.PositiveSmallIntegerField()  # seconds
    down = models.PositiveSmallIntegerField()
    maintenance = models.PositiveSmallIntegerField()
    checks = models.PositiveIntegerField()
    detail = models.BinaryField()  # failures by class, latencies by bucket

    class Meta:
        ordering = ("hour",)
        constraints = (models.UniqueConstraint(fields=("server", "hour"), name="mcp_hour_once"),)

    def __str__(self) -> str:
        return f"hour {self.hour}: {self.up} s up, {self.down} s down"

    @classmethod
    def of(cls, server_id: int, hour: Hour) -> McpHour:
        counts = hour.counts
        return cls(
            server_id=server_id,
            hour=hour.hour,
            up=round(counts.up),
            down=round(counts.down),
            maintenance=round(counts.maintenance),
            checks=counts.checks,
            detail=msgspec.msgpack.encode((counts.failures, counts.latencies)),
        )

    @property
    def counts(self) -> Counts:
        failures, latencies = msgspec.msgpack.decode(self.detail, type=tuple[dict[str, int], dict[int, int]])
        return Counts(self.up, self.down, self.maintenance, self.checks, failures, latencies)


class McpReliability(models.Model):
    """The figures of a server when its last hour ended."""

    server = models.OneToOneField(
        "mcp.McpServer", on_delete=models.CASCADE, primary_key=True, related_name="reliability"
    )
    recent = models.BinaryField(default=b"")
    hour = models.PositiveIntegerField(default=0)  # since 1970; the one that had begun then
    uptime_24h = models.FloatField(null=True)
    uptime_7d = models.FloatField(null=True)
    uptime_30d = models.FloatField(null=True)
    uptime_90d = models.FloatField(null=True)
    p50 = models.FloatField(null=True)  # ms, of 24 hours
    p95 = models.FloatField(null=True)
    p99 = models.FloatField(null=True)
    hours = models.CharField(max_length=24, blank=True)
    latencies = models.CharField(max_length=24, blank=True)  # p95 of each hour; empty: written before there were any
    days = models.CharField(max_length=90, blank=True)

    class Meta:
        verbose_name = "reliability of an MCP server"

    def __str__(self) -> str:
        return f"{self.uptime_24h or 0:.2%} of 24 hours"

    @property
    def kept(self) -> Recent:
        return msgspec.msgpack.decode(self.recent, type=Recent) if self.recent else Recent()

    def take(self, over: Iterable[Hour]) -> None:
        """Take over hours that have ended. Do not save."""
        recent = self.kept
        recent.add(over)
        self.recent = msgspec.msgpack.encode(recent)
        self.show(recent, max(recent.hours, default=0) + 1, Counts())

    def show(self, recent: Recent, hour: int, now: Counts) -> None:
        """Fill in the figures as of this hour, which is under way as `now`. Do not save."""
        self.hour = hour
        periods = {period: of_period(recent, period, hour, now) for period in PERIODS}
        for period, of in periods.items():
            setattr(self, f"uptime_{period}", of.uptime)
        day = periods["24h"]
        self.p50, self.p95, self.p99 = day.p50, day.p95, day.p99
        self.hours, self.days = bars_of_hours(recent, hour, now), bars_of_days(recent, hour, now)
        self.latencies = latencies_of_hours(recent, hour, now)

    def hour_now(self, tally: Tally) -> None:
        """Fill in what the hour under way shows, without what the older ones are made of. Do not save."""
        if not self.hour:  # no hour of it has ended yet
            self.show(Recent(), tally.hour, tally.counts)
            return
        unknown = UNKNOWN * (tally.hour - self.hour)
        self.hours = f"{self.hours[:-1]}{unknown}{bar(tally.counts)}"[-HOURS_KEPT:]
        nothing = NOTHING * (tally.hour - self.hour)
        latencies = f"{self.latencies[:-1]}{nothing}{latency_mark(tally.counts)}"[-HOURS_KEPT:]
        self.latencies = latencies.rjust(HOURS_KEPT, NOTHING)

    @classmethod
    def as_of_now(cls, stored: McpReliability | None, tally: Tally) -> tuple[McpReliability, Recent]:
        """Return the figures with the hour that is under way, and what they are made of."""
        shown = stored or cls()
        recent = shown.kept
        hour = max(tally.hour, shown.hour)
        shown.show(recent, hour, tally.counts if tally.hour == hour else Counts())
        return shown, recent


def forget(server_ids: Iterable[int], hour: int) -> None:
    """Delete the hours of these servers that no figure needs any more."""
    McpHour.objects.filter(server__in=list(server_ids), hour__lt=hour - DAYS_KEPT * DAY_HOURS).delete()


FIGURES = [field.name for field in McpReliability._meta.concrete_fields if not field.primary_key]
