"""Everybody makes, changes and watches their own standing subscriptions over HTTP, and sees nobody else's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from knox.models import AuthToken
from pytest_django import Settings
from standardwebhooks import Webhook

from eventhub.environment import network
from events.access.token_terms import make_token
from events.models import EventType
from subscriptions.models import Destination, FailedDelivery, StandingSubscription
from subscriptions.standing.requests import making, members
from tests.events.callers import problem
from tests.subscriptions.standing.receiver import Receiver
from tests.subscriptions.standing.stepped import STATUS, a_standing, emit

pytestmark = pytest.mark.django_db

LIST = "/api/v1/standing/"
URL = "https://93.184.215.14/hook"  # a number, so that no name is looked up
BODY = {"event_types": [STATUS], "filters": {"severity": ["error"]}, "destination": {"url": URL}}


def a_user(name: str = "olga", *, may: bool = True) -> User:
    user = User.objects.create(username=name)
    if may:
        user.user_permissions.add(Permission.objects.get(codename="use_webhooks"))
    return user


def client_of(user: User, *scopes: str) -> Client:
    text = make_token(user, "test", scopes, None)[1] if scopes else AuthToken.objects.create(user)[1]
    return Client(headers={"Authorization": f"Bearer {text}"})


@pytest.fixture
def user() -> User:
    return a_user()


@pytest.fixture
def client(user: User) -> Client:
    return client_of(user)


def post(client: Client, url: str, body: object = None) -> Any:
    return client.post(url, json.dumps(body) if body is not None else "", content_type="application/json")


def patch(client: Client, url: str, body: object) -> Any:
    return client.patch(url, json.dumps(body), content_type="application/json")


def made(client: Client, **body: object) -> Any:
    answer = post(client, LIST, {**BODY, **body})
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_it_is_made_with_a_secret_that_is_shown_once(client: Client) -> None:
    answer = made(client, name="To the shop")
    secret = answer["destination"].pop("secret")
    assert secret.startswith("whsec_")
    assert answer["state"] == "active"
    assert answer["destination"] == {"kind": "webhook", "url": URL, "format": "event", "parallel": 1}
    one = f"{LIST}{answer['id']}/"
    assert client.get(one).json() == answer
    assert client.get(LIST).json() == {"standing": [answer]}
    kept = Destination.objects.get()
    assert secret not in kept.secret
    assert secret not in client.get(one).content.decode()


def test_a_given_secret_is_not_repeated(client: Client) -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    answer = post(client, LIST, {**BODY, "destination": {"url": URL, "secret": secret}})
    assert answer.status_code == 201
    assert secret not in answer.content.decode()


def test_a_variable_that_holds_anothers_secret_signs_nothing_else(client: Client) -> None:
    destination = {"url": URL, "secret": "env:EVENTHUB_DESTINATION_SHOP"}
    mine, other = made(client, destination=destination), client_of(a_user("oscar"))
    assert made(client, destination=destination)["id"] != mine["id"]
    theirs = made(other)
    for answer in (
        post(other, LIST, {**BODY, "destination": destination}),
        patch(other, f"{LIST}{theirs['id']}/", {"destination": {"secret": destination["secret"]}}),
    ):
        assert "another user's destination" in problem(answer, 400, "invalid_message")["detail"]


def test_a_variable_that_another_has_named_meanwhile_signs_nothing_else(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable = "env:EVENTHUB_DESTINATION_SHOP"
    mine, other = made(client), a_user("oscar")

    def meanwhile(name: str) -> str:
        a_standing(other, URL, secret=variable)
        return name

    monkeypatch.setattr(making, "checked_name", meanwhile)  # after the first look at others' variables
    asked = {"name": "mine", "destination": {"url": URL, "secret": variable}}
    for answer in (post(client, LIST, {**BODY, **asked}), patch(client, f"{LIST}{mine['id']}/", asked)):
        assert "another user's destination" in problem(answer, 400, "invalid_message")["detail"]


def test_others_subscriptions_are_answered_like_none(client: Client) -> None:
    mine = made(client)
    other = client_of(a_user("oscar"))
    assert other.get(LIST).json() == {"standing": []}
    one = f"{LIST}{mine['id']}/"
    for answer in (
        *(other.get(one), other.get(f"{one}attempts"), other.delete(one), patch(other, one, {"name": "mine"})),
        *(post(other, f"{one}{action}", {}) for action in ("pause", "resume", "replay", "test", "send-again")),
    ):
        problem(answer, 404, "not_found")
    problem(Client().get(LIST), 401, "unauthorized")


@pytest.mark.django_db(transaction=True)
def test_a_name_that_takes_long_to_look_up_keeps_nobody_from_writing(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_transaction: list[bool] = []

    def look_up(*args: object) -> None:
        in_transaction.append(connection.in_atomic_block)

    monkeypatch.setattr(members, "check_address", look_up)
    destination = {"url": "https://slow.example/hook"}
    mine = made(client, destination=destination)
    assert patch(client, f"{LIST}{mine['id']}/", {"destination": destination}).status_code == 200
    assert in_transaction == [False, False]


@pytest.mark.parametrize(
    ("body", "status", "code", "says"),
    [
        ([], 400, "invalid_message", "[] is not a JSON object"),
        ({}, 400, "invalid_message", "event_types"),
        ({**BODY, "color": "red"}, 400, "invalid_message", "color"),
        ({**BODY, "event_types": []}, 400, "invalid_message", "[] was sent"),
        ({**BODY, "event_types": ["no_such"]}, 422, "unknown_event_type", "no_such"),
        ({**BODY, "event_types": ["login_failed"]}, 422, "unknown_event_type", "login_failed"),
        ({**BODY, "filters": {"color": "red"}}, 422, "unknown_filter", "color"),
        ({**BODY, "filters": {"mcp_names": ["a", "\0"]}}, 422, "invalid_filter", "has a NUL, which cannot be kept"),
        ({**BODY, "filters": {"severity": ["huge"]}}, 422, "invalid_filter", "huge"),
        ({**BODY, "name": "x" * 101}, 400, "invalid_message", "100 characters"),
        ({**BODY, "event_types": "user_login"}, 400, "invalid_message", '"user_login" was sent; expected a list'),
        ({**BODY, "filter": {}}, 400, "invalid_message", "filter: no such member; allowed: event_types, destination, "),
        (
            {**BODY, "destination": {"Url": URL}},
            400,
            "invalid_message",
            "destination.Url: no such member; allowed: url, ",
        ),
        ({**BODY, "destination": {}}, 400, "invalid_message", "destination.url: it is required"),
        ({**BODY, "destination": {"url": "ftp://x.example/"}}, 400, "invalid_message", "ftp:// cannot be asked"),
        ({**BODY, "destination": {"url": "http://93.184.215.14/"}}, 400, "invalid_message", "use https"),
        ({**BODY, "destination": {"url": "https://169.254.169.254/"}}, 400, "invalid_message", "cloud metadata"),
        ({**BODY, "destination": {"url": "https://[::1]/"}}, 400, "invalid_message", "EVENTHUB_DELIVERY_ALLOWED_"),
        ({**BODY, "destination": {"url": "https://u:p@93.184.215.14/"}}, 400, "invalid_message", "password"),
        ({**BODY, "destination": {"url": URL, "parallel": 9}}, 400, "invalid_message", "1 to 8"),
        ({**BODY, "destination": {"url": URL, "format": "xml"}}, 400, "invalid_message", "event, cloudevents"),
        ({**BODY, "destination": {"url": URL, "kind": "fax"}}, 400, "invalid_message", "webhook"),
        ({**BODY, "destination": {"url": URL, "secret": "env:PATH"}}, 400, "invalid_message", "EVENTHUB_DESTINATION_"),
    ],
)
def test_bad_input_gets_an_error_that_names_it_and_makes_nothing(
    client: Client, body: object, status: int, code: str, says: str
) -> None:
    assert says in problem(post(client, LIST, body), status, code)["detail"]
    assert not StandingSubscription.objects.exists()


def test_an_address_of_this_installation_is_refused(client: Client, settings: Settings) -> None:
    settings.EVENTHUB_ALLOWED_ORIGINS = ["https://93.184.215.14"]
    assert "this installation itself" in problem(post(client, LIST, BODY), 400, "invalid_message")["detail"]


def test_a_type_that_is_never_logged_cannot_be_delivered_later(client: Client) -> None:
    EventType.objects.filter(pk=STATUS).update(retention_days=0)
    assert "never logged" in problem(post(client, LIST, BODY), 400, "invalid_message")["detail"]


def test_webhooks_need_a_permission(settings: Settings) -> None:
    client = client_of(a_user("nobody", may=False))
    assert "subscriptions.use_webhooks" in problem(post(client, LIST, BODY), 403, "forbidden")["detail"]


def test_a_token_needs_both_scopes_to_change_anything(user: User) -> None:
    reader, emitter = client_of(user, "read"), client_of(user, "emit")
    mine = made(client_of(user))
    assert reader.get(LIST).status_code == 200
    assert "emit" in problem(post(reader, LIST, BODY), 403, "forbidden")["detail"]
    assert "read" in problem(post(emitter, LIST, BODY), 403, "forbidden")["detail"]
    problem(reader.delete(f"{LIST}{mine['id']}/"), 403, "forbidden")
    problem(emitter.get(LIST), 403, "forbidden")


def test_there_are_limits_of_a_user_and_in_all(client: Client, settings: Settings) -> None:
    settings.EVENTHUB_STANDING_PER_USER = 1
    made(client)
    problem(post(client, LIST, BODY), 403, "limit_exceeded")
    settings.EVENTHUB_STANDING_PER_USER, settings.EVENTHUB_STANDING_IN_ALL = 50, 1
    assert "of this installation" in problem(post(client, LIST, BODY), 403, "limit_exceeded")["detail"]


def test_no_more_texts_are_looked_for_than_a_connection_may_look_for(client: Client) -> None:
    most, more = ({"component": [f"part {n}" for n in range(count)]} for count in (20, 21))
    mine = made(client, event_types=["system_error"], filters=most)
    for answer in (
        post(client, LIST, {**BODY, "event_types": ["system_error"], "filters": more}),
        patch(client, f"{LIST}{mine['id']}/", {"filters": more}),
    ):
        assert "filters: 21 values" in problem(answer, 403, "limit_exceeded")["detail"]


def test_it_is_changed_paused_resumed_and_deleted(client: Client) -> None:
    one = f"{LIST}{made(client)['id']}/"
    changed = patch(client, one, {"name": "Another", "filters": {}, "destination": {"parallel": 4}}).json()
    assert (changed["name"], changed["filters"], changed["destination"]["parallel"]) == ("Another", {}, 4)
    assert changed["destination"]["url"] == URL
    assert post(client, f"{one}pause").json()["state"] == "paused"
    assert post(client, f"{one}resume", {}).json()["state"] == "active"
    problem(patch(client, one, {"state": "ended"}), 400, "invalid_message")
    problem(post(client, f"{one}explode"), 404, "not_found")
    assert client.delete(one).status_code == 204
    problem(client.get(one), 404, "not_found")


def test_a_new_secret_is_shown_once_and_the_former_one_signs_on_for_a_day(client: Client) -> None:
    first = made(client)
    answer = patch(client, f"{LIST}{first['id']}/", {"destination": {"secret": "new"}}).json()
    assert answer["destination"]["secret"] != first["destination"]["secret"]
    kept = Destination.objects.get()
    assert kept.former_until is not None
    assert kept.former_secret != kept.secret


def test_a_replay_takes_an_event_or_a_time(client: Client) -> None:
    one = f"{LIST}{made(client)['id']}/"
    emit("a", "b", "c")
    epoch = client.get(one).json()["position"].rpartition("-")[0]
    assert post(client, f"{one}replay", {"after": f"{epoch}-2"}).json()["position"] == f"{epoch}-2"
    assert post(client, f"{one}replay", {"after": "2020-01-01T00:00:00Z"}).json()["position"] == f"{epoch}-0"
    for after in (f"{epoch}-9", "0000000000000000-1", "yesterday"):
        assert after in problem(post(client, f"{one}replay", {"after": after}), 400, "invalid_position")["detail"]
    problem(post(client, f"{one}replay", {}), 400, "invalid_message")


def test_attempts_are_listed_sent_again_and_forgotten(user: User, client: Client) -> None:
    standing = a_standing(user)
    for position, given_up in ((1, True), (2, False), (3, True)):
        FailedDelivery.objects.create(
            standing=standing, epoch=standing.epoch, position=position, event_type=STATUS, attempts=9,
            next_at=standing.created_at, error_class="http", error="HTTP 500.",
            given_up_at=standing.created_at if given_up else None,
        )  # fmt: skip
    one = f"{LIST}{standing.pk}/"
    first, second, third = client.get(f"{one}attempts").json()["attempts"]
    assert (first["event_id"], first["error"], second["given_up_at"]) == (f"{standing.epoch}-1", "HTTP 500.", None)
    assert client.get(one).json()["given_up"] == 2
    assert post(client, f"{one}send-again", {"attempts": [first["id"], second["id"]]}).json() == {"sent_again": 1}
    assert post(client, f"{one}forget", {"attempts": [third["id"]]}).json() == {"forgotten": 1}
    assert [each["given_up_at"] for each in client.get(f"{one}attempts").json()["attempts"]] == [None, None]
    problem(post(client, f"{one}send-again", {"attempts": ["all"]}), 400, "invalid_message")


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.EVENTHUB_DELIVERY_ALLOWED_NETWORKS = [network("127.0.0.0/8")]
    with Receiver() as started:
        yield started


def test_a_test_says_what_the_endpoint_answered(client: Client, receiver: Receiver) -> None:
    mine = made(client, destination={"url": receiver.url})
    test = f"{LIST}{mine['id']}/test"
    assert post(client, test).json() == {"accepted": True, "error": None}
    got = receiver.got[-1]
    assert Webhook(mine["destination"]["secret"]).verify(got.body, got.headers)["test"] is True
    receiver.always("fails")
    assert post(client, test).json() == {"accepted": False, "error": "HTTP 500."}


def test_the_command_lists_suspended_ones_first_and_pauses_resumes_and_replays(
    user: User, capsys: pytest.CaptureFixture[str]
) -> None:
    well, dead = a_standing(user, "https://well.example/s3cret"), a_standing(user, "https://dead.example/s3cret")
    StandingSubscription.objects.filter(pk=dead.pk).update(state="suspended")
    call_command("standing", "list")
    listed = capsys.readouterr().out
    assert listed.index("dead.example") < listed.index("well.example")
    call_command("standing", "list", "--json")
    out = capsys.readouterr().out
    assert "s3cret" not in listed + out
    assert json.loads(out.splitlines()[0])["owner"] == "olga"
    call_command("standing", "pause", str(well.pk))
    call_command("standing", "resume", str(dead.pk))
    call_command("standing", "replay", str(dead.pk), "--after", "2020-01-01")
    states = StandingSubscription.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["paused", "active"]
