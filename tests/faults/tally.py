"""What a fault has cost: the log against what publishers were told and what subscribers got."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from dataclasses import astuple, dataclass
from itertools import pairwise
from typing import Any

from tests.faults.publishing import Publisher
from tests.faults.subscriber import EVENT_TYPES, Subscriber
from tests.servers import ServerProcess
from tests.waiting import WITHIN_S, aeventually


@dataclass(frozen=True)
class Tally:
    lost: int = 0
    doubled: int = 0
    disordered: int = 0
    leaked: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(mine + its for mine, its in zip(astuple(self), astuple(other), strict=True)))


NOTHING = Tally()


def logged(server: ServerProcess) -> dict[int, dict[str, Any]]:
    """Position → data, as the database has them, of what publishers broadcast. Others tell of faults meanwhile."""
    rows = server.database.rows("SELECT position, type_id, data FROM events_event ORDER BY position")
    assert [position for position, _, _ in rows] == list(range(1, len(rows) + 1)), "positions have a hole"
    return {position: json.loads(data) for position, event_type, data in rows if event_type in EVENT_TYPES}


def is_placed(server: ServerProcess) -> bool:
    """Whether every event has its position: one process may place those of all, a moment later."""
    return not server.database.rows("SELECT id FROM events_event WHERE position IS NULL")


def due(log: dict[int, dict[str, Any]], subscriber: Subscriber) -> set[int]:
    """The positions that it must have got."""
    start, names = subscriber.start, subscriber.names
    assert start is not None
    return {each for each, data in log.items() if each > start and (names is None or data["mcp_name"] in names)}


async def settled(server: ServerProcess, *subscribers: Subscriber, within: float = WITHIN_S) -> None:
    """Wait until all have got what is due; if they do not, go on, so that the tally says what is missing."""
    await aeventually(lambda: is_placed(server))
    log = logged(server)
    missing = {each: due(log, each) for each in subscribers}

    def all_have_all() -> bool:
        for each, positions in list(missing.items()):
            positions.difference_update(event.position for event in each.received)
            if each.live and not positions:
                del missing[each]
        return not missing

    with contextlib.suppress(AssertionError):
        await aeventually(all_have_all, within)
    await asyncio.gather(*(subscriber.fence() for subscriber in subscribers))


async def tally(server: ServerProcess, *subscribers: Subscriber, publishers: list[Publisher]) -> Tally:
    """Of publishers that have stopped."""
    await settled(server, *subscribers)
    log = logged(server)
    costs = NOTHING
    for publisher in publishers:
        costs += of_log(publisher, log)
    for subscriber in subscribers:
        costs += of(subscriber, log)
    return costs


def of_log(publisher: Publisher, log: dict[int, dict[str, Any]]) -> Tally:
    mine = [data for data in log.values() if data["publisher"] == publisher.name]
    numbers = [data["number"] for data in mine if data["committed"]]
    counted = Counter(numbers)
    return Tally(
        lost=sum(number not in counted for number in publisher.acknowledged),
        doubled=counted.total() - len(counted),
        disordered=sum(later < earlier for earlier, later in pairwise(numbers)),
        leaked=sum(not data["committed"] for data in mine),
    )


def of(subscriber: Subscriber, log: dict[int, dict[str, Any]]) -> Tally:
    wanted = due(log, subscriber)
    got = {event.position: event.data for event in subscriber.received}
    right = {position for position in wanted if got.get(position) == log[position]}
    return Tally(
        lost=len(wanted - right),
        doubled=subscriber.doubled,
        disordered=subscriber.disordered,
        leaked=len(got.keys() - wanted),
    )
