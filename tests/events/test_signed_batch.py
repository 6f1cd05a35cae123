"""What doorbells carry: exactly the events that were placed and committed, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction

from events.broadcast import Broadcast, broadcast_event, broadcast_events
from events.core.records import LoggedEvent
from events.log import placing, reading
from events.models import LogHead
from events.notify import doorbell
from events.notify.signed_batch import Letter, Note, opened, opened_note, sealed
from tests.events.test_ephemeral import Layer

NOW = datetime(2025, 1, 29, 12, tzinfo=UTC)


@pytest.fixture
def layer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Layer]:
    layer = Layer()
    monkeypatch.setattr(doorbell, "get_channel_layer", lambda: layer)
    monkeypatch.setattr(doorbell, "_bell", None)
    yield layer
    layer.open.set()
    assert doorbell.flush(10)


def letters(layer: Layer) -> list[Letter | None]:
    assert doorbell.flush()
    return [opened(message) for message in layer.messages if not message["control"]]


def letter(*positions: int, epoch: str = "e", data: str = "{}") -> Letter:
    return Letter(epoch, [LoggedEvent(position, "user_login", NOW, data) for position in positions])


@pytest.mark.django_db(transaction=True)
def test_a_doorbell_carries_what_the_log_has(layer: Layer) -> None:
    data: dict[str, Any] = {"action_type": "added", "target_name": "é \u0000"}
    broadcast_event("user_action", data)
    broadcast_events([Broadcast("user_login", {"username": "a"}), Broadcast("user_action", data)])
    with transaction.atomic():
        broadcast_event("user_logout", {"username": "a"})
    carried = [event for each in letters(layer) if each for event in each.events]
    assert sorted(carried) == reading.read_after(0, 10)
    assert {each.epoch for each in letters(layer) if each} == {LogHead.objects.get().epoch}


@pytest.mark.django_db(transaction=True)
def test_nothing_is_carried_before_it_is_committed_or_when_it_never_is(layer: Layer) -> None:
    with transaction.atomic():
        broadcast_event("user_login", {"username": "a"})
        placing.place()
        transaction.set_rollback(True)
    assert letters(layer) == []
    with transaction.atomic():
        broadcast_event("user_login", {"username": "b"})
        placing.place()
        assert letters(layer) == []
    [event] = [event for each in letters(layer) if each for event in each.events]
    assert event.data == reading.read_after(0, 1)[0].data


@pytest.mark.django_db(transaction=True)
def test_what_is_long_and_was_pending_is_left_to_the_log(layer: Layer) -> None:
    with transaction.atomic():
        broadcast_event("user_login", {"username": "a", "text": "x" * placing.CARRIED})
    assert letters(layer) == [None]


def rung(layer: Layer, *rings: Letter | None) -> list[Letter | None]:
    """What comes of rings while one is under way."""
    layer.open.clear()
    doorbell.ring(["user_logout"])
    while not doorbell._bell or doorbell._bell._rings:
        pass
    for each in rings:
        doorbell.ring(["user_login"], each)
    layer.open.set()
    return letters(layer)[1:]


@pytest.mark.parametrize(
    ("rings", "carried"),
    [
        ([letter(1), letter(2)], letter(1, 2)),
        ([letter(1), None], None),
        ([None, letter(1)], None),
        ([letter(1), letter(2, epoch="f")], None),
        ([letter(1, data="x" * doorbell.MAX_CARRIED), letter(2)], None),
    ],
    ids=["together", "then without", "first without", "another epoch", "too much"],
)
def test_rings_that_pile_up_carry_all_their_events_or_none(
    layer: Layer, rings: list[Letter | None], carried: Letter | None
) -> None:
    assert rung(layer, *rings) == [carried]


@pytest.mark.parametrize("kind", [letter(1), Note(b"sender", 1, 0.0, "user_login", NOW, "{}")], ids=["letter", "note"])
def test_what_is_sealed_as_one_kind_is_not_taken_for_the_other(kind: Letter | Note) -> None:
    message = sealed(kind)
    assert [opened(message), opened_note(message)].count(None) == 1
