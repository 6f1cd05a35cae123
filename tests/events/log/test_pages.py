"""Pages of large events end early, with no event lost or read twice, and without reading what is beyond."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import pytest
from django.db import connection

from events.core.records import LoggedEvent
from events.log import pages, reading, search
from events.log.pages import LogPage
from events.validation import MAX_DATA
from tests.cases import each_case
from tests.events.log_rows import happened

pytestmark = pytest.mark.django_db

TYPES = ("user_login", "user_logout")
LARGE = {"text": "x" * (MAX_DATA - 100)}
SMALL = {"text": "x"}
MOST = pages.MAX_BYTES + MAX_DATA  # of one page
COUNT = 100
KIND = [LARGE if place % 10 else SMALL for place in range(COUNT)]


@pytest.fixture
def log() -> None:
    for place, payload in enumerate(KIND):
        happened(TYPES[place % 2], payload)


Read = Callable[[int, int], LogPage]


def newest_of(position: int, limit: int, types: Collection[str]) -> LogPage:
    return reading.read_newest_of(types, position, limit)


WAYS = [
    ("after", reading.read_after, range(1, COUNT + 1)),
    ("after, of a type", partial(reading.read_after, types=TYPES[:1]), range(1, COUNT + 1, 2)),
    ("after, of types", partial(reading.read_after, types=TYPES), range(1, COUNT + 1)),
    ("before", reading.read_before, range(COUNT, 0, -1)),
    ("before, of a type", partial(reading.read_before, types=TYPES[:1]), range(COUNT - 1, 0, -2)),
    ("before, of types", partial(reading.read_before, types=TYPES), range(COUNT, 0, -1)),
    ("newest of types", partial(newest_of, types=TYPES), range(COUNT, 0, -1)),
]


@pytest.mark.usefixtures("log")
@each_case(("way", "read", "expected"), WAYS)
def test_pages_of_large_events_follow_each_other_and_none_has_more_than_its_bytes(
    way: str, read: Read, expected: range
) -> None:
    found: list[LoggedEvent] = []
    sent: list[int] = []

    def count_rows(execute: Callable[..., Any], *statement: Any) -> Any:
        result = execute(*statement)
        sent.append(statement[-1]["cursor"].rowcount)  # all that PostgreSQL sends; SQLite sends one after the other
        return result

    position = 0 if expected.step > 0 else COUNT + 1
    while True:
        tracemalloc.start()
        with connection.execute_wrapper(count_rows):
            page = read(position, 500)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        size = sum(len(event.data) for event in page.events)
        assert size < MOST
        assert peak < 2 * MOST
        assert sent[-1] in (-1, len(page.events))
        found += page.events
        if page.is_last:
            break
        assert size >= pages.MAX_BYTES
        position = page.events[-1].position
    assert [event.position for event in found] == list(expected)


@pytest.mark.usefixtures("log")
def test_a_search_reads_large_events_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    read_page = pages.read_page

    def noted(*args: Any, **options: Any) -> LogPage:
        page = read_page(*args, **options)
        read.append(sum(len(event.data) for event in page.events))
        return page

    for module in (pages, reading):
        monkeypatch.setattr(module, "read_page", noted)
    steps = search.backwards(search.Search(dict.fromkeys(TYPES, ())), COUNT + 1)
    assert [step.position for step in steps if step.event] == list(range(COUNT, 0, -1))
    assert max(read) < MOST
