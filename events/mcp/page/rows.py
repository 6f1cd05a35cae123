"""What the page /fleet says of each server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db.models import Exists, F, OuterRef, Subquery
from django.utils.safestring import SafeString

from events.mcp.breaker import Circuit, Feeds
from events.mcp.models import McpReliability, McpServer, McpServerState, McpTransition, ToolList
from events.mcp.models.state import MARKS, OUTCOMES_KEPT
from events.mcp.page import bars
from events.mcp.page.listing import LABELS, Grade, Listed, grade_of

BARS = {MARKS[Feeds.SUCCESS]: "good", MARKS[Feeds.FAILURE]: "bad", MARKS[Feeds.NO]: "neither"}


class Row(NamedTuple):
    server: McpServer
    state: McpServerState
    grade: Grade
    last: McpTransition | None  # change of its health, circuit or status
    bars: tuple[str, ...]  # of its last checks, the newest last
    figures: McpReliability

    @property
    def hours_picture(self) -> SafeString:
        return bars.picture(self.figures.hours, "hours")

    @property
    def days_picture(self) -> SafeString:
        return bars.picture(self.figures.days, "days")

    @property
    def latency_picture(self) -> SafeString | str:
        return bars.line(self.figures.latencies)

    @property
    def uptime_24h(self) -> str:
        return bars.percent(self.figures.uptime_24h)

    @property
    def uptime_90d(self) -> str:
        return bars.percent(self.figures.uptime_90d)

    @property
    def percentiles(self) -> str:
        """Its latencies of 24 hours: what half, 95 and 99 of a hundred do not exceed."""
        named = {"p50": self.figures.p50, "p95": self.figures.p95, "p99": self.figures.p99}
        known = [f"{name} {bars.latency(ms).removesuffix(' ms')}" for name, ms in named.items() if ms is not None]
        return f"{' · '.join(known)} ms" if known else ""

    @property
    def label(self) -> str:
        return LABELS[self.grade]

    @property
    def since(self) -> datetime | None:
        """Since when it has been so: down from its first failure, all else from its last change."""
        if self.grade in (Grade.DOWN, Grade.RECOVERING) and self.state.down_since:
            return self.state.down_since
        return self.last.at if self.last else None

    @property
    def why(self) -> str:
        """Why it is not healthy, in the words of the check or of whoever disabled it."""
        if self.server.status == McpServer.Status.INACTIVE:
            return self.server.status_reason
        return "" if self.grade == Grade.HEALTHY else self.state.last_error

    @property
    def change(self) -> str:
        """What its last change was: “circuit: half open → open”."""
        if self.last is None:
            return ""
        old, new = (word.replace("_", " ") for word in (self.last.old, self.last.new))
        return f"{self.last.axis}: {old} → {new}" if old else f"{self.last.axis}: {new}"

    @property
    def checks_in_words(self) -> str:
        counts = Counter(self.bars)
        if not self.bars:
            return "no checks yet"
        neither = f", {counts['neither']} without a verdict" if counts["neither"] else ""
        return f"last {len(self.bars)} checks: {counts['good']} succeeded, {counts['bad']} failed{neither}"

    @property
    def room(self) -> range:
        """As many bars as are missing, so that the newest of all servers stand below each other."""
        return range(OUTCOMES_KEPT - len(self.bars))

    @property
    def is_active(self) -> bool:
        return self.server.status == McpServer.Status.ACTIVE

    @property
    def is_resettable(self) -> bool:
        return self.is_active and (self.state.circuit_state != Circuit.CLOSED or self.state.consecutive_failures > 0)


def rows_of(listed: Sequence[Listed]) -> list[Row]:
    """Return a row for each of these servers, in their order, but for those that were deleted since. Two queries."""
    newest = McpTransition.objects.filter(server=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    known = McpServer.objects.select_related("state", "reliability").defer("reliability__recent")
    other_tools = ToolList.objects.filter(server=OuterRef("pk")).exclude(approved_fingerprint=F("seen_fingerprint"))
    found = known.annotate(newest=Subquery(newest), has_other_tools=Exists(other_tools))
    servers = found.in_bulk([each.pk for each in listed])
    changes = McpTransition.objects.in_bulk([each.newest for each in servers.values() if each.newest is not None])
    shown = (servers[each.pk] for each in listed if each.pk in servers)
    return [row_of(server, changes.get(server.newest)) for server in shown]


def row_of(server: McpServer, last: McpTransition | None) -> Row:
    state = getattr(server, "state", None) or McpServerState(server=server)  # one made in bulk has none yet
    figures = getattr(server, "reliability", None) or McpReliability()
    figures.hour_now(state.counted)
    grade = grade_of(server.status, server.disabled_by, state.circuit_state, state.health_status)
    return Row(server, state, grade, last, tuple(BARS[mark] for mark in state.results), figures)
