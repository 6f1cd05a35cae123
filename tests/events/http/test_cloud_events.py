"""CloudEvents 1.0 in structured mode: history is answered in it, and events are emitted in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from tests.cases import each_case
from tests.events.callers import problem

pytestmark = pytest.mark.django_db(transaction=True)

EVENTS = "/api/v1/events/"
ONE, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
ADDED = {"specversion": "1.0", "id": "1", "source": "/tests", "type": "user_action", "data": {"action_type": "added"}}


def emit(client: Client, body: object, content_type: str = ONE) -> Any:
    return client.post(EVENTS, json.dumps(body), content_type=content_type)


def test_what_was_emitted_as_a_cloud_event_is_read_as_one_and_not_doubled(emitter: Client) -> None:
    first = emit(
        emitter, {**ADDED, "subject": "ada", "time": "2001-01-01T00:00:00Z", "datacontenttype": "application/json"}
    )
    assert first.status_code == 201
    assert emit(emitter, ADDED).json() == first.json()
    long = {**ADDED, "id": "x" * 500}
    assert emit(emitter, [long, long | {"id": "2"}], BATCH).status_code == 201
    assert emit(emitter, long).json()["id"] != first.json()["id"]
    answer = emitter.get(f"{EVENTS}?limit=2", headers={"Accept": BATCH})
    assert answer["Content-Type"] == BATCH
    newest, _ = answer.json()
    schema = newest.pop("dataschema")
    assert newest == {
        "specversion": "1.0",
        "id": newest["id"],
        "source": "http://testserver/api/v1/events/",
        "type": "user_action",
        "time": newest["time"],
        "datacontenttype": "application/json",
        "data": {"action_type": "added", "severity": "info"},
    }
    assert schema == "http://testserver/api/v1/events/schemas#/$defs/user_action/properties/data"
    address = answer["Link"].partition(">")[0].lstrip("<")
    (oldest,) = emitter.get(address, headers={"Accept": BATCH}).json()
    assert oldest["id"] == first.json()["id"]


@each_case(
    ("body", "content_type", "detail"),
    [
        ({**ADDED, "specversion": "0.3"}, ONE, "specversion: Invalid enum value '0.3'; allowed: 1.0."),
        ({**ADDED, "id": ""}, ONE, "id: "),
        ({key: value for key, value in ADDED.items() if key != "data"}, ONE, "missing required field `data`"),
        ({**ADDED, "datacontenttype": "text/xml"}, ONE, "datacontenttype: “text/xml” is not taken; allowed: "),
        (ADDED, BATCH, "is not a list of CloudEvents"),
        ([ADDED, {**ADDED, "data": 5}], BATCH, "[1].data: Expected `object`, got `int`"),
    ],
)
def test_what_is_no_cloud_event_is_refused_with_the_reason(
    emitter: Client, body: object, content_type: str, detail: str
) -> None:
    assert detail in problem(emit(emitter, body, content_type), 400, "invalid_message")["detail"]


def test_answers_of_emitting_and_problems_stay_what_they_are(emitter: Client) -> None:
    refused = emitter.get(f"{EVENTS}?limit=0", headers={"Accept": BATCH})
    problem(refused, 400, "invalid_message")
    problem(emitter.post(EVENTS, "{}", content_type=ONE, headers={"Accept": BATCH}), 406, "not_acceptable")
