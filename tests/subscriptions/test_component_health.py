"""A part that is lost and comes back is told of, once each, in order, and whatever else is away at the time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from events.broadcast import InactiveEventType
from events.log.records import LogUnavailable
from events.models import Event
from subscriptions import component_health
from subscriptions.channel_layer.heartbeat import EVERY, MISSED, Heartbeat
from subscriptions.component_health import CHANNEL_LAYER, DATABASE, ComponentHealth
from tests.waiting import aeventually

database = pytest.mark.django_db


def told() -> list[tuple[str, str, str]]:
    events = [event.payload for event in Event.objects.filter(type="component_health").order_by("pk")]
    return [(each["component"], each["new_state"], each["severity"]) for each in events]


@database
def test_a_loss_and_a_return_are_told_once_each() -> None:
    health = ComponentHealth()
    health.back(DATABASE)  # it never was away
    for _ in range(3):
        health.lost(CHANNEL_LAYER, "no message comes through")
    health.broadcast_changes()
    for _ in range(3):
        health.back(CHANNEL_LAYER)
    health.broadcast_changes()
    health.broadcast_changes()
    assert told() == [(CHANNEL_LAYER, "down", "error"), (CHANNEL_LAYER, "up", "info")]
    first = Event.objects.order_by("pk")[0]
    assert "no message comes through" in first.payload["detail"]
    assert first.source == "dispatcher"


@database
def test_what_cannot_be_told_yet_is_told_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(events: Any) -> None:
        raise LogUnavailable

    health = ComponentHealth()
    health.lost(DATABASE, "OperationalError")
    with monkeypatch.context() as patch:
        patch.setattr(component_health, "broadcast_events", away)
        health.broadcast_changes()
    assert health.has_news
    health.back(DATABASE)
    health.broadcast_changes()
    assert told() == [(DATABASE, "down", "error"), (DATABASE, "up", "info")]


def test_a_type_that_is_not_active_holds_nothing_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(events: Any) -> None:
        raise InactiveEventType(event_type="component_health")

    monkeypatch.setattr(component_health, "broadcast_events", refuse)
    health = ComponentHealth()
    health.lost(DATABASE, "OperationalError")
    health.broadcast_changes()
    health.broadcast_changes()
    assert caplog.text.count("could not be broadcast") == 1


class Layer:
    """Carries messages to itself while it is up."""

    def __init__(self) -> None:
        self.up = True
        self.sent = 0
        self.changes: list[str] = []
        self.heartbeat = Heartbeat(self.send, lambda: self.changes.append("lost"), lambda: self.changes.append("back"))

    async def send(self, message: dict[str, Any]) -> None:
        self.sent += 1
        if not self.up:
            raise ConnectionError
        self.heartbeat.heard()

    async def live(self, beats: int) -> None:
        for beat in range(beats):
            before = self.sent
            self.heartbeat.beat(self.now + beat * EVERY)
            await aeventually(lambda before=before: self.sent > before)  # type: ignore[misc]
            await asyncio.sleep(0)  # until it has been noted
        self.now += beats * EVERY

    now = 100.0


async def test_a_layer_that_answers_is_never_lost() -> None:
    layer = Layer()
    await layer.live(3 * MISSED)
    assert layer.changes == []


async def test_a_layer_is_lost_whenever_some_messages_did_not_come_and_back_with_the_first_that_comes() -> None:
    layer = Layer()
    layer.up = False
    await layer.live(MISSED)
    assert layer.changes == []
    await layer.live(MISSED)
    assert layer.changes == ["lost"]
    await layer.live(1)
    assert layer.changes == ["lost", "lost"]
    layer.up = True
    await layer.live(3)
    assert layer.changes == ["lost", "lost", "back"]


async def test_a_process_that_was_stopped_for_an_hour_does_not_blame_the_layer() -> None:
    layer = Layer()
    await layer.live(1)
    layer.now += 3600
    await layer.live(1)
    assert layer.changes == []


async def test_it_sends_no_more_often_than_it_must() -> None:
    layer = Layer()
    for _ in range(100):
        layer.heartbeat.beat(100.0)
        await asyncio.sleep(0)
    await layer.heartbeat.stop()
    assert layer.sent == 1
