"""Events of servers, written down: with the cursor, once, by the monitor that leads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from events.leadership.lease import LeaseLost
from events.mcp.mirror import keeping
from events.mcp.mirror.asking import Answer, Occurrence, Offer
from events.mcp.mirror.drafting import event_type_for
from events.mcp.models import McpServer, McpServerState, MonitorLease, OfferedEvent
from events.models import EventType
from tests.events.admin_forms import submit
from tests.mcp.outcomes import a_server, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files")]

LIST = "/admin/mcp/offeredevent/"
SCHEMA: dict[str, Any] = {
    "properties": {
        "service": {"type": "string", "title": "Service"},
        "stage": {"enum": ["test", "live"]},
        "seconds": {"type": "integer"},
        "severity": {"enum": ["info", "error", "fatal"]},
        "steps": {"type": "array"},
        "not a member": {"type": "string"},
    }
}


@pytest.fixture
def epoch() -> int:
    epoch = MonitorLease.take("test", timedelta(hours=1))
    assert epoch is not None
    return epoch


@pytest.fixture
def row(epoch: int) -> OfferedEvent:
    keeping.keep_offers(epoch, a_server("hub").pk, [Offer("Deploy.Finished", "A deployment ended.", SCHEMA)])
    row = OfferedEvent.objects.select_related("server").get()
    row.event_type, row.is_mirrored, row.cursor = event_type_for(row), True, "c1"
    row.save()
    return row


def answer(*events: tuple[str, dict[str, Any]], cursor: str = "c2", truncated: bool = False) -> Answer:
    found: Sequence[Occurrence] = [Occurrence(id, data) for id, data in events]
    return Answer(found, 0, cursor, truncated, has_more=False, next_poll_s=5)


def taken(row: OfferedEvent) -> list[dict[str, Any]]:
    return [data for _, data in told(str(row.event_type_id))]


def test_a_page_is_taken_once_and_so_is_an_event_that_comes_with_two_pages(row: OfferedEvent, epoch: int) -> None:
    page = answer(("1", {"n": 1}), ("2", {"n": 2}))
    assert keeping.take(epoch, row.pk, "c1", page)
    assert not keeping.take(epoch, row.pk, "c1", page), "it is past that cursor"
    assert keeping.take(epoch, row.pk, "c2", answer(("2", {"n": 2}), ("3", {"n": 3}), cursor="c3"))
    assert [data["n"] for data in taken(row)] == [1, 2, 3]


def test_a_monitor_that_leads_no_longer_takes_nothing(row: OfferedEvent, epoch: int) -> None:
    with pytest.raises(LeaseLost):
        keeping.take(epoch + 1, row.pk, "c1", answer(("1", {})))
    row.refresh_from_db()
    assert (row.cursor, taken(row)) == ("c1", [])


@pytest.mark.parametrize("change", [{"is_mirrored": False}, {"cursor": ""}])
def test_what_an_admin_has_unticked_meanwhile_is_not_taken(row: OfferedEvent, epoch: int, change: Any) -> None:
    OfferedEvent.objects.update(**change)
    assert not keeping.take(epoch, row.pk, "c1", answer(("1", {})))
    assert taken(row) == []


def test_a_type_that_is_switched_off_waits_so_that_nothing_is_lost(row: OfferedEvent, epoch: int) -> None:
    assert row.event_type is not None
    row.event_type.is_active = False
    row.event_type.save()
    assert keeping.due() == []
    assert not keeping.take(epoch, row.pk, "c1", answer(("1", {})))
    row.event_type.is_active = True
    row.event_type.save()
    assert keeping.due() == [row]
    assert keeping.take(epoch, row.pk, "c1", answer(("1", {})))


def test_what_is_due_of_servers_that_are_not_asked_keeps_no_other_waiting(
    row: OfferedEvent, epoch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MOST_DUE", 1)
    other = OfferedEvent(server=a_server("other"), name="x", event_type=row.event_type, is_mirrored=True)
    other.next_poll_at = timezone.now()
    other.save()
    assert (keeping.due(), keeping.due([row.server_id])) == ([row], [other])
    McpServerState.objects.filter(server=row.server).update(circuit_state="open")
    assert keeping.due() == [other]
    McpServer.objects.filter(pk=other.server_id).update(status="inactive")
    assert keeping.due() == []


def test_what_the_log_refuses_is_counted_and_the_rest_is_taken(row: OfferedEvent, epoch: int) -> None:
    large = {"text": "x" * 70_000}
    odd_id = "\n" + "i" * 500
    page = answer(("1", large), ("2", {"n": 2}), ("2", {"n": "another"}), (odd_id, {"n": 3}), (odd_id, {"n": 3}))
    assert keeping.take(epoch, row.pk, "c1", page)
    row.refresh_from_db()
    assert [data["n"] for data in taken(row)] == [2, 3]
    assert (row.cursor, row.refused) == ("c2", 2)


@pytest.mark.parametrize(("sent", "kept"), [({}, "info"), ({"severity": "error"}, "error"), ({"severity": 7}, "info")])
def test_a_severity_that_is_none_of_the_type_becomes_its_lowest(
    sent: dict[str, Any], kept: str, row: OfferedEvent, epoch: int
) -> None:
    assert keeping.take(epoch, row.pk, "c1", answer(("1", sent)))
    assert [data["severity"] for data in taken(row)] == [kept]


def test_the_type_is_drafted_from_the_schema_and_closed_until_somebody_opens_it(row: OfferedEvent) -> None:
    event_type = EventType.objects.get(pk=row.event_type_id)
    assert (event_type.pk, event_type.severity_levels) == ("hub_deploy_finished", ["info", "error"])
    assert (event_type.restricted, event_type.external) == (True, False)
    fields = {field.name: (field.type, field.label, field.operator) for field in event_type.fields.all()}
    assert fields == {
        "service": ("text", "Service", "contains"),
        "stage": ("multiselect", "stage", "in"),
        "seconds": ("number", "seconds", "gte"),
    }
    assert [each.value for each in event_type.fields.get(name="stage").options.all()] == ["test", "live"]


def test_what_a_server_no_longer_offers_goes_unless_it_is_wanted(row: OfferedEvent, epoch: int) -> None:
    server_id = row.server_id
    keeping.keep_offers(epoch, server_id, [Offer("other", "", {})])
    assert OfferedEvent.objects.count() == 2
    keeping.keep_offers(epoch, server_id, [])
    kept = OfferedEvent.objects.get()
    assert (kept.name, kept.is_offered, kept.is_mirrored) == (row.name, False, True)


def ticked(client: Client, row: OfferedEvent) -> Any:
    return submit(client, f"{LIST}{row.pk}/change/", is_mirrored="on")


def test_a_tick_in_the_admin_makes_the_type_for_those_who_may(epoch: int) -> None:
    keeping.keep_offers(epoch, a_server("hub").pk, [Offer("deploy", "", SCHEMA)])
    row = OfferedEvent.objects.get()
    client, user = Client(), User.objects.create_user("vera", is_staff=True)
    codes = ("change_offeredevent", "view_mcpserver")
    user.user_permissions.add(*Permission.objects.filter(codename__in=codes))
    client.force_login(user)
    assert "Can add event type" in ticked(client, row).content.decode()
    assert not EventType.objects.filter(pk="hub_deploy").exists()
    user.user_permissions.add(Permission.objects.get(codename="add_eventtype"))
    assert "hub_deploy" in ticked(client, row).content.decode()
    row.refresh_from_db()
    assert (row.is_mirrored, row.event_type_id) == (True, "hub_deploy")


def test_what_a_server_writes_turns_no_other_words_in_the_admin(epoch: int) -> None:
    keeping.keep_offers(epoch, a_server("hub").pk, [Offer("אירוע", "תיאור", SCHEMA)])
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    for page in (LIST, f"{LIST}{OfferedEvent.objects.get().pk}/change/"):
        text = client.get(page).content.decode()
        assert "<bdi>אירוע</bdi>" in text, page
        assert "<bdi>תיאור</bdi>" in text, page


def test_a_page_that_is_saved_again_begins_nothing_anew(row: OfferedEvent) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    ticked(client, row)
    row.refresh_from_db()
    assert (row.is_mirrored, row.cursor) == (True, "c1")


def test_both_pages_tell_that_events_are_missing(row: OfferedEvent, epoch: int) -> None:
    assert keeping.take(epoch, row.pk, "c1", answer(truncated=True))
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    for page in (LIST, f"/fleet/{row.server_id}/"):
        assert "Events are missing before" in client.get(page, follow=True).content.decode(), page


def test_what_fails_is_told_and_tried_again_later_and_forgotten_when_it_goes_well(
    row: OfferedEvent, epoch: int
) -> None:
    keeping.failed(epoch, [row.pk], "HTTP 500", wait_s=None)
    row.refresh_from_db()
    assert (row.in_words, keeping.due()) == ("HTTP 500", [])
    assert keeping.take(epoch, row.pk, "c1", answer())
    row.refresh_from_db()
    assert row.in_words == "No event yet."
