"""Whoever emits from outside is told an event's place by the epoch that it has there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from events import ingest
from events.broadcast import Broadcast, UnknownEventType, broadcast_events
from events.core.event_types import Viewer
from events.log import idempotency, placing, reading
from events.models import EventType

LOGIN = Broadcast("user_login", {"username": "ada"}, "test", "k")


def after_new_epoch(act: Callable[..., Any]) -> Callable[..., Any]:
    """Let the log begin another epoch before this is done, as when a standby is promoted behind a pooler."""

    def renewed(*args: Any, **kwargs: Any) -> Any:
        reading.renew_epoch(reading.epoch())
        return act(*args, **kwargs)

    return renewed


@pytest.mark.django_db
def test_a_type_that_goes_meanwhile_is_refused_without_the_names_of_what_one_may_not_see(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gone_before(*args: Any, **kwargs: Any) -> Any:
        EventType.objects.filter(pk=LOGIN.event_type).delete()
        return broadcast_events(*args, **kwargs)

    monkeypatch.setattr(ingest, "broadcast_events", gone_before)
    EventType.objects.filter(pk="user_logout").update(restricted=True)
    with pytest.raises(UnknownEventType) as refused:
        ingest.emit([LOGIN], Viewer())
    assert "mcp_status_change" in str(refused.value)
    assert "user_logout" not in str(refused.value)


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
