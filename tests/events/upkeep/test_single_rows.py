"""Django's `flush` leaves a hub that goes on."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from events import registry_cache
from events.broadcast import broadcast_event
from events.log import reading
from events.models import Category, EventType

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.postgres
def test_after_a_flush_the_log_begins_anew_and_takes_events() -> None:
    before, known = reading.head(), registry_cache.refresh().types
    broadcast_event("mcp_status_change", {"mcp_name": "search", "new_status": "active"})

    call_command("flush", interactive=False, verbosity=0)

    assert known
    assert registry_cache.refresh().types == {}
    assert reading.head().epoch != before.epoch  # no position of before stands for an event of now
    Category.objects.create(id="app", label="App")
    EventType.objects.create(id="deployed", label="Deployed", category_id="app")
    assert broadcast_event("deployed", {}, wait=True).position == 1
