"""Whoever emits from outside is told an event's place by the epoch that it has there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from events import ingest
from events.broadcast import Broadcast
from events.log import idempotency, placing, reading

LOGIN = Broadcast("user_login", {"username": "ada"}, "test", "k")


def after_new_epoch(act: Callable[..., Any]) -> Callable[..., Any]:
    """Let the log begin another epoch before this is done, as when a standby is promoted behind a pooler."""

    def renewed(*args: Any, **kwargs: Any) -> Any:
        reading.renew_epoch(reading.epoch())
        return act(*args, **kwargs)

    return renewed


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_an_event_that_is_placed_in_another_epoch_has_its_id_there(monkeypatch: pytest.MonkeyPatch) -> None:
    before = reading.epoch()
    monkeypatch.setattr(idempotency, "claimed", after_new_epoch(idempotency.claimed))
    monkeypatch.setattr(placing, "place_these", after_new_epoch(placing.place_these))
    for _ in range(2):  # also of a key that is known
        (receipt,) = ingest.emit([LOGIN])
        assert receipt.id == f"{reading.epoch()}-1"
        assert reading.epoch() != before
