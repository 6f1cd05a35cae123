"""Alerts as Alertmanager takes them: what begins fires, what ends it resolves the same alert."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import Settings

from eventhub.environment import network
from events import registry_cache
from events.core.records import LoggedEvent
from events.log import reading
from subscriptions.models import Destination
from subscriptions.standing.kinds import alertmanager
from tests.subscriptions.standing.receiver import Receiver
from tests.subscriptions.standing.stepped import STATUS, Stepped, a_standing, an_owner, emit

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.EVENTHUB_DELIVERY_ALLOWED_NETWORKS = [network("127.0.0.0/8")]
    with Receiver() as started:
        yield started


def alerts_of(event_type: str = STATUS) -> list[dict[str, Any]]:
    """What the events of a type in the log become."""
    known = registry_cache.refresh().types[event_type]
    events: list[LoggedEvent] = reading.read_after(0, 100, [event_type]).events
    return [json.loads(alertmanager.of_event(each, known, "ep").body)[0] for each in events]


def test_what_ends_something_resolves_the_alert_that_it_fired() -> None:
    emit("a", new_status="inactive")
    emit("a", new_status="active", severity="info")
    fired, resolved = alerts_of()
    assert fired["labels"] == resolved["labels"] == {"alertname": STATUS, "subject": "a"}
    assert fired["annotations"]["summary"] == "a went inactive"
    assert fired["startsAt"] < fired["endsAt"]
    assert fired["generatorURL"].endswith("/events/e/ep-1")
    assert "startsAt" not in resolved
    assert resolved["endsAt"] < fired["endsAt"]


def test_alerts_are_posted_to_the_path_of_its_interface(client: Client, receiver: Receiver) -> None:
    olga = User.objects.create(username="olga")
    client.force_login(olga)
    destination = {"kind": "alertmanager", "url": receiver.url.removesuffix("/hook"), "secret": "t0ken"}
    body = {"event_types": [STATUS], "destination": destination}
    assert client.post("/api/v1/standing/", body, "application/json").status_code == 403
    olga.user_permissions.add(Permission.objects.get(codename="use_webhooks"))
    answer = client.post("/api/v1/standing/", body, "application/json")
    assert answer.json()["destination"] == {"kind": "alertmanager", "url": f"{receiver.url[:-5]}/api/v2/alerts"}
    assert "t0ken" not in Destination.objects.get().secret
    tried = client.post(f"/api/v1/standing/{answer.json()['id']}/test", {}, "application/json")
    assert tried.json() == {"accepted": True, "error": None}
    (got,) = receiver.got
    assert got.headers["authorization"] == "Bearer t0ken"
    assert json.loads(got.body)[0]["labels"]["alertname"] == "eventhub_test"


def test_where_the_address_guard_forbids_no_alert_goes(client: Client) -> None:
    client.force_login(User.objects.create(username="root", is_superuser=True))
    body = {"event_types": [STATUS], "destination": {"kind": "alertmanager", "url": "http://169.254.169.254"}}
    answer = client.post("/api/v1/standing/", body, "application/json")
    assert (answer.status_code, "cloud metadata" in answer.json()["detail"]) == (400, True)


def test_the_process_that_delivers_sends_them_in_order(stepped: Stepped) -> None:
    a_standing(an_owner(), "https://alerts.example/api/v2/alerts", kind="alertmanager", secret="")
    stepped.step()
    emit("a", "b", new_status="inactive")
    stepped.step()
    sent = [alert["labels"]["subject"] for _, (alert,) in stepped.destinations.accepted]
    assert sent == ["a", "b"]
