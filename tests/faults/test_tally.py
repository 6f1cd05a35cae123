"""The measure itself: what it counts as lost, doubled, disordered and leaked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.faults.hosts.scenario import Client
from tests.faults.subscriber import Subscriber
from tests.faults.tally import NOTHING, Tally, of

LOG = {position: {"mcp_name": name, "sent": 0} for position, name in enumerate("abcabc", 1)}


def told(subscriber: Subscriber, *messages: dict[str, Any]) -> None:
    for message in messages:
        subscriber._receive(json.loads(json.dumps(message)))


def event(position: int, data: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "mcp_status_change", "id": f"epoch-{position}", "data": data or LOG[position]}


def after(start: int, *positions: int) -> Subscriber:
    subscriber = Subscriber(["ws://nowhere"], "", {"a", "b"})
    told(subscriber, {"type": "subscribed", "position": f"epoch-{start}"}, *map(event, positions))
    return subscriber


@pytest.mark.parametrize(
    ("subscriber", "costs"),
    [
        (after(0, 1, 2, 4, 5), NOTHING),
        (after(3, 4, 5), NOTHING),
        (after(0, 1, 2, 5), Tally(lost=1)),
        (after(0, 1, 2, 2, 4, 5), Tally(doubled=1)),
        (after(0, 1, 4, 2, 5), Tally(disordered=1)),
        (after(0, 1, 2, 3, 4, 5), Tally(leaked=1)),
    ],
)
def test_every_fault_is_counted(subscriber: Subscriber, costs: Tally) -> None:
    assert of(subscriber, LOG) == costs


def test_an_event_that_came_with_other_data_is_lost() -> None:
    subscriber = after(3, 5)
    told(subscriber, event(4, {"mcp_name": "a", "sent": 1}))
    assert of(subscriber, LOG) == Tally(lost=1, disordered=1)


def test_in_another_epoch_it_counts_what_comes_after_resumed_also_before_it_is_told_of_the_gap() -> None:
    client = Client(["ws://nowhere"], "", {"a", "b"})
    told(client, {"type": "subscribed", "position": "old-6"})
    client.live = False  # the connection ended, and so does the next one before it is told of the gap
    told(
        client,
        {"type": "resumed", "position": "epoch-1"},
        event(2),
        {"type": "resumed", "position": "epoch-3"},
        event(4),
    )
    told(client, {"type": "replayed", "complete": False, "reason": "epoch", "position": "epoch-4"}, event(5))
    assert (of(client, LOG), client.incomplete) == (NOTHING, ["epoch"])


def test_a_client_that_breaks_during_a_replay_resumes_from_before_it() -> None:
    subscriber = after(1, 2)
    subscriber.live = False  # the connection broke, and it resumes
    told(subscriber, {"type": "resumed", "replaying": True, "position": "epoch-2"}, event(4))
    assert subscriber.position == "epoch-2"
    told(subscriber, {"type": "replayed", "complete": True, "position": "epoch-5"})
    assert subscriber.position == "epoch-5"
