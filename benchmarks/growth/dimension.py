"""What growing in one dimension came to: a table, and the panels of its plot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

CHECKED = "Every delivery was checked: none missing, none twice, none out of order."

Points = list[tuple[float, float]]  # what grows, and what it costs then


class Panel(NamedTuple):
    title: str  # with its unit
    lines: dict[str, Points]  # by label; one line needs none
    log: bool = False  # the axis of the figures


@dataclass(frozen=True)
class Growth:
    title: str
    what: str  # grows
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    notes: Sequence[str]
    panels: Sequence[Panel]


class Extent(NamedTuple):
    """How much of it is measured."""

    sizes: int | None  # the first so many; None: all
    seconds: float  # of each set of events

    def of(self, sizes: Sequence[int]) -> Sequence[int]:
        return sizes[: self.sizes]


def points(rows: Iterable[Any], figure: str) -> Points:
    """A figure of named tuples by their first one."""
    return [(row[0], getattr(row, figure)) for row in rows]
