"""The catalogue: every event type that the reader may see, and nothing of the others."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from events.models import Event, EventField, EventType, FieldOption
from events.page.catalogue import rates
from tests.events.log_rows import happened

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files")]

LIST = "/events/types"
HEALTH = "mcp_health_check"


@pytest.fixture
def ada(client: Client) -> Client:
    client.force_login(User.objects.create_user("ada"))
    return client


def staff(*permissions: str) -> Client:
    user = User.objects.create_user("bob", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def content(client: Client, address: str = LIST, **query: str) -> str:
    response = client.get(address, query)
    assert response.status_code == 200
    return response.content.decode()


def words(text: str) -> str:
    return " ".join(unescape(re.sub("<[^>]*>", " ", text.partition("<main")[2])).split())


def data_of(text: str) -> dict[str, Any]:
    found = re.search(r'<script id="page-data"[^>]*>(.*?)</script>', text)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_the_list_has_each_type_with_what_one_wants_to_know_of_it(ada: Client) -> None:
    happened(HEALTH, {"mcp_name": "a"}, {"mcp_name": "b"}, first=timezone.now())
    text = content(ada)
    assert f'href="{LIST}/{HEALTH}"' in text
    row = words(next(row for row in text.split("<tr>") if HEALTH in row).join(["<main>", ""]))
    assert "Health check mcp_health_check The outcome of a health check" in row
    assert "info, warning, error MCP servers , Health , Severity 2" in row


def test_types_that_the_reader_may_not_see_are_nowhere(ada: Client) -> None:
    text = content(ada)
    assert "access_change" not in text
    assert "14 event types that you may see" in text
    assert ada.get(f"{LIST}/access_change").status_code == 404
    assert ada.get(f"{LIST}/no_such_type").status_code == 404
    seen = Group.objects.create(name="seers")
    EventType.objects.get(pk="access_change").allowed_groups.add(seen)
    User.objects.get(username="ada").groups.add(seen)
    assert "access_change" in content(ada)
    assert ada.get(f"{LIST}/access_change").status_code == 200


def test_nobody_reads_it_without_signing_in(client: Client) -> None:
    assert client.get(LIST).status_code == 302
    assert client.get(f"{LIST}/{HEALTH}").status_code == 302


def test_words_narrow_the_list_whatever_their_case(ada: Client) -> None:
    text = content(ada, q="HEALTH check")
    assert HEALTH in text
    assert "user_login" not in text
    assert "No event type has that" in content(ada, q="<nothing>")


def test_the_example_is_the_newest_event_with_its_own_digits(ada: Client) -> None:
    happened(HEALTH, {"mcp_name": "old"}, {"mcp_name": "new", "latency_ms": 1.0, "big": 2**60})
    text = content(ada, f"{LIST}/{HEALTH}")
    assert "The newest event" in text
    assert '"latency_ms": 1.0' in unescape(text)
    assert str(2**60) in data_of(text)["payload"]
    assert "old" not in data_of(text)["payload"]


def test_a_type_without_events_has_an_invented_example_that_it_would_take(ada: Client) -> None:
    text = content(ada, f"{LIST}/{HEALTH}")
    assert "An invented example" in text
    invented = json.loads(data_of(text)["payload"])
    assert invented["health_status"] in ("healthy", "degraded", "unhealthy")
    assert invented["severity"] in ("info", "warning", "error")


def test_an_event_that_is_large_or_cannot_be_read_is_no_example(ada: Client) -> None:
    happened(HEALTH, {"mcp_name": "x" * 20_000})
    assert "An invented example" in content(ada, f"{LIST}/{HEALTH}")
    happened(HEALTH, {"mcp_name": "a"})
    Event.objects.filter(data__contains='"a"').update(data="{broken")
    assert "An invented example" in content(ada, f"{LIST}/{HEALTH}")


def test_nothing_in_a_label_or_a_payload_becomes_markup_or_turns_the_text(ada: Client) -> None:
    EventType.objects.filter(pk=HEALTH).update(label="<b>in\u202eside", description="</title>")
    EventType.objects.get(pk=HEALTH).save()
    happened(HEALTH, {"mcp_name": "</script><i>\u202e"})
    for text in (content(ada), content(ada, f"{LIST}/{HEALTH}")):
        assert "<b>in" not in text
        assert "<i>" not in text.partition("<main")[2].partition("<template")[0].replace("<i></i>", "")
        assert "\u202e" not in text


def test_many_options_are_folded_and_few_are_shown_with_their_labels(ada: Client) -> None:
    field = EventField.objects.get(event_type=HEALTH, name="health_status")
    FieldOption.objects.bulk_create([FieldOption(field=field, value=f"v{n}", label=f"L{n}") for n in range(30)])
    EventType.objects.get(pk=HEALTH).save()
    text = words(content(ada, f"{LIST}/{HEALTH}"))
    assert "v3 L3" in text
    assert "and 21 more" in text


def test_where_events_come_from_is_told_without_names(ada: Client) -> None:
    happened(HEALTH, {"mcp_name": "a"})
    Event.objects.update(source="api:somebody")
    text = words(content(ada, f"{LIST}/{HEALTH}"))
    assert "Come from the HTTP API" in text
    assert "somebody" not in text


def test_buttons_are_for_those_who_may(ada: Client) -> None:
    text = content(ada, f"{LIST}/{HEALTH}")
    assert f"/events?tab=mcp&amp;event_type={HEALTH}" in text
    assert "Send a test event" not in text
    assert "You need the permission" in text
    text = content(staff("view_eventtype", "add_event"), f"{LIST}/{HEALTH}")
    assert f"/admin/events/eventtype/{HEALTH}/test-event/" in text
    assert "Edit in the admin" in text
    assert "You need the permission" not in text


def test_a_type_that_nobody_may_send_offers_no_code_for_it(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root"))
    text = content(client, f"{LIST}/access_change")
    assert "Send by code" not in text
    assert "Nobody can send them" in text


def test_an_ephemeral_type_is_said_to_be_not_logged(ada: Client) -> None:
    EventType.objects.filter(pk=HEALTH).update(retention_days=0)
    EventType.objects.get(pk=HEALTH).save()
    assert "not logged" in content(ada)
    assert "not logged" in content(ada, f"{LIST}/{HEALTH}")


def test_only_the_last_day_counts_and_a_busy_log_is_estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    three = timedelta(hours=3)
    happened(HEALTH, *({"mcp_name": f"{n}"} for n in range(10)), first=now - 10 * three, apart=three)
    found = rates.of_last_day([HEALTH, "user_login"])
    assert found == rates.Rates({HEALTH: 7, "user_login": 0}, is_estimate=False)
    monkeypatch.setattr(rates, "MOST_COUNTED", 4)  # of the last 12 hours
    assert rates.of_last_day([HEALTH]) == rates.Rates({HEALTH: 8}, is_estimate=True)


def test_a_log_whose_events_are_all_pruned_has_rates_of_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    happened(HEALTH, *({"mcp_name": f"{n}"} for n in range(9)))
    Event.objects.all().delete()
    monkeypatch.setattr(rates, "MOST_COUNTED", 4)
    assert rates.of_last_day([HEALTH]) == rates.Rates({HEALTH: 0}, is_estimate=False)


def test_the_list_asks_the_database_no_more_often_for_many_types(ada: Client) -> None:
    content(ada)
    with CaptureQueriesContext(connection) as for_few:
        content(ada)
    for number in range(40):
        EventType.objects.create(id=f"type_{number}", category_id="mcp", label=f"T{number}")
    content(ada)
    with CaptureQueriesContext(connection) as for_many:
        content(ada)
    assert len(for_many) == len(for_few)
