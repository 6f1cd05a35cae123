"""Which servers a list has, how each is doing in a word, and in which order they stand.

All of that is decided by a few columns. The rest is read only of the servers that are shown, by `rows.py`: in a fleet
of 1,000, most of the time went to rows that nobody saw.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from django.db.models import Q

from events.core.event_types import folded
from events.mcp.breaker import Circuit, Health
from events.mcp.models import McpReliability, McpServer, McpServerState


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
    Grade.UNKNOWN: "not known yet",
    Grade.HEALTHY: "healthy",
    Grade.DISABLED: "disabled",
}
IN_TROUBLE = (Grade.DISABLED_ITSELF, Grade.DOWN, Grade.RECOVERING, Grade.DEGRADED)
PLACES = {grade: place for place, grade in enumerate(Grade)}


class Listed(NamedTuple):
    """A server of a list. `figure`: what the list is ordered by, if that is a figure and it is known."""

    pk: int
    name: str
    grade: Grade
    figure: float | None = None


class Order(NamedTuple):
    key: Callable[[Listed], float]  # of equal ones, the names decide
    figure: str = ""  # of McpReliability; servers of which it is not known come last


ORDERS = {
    "worst": Order(lambda listed: PLACES[listed.grade]),
    "name": Order(lambda listed: 0),
    "uptime_24h": Order(lambda listed: 2 if listed.figure is None else listed.figure, "uptime_24h"),
    "uptime_90d": Order(lambda listed: 2 if listed.figure is None else listed.figure, "uptime_90d"),
    "latency": Order(lambda listed: -(listed.figure or 0), "p95"),
}


def listing(words: str = "", *, in_tags: bool = True, order: str = "worst") -> list[Listed]:
    """Return the servers whose name, title or tags have all these words, the worst first or as asked. One query, or two
    with figures."""
    asked, by = folded(words).split(), ORDERS[order]
    found = list(matching(asked, in_tags=in_tags and bool(asked)))
    if by.figure:
        known = figures(by.figure)
        found = [listed._replace(figure=known.get(listed.pk)) for listed in found]
    return sorted(found, key=lambda listed: (by.key(listed), listed.name))


def matching(asked: Sequence[str], *, in_tags: bool) -> Iterator[Listed]:
    columns = ["pk", "name", "title", "status", "disabled_by", "state__circuit_state", "state__health_status"]
    rows = McpServer.objects.order_by().values_list(*columns, *(["tags"] if in_tags else []))
    for pk, name, title, status, disabled_by, circuit, health, *tags in rows:
        text = folded("\n".join([name, title, *(tag for of_server in tags for tag in of_server)])) if asked else ""
        if all(word in text for word in asked):
            yield Listed(pk, name, grade_of(status, disabled_by, circuit, health))


def figures(name: str) -> dict[int, float | None]:
    """Return a figure of each server that has one, by primary key. No hour of a new one has ended: it has those of its
    first."""
    known: dict[int, Any] = dict(McpReliability.objects.values_list("pk", name))
    for state in McpServerState.objects.filter(server__reliability=None).exclude(tally=b"").only("pk", "tally"):
        first = McpReliability()
        first.hour_now(state.counted)
        known[state.pk] = getattr(first, name)
    return known


def grade_of(status: str, disabled_by: str, circuit: str | None, health: str | None) -> Grade:
    """Return how a server is doing. One that was made in bulk has no circuit and no health yet."""
    if status == McpServer.Status.INACTIVE:
        return Grade.DISABLED_ITSELF if disabled_by == McpServer.DisabledBy.AUTO else Grade.DISABLED
    if circuit == Circuit.HALF_OPEN:
        return Grade.RECOVERING
    if circuit == Circuit.OPEN or health == Health.UNHEALTHY:
        return Grade.DOWN
    if health == Health.DEGRADED:
        return Grade.DEGRADED
    return Grade.HEALTHY if health == Health.HEALTHY else Grade.UNKNOWN


def count_in_trouble() -> int:
    """Return how many servers are in trouble, as `grade_of` has it. One query."""
    disabled_itself = Q(status=McpServer.Status.INACTIVE, disabled_by=McpServer.DisabledBy.AUTO)
    ailing = Q(state__circuit_state__in=(Circuit.OPEN, Circuit.HALF_OPEN)) | Q(
        state__health_status__in=(Health.UNHEALTHY, Health.DEGRADED)
    )
    return McpServer.objects.filter(disabled_itself | Q(status=McpServer.Status.ACTIVE) & ailing).count()


def counted(listed: Sequence[Listed]) -> list[tuple[Grade, str, int]]:
    """Return each grade that has servers, with its label and their number."""
    counts = Counter(each.grade for each in listed)
    return [(grade, LABELS[grade], counts[grade]) for grade in Grade if counts[grade]]
