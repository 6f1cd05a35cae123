"""What the page /fleet says of each server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.utils.safestring import SafeString

from events.core.event_types import folded
from events.mcp.breaker import Circuit, Feeds, Health
from events.mcp.models import McpReliability, McpServer, McpServerState, McpTransition, ToolList
from events.mcp.models.state import MARKS, OUTCOMES_KEPT
from events.mcp.page import bars


class Grade(StrEnum):
    """How a server is doing, the worst first; the page's filter."""

    DISABLED_ITSELF = "auto_disabled"
    DOWN = "down"
    RECOVERING = "recovering"
    DEGRADED = "degraded"
    UNKNOWN = "unknown"
    HEALTHY = "healthy"
    DISABLED = "disabled"


LABELS = {
    Grade.DISABLED_ITSELF: "auto-disabled",
    Grade.DOWN: "down",
    Grade.RECOVERING: "recovering",
    Grade.DEGRADED: "degraded",
    Grade.UNKNOWN: "not checked yet",
    Grade.HEALTHY: "healthy",
    Grade.DISABLED: "disabled",
}
IN_TROUBLE = (Grade.DISABLED_ITSELF, Grade.DOWN, Grade.RECOVERING, Grade.DEGRADED)
ORDER = {grade: place for place, grade in enumerate(Grade)}
# Servers of which nothing is known come last.
ORDERS: dict[str, Callable[[Row], tuple[float, ...]]] = {
    "worst": lambda row: (ORDER[row.grade],),
    "name": lambda row: (),
    "uptime_24h": lambda row: (2.0 if row.figures.uptime_24h is None else row.figures.uptime_24h,),
    "uptime_90d": lambda row: (2.0 if row.figures.uptime_90d is None else row.figures.uptime_90d,),
    "latency": lambda row: (-(row.figures.p95 or 0.0),),
}
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
        return "" if self.grade in (Grade.HEALTHY, Grade.UNKNOWN) else self.state.last_error

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


def all_rows(words: str = "", *, in_tags: bool = True, order: str = "worst") -> list[Row]:
    """Return the servers whose name, title or tags have all these words, the worst first or as asked. Two queries."""
    newest = McpTransition.objects.filter(server=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    known = McpServer.objects.select_related("state", "reliability").defer("reliability__recent")
    other_tools = ToolList.objects.filter(server=OuterRef("pk")).exclude(approved_fingerprint=F("seen_fingerprint"))
    servers = known.annotate(newest=Subquery(newest), has_other_tools=Exists(other_tools))
    asked = folded(words).split()
    found = [server for server in servers if has_all(server, asked, in_tags=in_tags)]
    changes = McpTransition.objects.in_bulk([server.newest for server in found if server.newest is not None])
    rows = [row_of(server, changes.get(server.newest)) for server in found]
    return sorted(rows, key=lambda row: (*ORDERS[order](row), row.server.name))


def has_all(server: McpServer, words: Sequence[str], *, in_tags: bool) -> bool:
    text = folded("\n".join([server.name, server.title, *(server.tags if in_tags else ())]))
    return all(word in text for word in words)


def row_of(server: McpServer, last: McpTransition | None) -> Row:
    state = getattr(server, "state", None) or McpServerState(server=server)  # one made in bulk has none yet
    figures = getattr(server, "reliability", None) or McpReliability()
    figures.hour_now(state.counted)
    return Row(server, state, grade_of(server, state), last, tuple(BARS[mark] for mark in state.results), figures)


def grade_of(server: McpServer, state: McpServerState) -> Grade:
    if server.status == McpServer.Status.INACTIVE:
        by_itself = server.disabled_by == McpServer.DisabledBy.AUTO
        return Grade.DISABLED_ITSELF if by_itself else Grade.DISABLED
    if state.circuit_state == Circuit.HALF_OPEN:
        return Grade.RECOVERING
    if state.circuit_state == Circuit.OPEN or state.health_status == Health.UNHEALTHY:
        return Grade.DOWN
    return {Health.DEGRADED: Grade.DEGRADED, Health.HEALTHY: Grade.HEALTHY}.get(
        Health(state.health_status), Grade.UNKNOWN
    )


def count_in_trouble() -> int:
    """Return how many servers are in trouble, as `grade_of` has it. One query."""
    disabled_itself = Q(status=McpServer.Status.INACTIVE, disabled_by=McpServer.DisabledBy.AUTO)
    ailing = Q(state__circuit_state__in=(Circuit.OPEN, Circuit.HALF_OPEN)) | Q(
        state__health_status__in=(Health.UNHEALTHY, Health.DEGRADED)
    )
    return McpServer.objects.filter(disabled_itself | Q(status=McpServer.Status.ACTIVE) & ailing).count()


def counted(rows: Sequence[Row]) -> list[tuple[Grade, str, int]]:
    """Return each grade that has servers, with its label and their number."""
    counts = Counter(row.grade for row in rows)
    return [(grade, LABELS[grade], counts[grade]) for grade in Grade if counts[grade]]
