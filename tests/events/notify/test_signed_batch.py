"""What doorbells carry: exactly the events that were placed and committed, or nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction

from events.broadcast import Broadcast, broadcast_event, broadcast_events
from events.core.records import LoggedEvent
from events.log import placing, reading
from events.models import LogHead
from events.notify import doorbell, outlined
from events.notify.signed_batch import (
    EphemeralMessage,
    Outline,
    PlacedEvents,
    signed,
    verified,
    verified_ephemeral,
    verified_outline,
)
from events.notify.waiting import MAX_CARRIED
from tests.events.notify.layer import Layer
from tests.waiting import eventually

NOW = datetime(2025, 1, 29, 12, tzinfo=UTC)


def all_carried(layer: Layer) -> list[PlacedEvents | None]:
    assert layer.all_sent()
    return [verified(message) for message in layer.messages if message["type"] == "doorbell"]


def placed_events(*positions: int, epoch: str = "e", data: str = "{}") -> PlacedEvents:
    return PlacedEvents(epoch, [LoggedEvent(position, "user_login", NOW, data) for position in positions])


@pytest.mark.django_db(transaction=True)
def test_a_doorbell_carries_what_the_log_has(layer: Layer) -> None:
    data: dict[str, Any] = {"action_type": "added", "target_name": "é \u0000"}
    broadcast_event("user_action", data)
    broadcast_events([Broadcast("user_login", {"username": "a"}), Broadcast("user_action", data)])
    with transaction.atomic():
        broadcast_event("user_logout", {"username": "a"})
    carried = [event for each in all_carried(layer) if each for event in each.events]
    assert sorted(carried) == reading.read_after(0, 10).events
    assert {each.epoch for each in all_carried(layer) if each} == {LogHead.objects.get().epoch}


@pytest.mark.django_db(transaction=True)
def test_nothing_is_carried_before_it_is_committed_or_when_it_never_is(layer: Layer) -> None:
    with transaction.atomic():
        broadcast_event("user_login", {"username": "a"})
        placing.place()
        transaction.set_rollback(True)
    assert all_carried(layer) == []
    with transaction.atomic():
        broadcast_event("user_login", {"username": "b"})
        placing.place()
        assert all_carried(layer) == []
    [event] = [event for each in all_carried(layer) if each for event in each.events]
    assert event.data == reading.read_after(0, 1).events[0].data


@pytest.mark.django_db(transaction=True)
def test_what_is_long_and_was_pending_is_left_to_the_log(layer: Layer) -> None:
    with transaction.atomic():
        broadcast_event("user_login", {"username": "a", "text": "x" * placing.CARRIED})
    assert all_carried(layer) == [None]


def rung(layer: Layer, *rings: PlacedEvents | None) -> list[PlacedEvents | None]:
    """What comes of rings while one is under way."""
    layer.open.clear()
    doorbell.ring(["user_logout"])
    eventually(lambda: layer.asked)
    for each in rings:
        doorbell.ring(["user_login"], each)
    layer.open.set()
    return all_carried(layer)[1:]


@pytest.mark.parametrize(
    ("rings", "carried"),
    [
        ([placed_events(1), placed_events(2)], placed_events(1, 2)),
        ([placed_events(1), None], None),
        ([None, placed_events(1)], None),
        ([placed_events(1), placed_events(2, epoch="f")], None),
        ([placed_events(1, data="x" * MAX_CARRIED), placed_events(2)], None),
    ],
    ids=["together", "then without", "first without", "another epoch", "too much"],
)
def test_rings_that_pile_up_carry_all_their_events_or_none(
    layer: Layer, rings: list[PlacedEvents | None], carried: PlacedEvents | None
) -> None:
    assert rung(layer, *rings) == [carried]


@pytest.mark.parametrize(
    "kind",
    [
        placed_events(1),
        Outline("e", {"user_login": [1]}),
        EphemeralMessage(b"sender", 1, 0.0, "user_login", NOW, "{}"),
    ],
    ids=["placed", "outline", "ephemeral"],
)
def test_what_is_signed_as_one_kind_is_not_taken_for_the_other(
    kind: PlacedEvents | Outline | EphemeralMessage,
) -> None:
    message = signed(kind)
    assert [verified(message), verified_outline(message), verified_ephemeral(message)].count(None) == 2


def outlines(layer: Layer) -> list[Outline | None]:
    assert layer.all_sent()
    return [verified_outline(message) for message in layer.messages if message["type"] == doorbell.OUTLINE]


def test_who_rings_often_tells_all_who_listen_which_types_the_positions_have(
    layer: Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlined, "OFTEN_S", 3600.0)
    logout = PlacedEvents("e", [LoggedEvent(2, "user_logout", NOW, "{}")])
    doorbell.ring(["user_login"], placed_events(1))
    assert outlines(layer) == []
    layer.open.clear()
    doorbell.ring(["user_logout"], logout)
    eventually(lambda: layer.asked > 1)
    doorbell.ring(["user_login"], placed_events(3, 5))
    doorbell.ring(["user_login"], placed_events(6))
    layer.open.set()
    assert outlines(layer) == [Outline("e", {"user_logout": [2]}), Outline("e", {"user_login": [3, 5, 6]})]


def test_who_rings_seldom_sends_no_outlines(layer: Layer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlined, "OFTEN_S", 0.0)
    for position in (1, 2):
        doorbell.ring(["user_login"], placed_events(position))
    assert outlines(layer) == []


def test_an_outline_of_too_much_is_not_sent(layer: Layer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlined, "OFTEN_S", 3600.0)
    monkeypatch.setattr(outlined, "MAX_OUTLINED", 2)
    doorbell.ring(["user_login"], placed_events(1))
    doorbell.ring(["user_login"], placed_events(2, 3, 4))
    assert outlines(layer) == []
