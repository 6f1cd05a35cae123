"""Views of /events on the server: whose they are, who else sees them, and what no save may do."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from events.models import EventType, SavedView
from events.models import saved_view as model
from tests.cases import each_case
from tests.events.callers import person, problem

pytestmark = pytest.mark.django_db

VIEWS = "/api/v1/views/"
STATUS = {"event_types": ["mcp_status_change"], "filters": {"severity": ["error"]}}


def user(name: str, *groups: str) -> Client:
    client = Client()
    of = User.objects.create_user(name)
    of.groups.set(Group.objects.get_or_create(name=each)[0] for each in groups)
    client.force_login(of)
    return client


def send(client: Client, method: str, path: str, body: object = None) -> Any:
    return client.generic(method, VIEWS + path, json.dumps(body or {}), content_type="application/json")


def made(client: Client, **members: object) -> dict[str, Any]:
    answer = send(client, "POST", "", {**STATUS, **members})
    assert answer.status_code == 201, answer.content
    view: dict[str, Any] = answer.json()
    return view


def listed(client: Client) -> dict[str, Any]:
    views: dict[str, Any] = client.get(VIEWS).json()
    return views


@pytest.fixture
def ada() -> Client:
    return user("ada", "night shift")


def test_a_view_is_kept_for_its_user_and_found_again_by_another_session(ada: Client) -> None:
    view = made(ada, name=" Prod ", colour="red")
    second = Client()
    second.force_login(User.objects.get(username="ada"))
    assert listed(second)["own"] == [view]
    assert view["name"] == "Prod"
    assert {**STATUS, "colour": "red", "paused": False, "muted": False, "version": 1}.items() <= view.items()


def test_a_new_view_and_a_copy_get_a_colour_that_no_other_has_while_there_is_one(ada: Client) -> None:
    first = made(ada, colour="blue")
    colours = [made(ada)["colour"] for _ in range(6)] + [
        send(ada, "POST", "", {"copy_of": first["id"]}).json()["colour"]
    ]
    assert len({"blue", *colours}) == 8
    assert made(ada)["colour"] == "teal"
    assert made(user("bob"))["colour"] == "teal"  # whose colours are his own


def test_nobody_else_finds_changes_or_ends_it(ada: Client) -> None:
    view, bob = made(ada), user("bob", "night shift")
    assert listed(bob) == {"own": [], "shared": [], "groups": listed(ada)["groups"]}
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/restore")):
        problem(send(bob, method, view["id"] + path, {"muted": True}), 404, "not_found")
    problem(send(bob, "POST", "", {"copy_of": view["id"]}), 404, "not_found")
    assert listed(ada)["own"] == [view]


def test_a_member_of_its_group_sees_a_shared_view_cannot_change_it_and_may_duplicate_it(ada: Client) -> None:
    bob, carol = user("bob", "night shift"), user("carol", "others")
    group = listed(ada)["groups"][0]["id"]
    view = made(ada, name="On call", shared_with=group, muted=True)
    assert [(each["name"], each["owner"], each["muted"]) for each in listed(bob)["shared"]] == [
        ("On call", "ada", False)
    ]
    assert listed(carol)["shared"] == listed(ada)["shared"] == []
    problem(send(bob, "PATCH", view["id"], {"version": 1, "name": "Mine"}), 404, "not_found")
    copy = send(bob, "POST", "", {"copy_of": view["id"]}).json()
    assert copy["id"] != view["id"]
    assert {**STATUS, "name": "On call", "shared_with": None}.items() <= copy.items()
    send(ada, "PATCH", view["id"], {"version": 1, "shared_with": None})
    assert listed(bob)["shared"] == []


def test_one_shares_only_with_groups_of_ones_own(ada: Client) -> None:
    other = Group.objects.create(name="others").pk
    for group in (other, 10**6, "night shift", True):
        refusal = problem(send(ada, "POST", "", {**STATUS, "shared_with": group}), 400, "invalid_message")
        assert "night shift" in refusal["detail"]
    assert "others" not in refusal["detail"]


def test_a_shared_view_tells_nothing_of_types_that_its_reader_may_not_see(ada: Client) -> None:
    bob, group = user("bob", "night shift"), listed(ada)["groups"][0]["id"]
    both = ["mcp_status_change", "user_login"]
    made(ada, event_types=both, filters={"mcp_names": ["secret_mcp"]}, shared_with=group)
    assert [each["event_types"] for each in listed(bob)["shared"]] == [both]
    EventType.objects.filter(pk="mcp_status_change").update(restricted=True)
    (seen,) = listed(bob)["shared"]
    assert (seen["event_types"], seen["filters"]) == (["user_login"], {})
    EventType.objects.filter(pk="user_login").update(restricted=True)
    assert listed(bob)["shared"] == []


def test_the_views_of_somebody_who_was_deactivated_are_shared_no_more(ada: Client) -> None:
    bob = user("bob", "night shift")
    made(ada, shared_with=listed(ada)["groups"][0]["id"])
    User.objects.filter(username="ada").update(is_active=False)
    assert listed(bob)["shared"] == []


def test_a_form_of_an_older_state_does_not_overwrite_a_newer_save(ada: Client) -> None:
    view = made(ada, name="First")
    assert send(ada, "PATCH", view["id"], {"version": 1, "name": "Second"}).json()["version"] == 2
    refusal = problem(send(ada, "PATCH", view["id"], {"version": 1, "name": "Third"}), 409, "edit_conflict")
    assert "elsewhere" in refusal["detail"]
    problem(send(ada, "PATCH", view["id"], {"name": "Third"}), 400, "invalid_message")
    assert send(ada, "PATCH", view["id"], {"paused": True, "muted": True, "alerts": ["sound"]}).json()["version"] == 2
    assert listed(ada)["own"][0]["name"] == "Second"


def test_what_was_ended_comes_back_for_an_hour(ada: Client) -> None:
    view = made(ada, name="Kept")
    assert send(ada, "DELETE", view["id"]).status_code == 204
    assert listed(ada)["own"] == []
    problem(send(ada, "PATCH", view["id"], {"muted": True}), 404, "not_found")
    assert send(ada, "POST", view["id"] + "/restore").json() == view
    assert listed(ada)["own"] == [view]
    send(ada, "DELETE", view["id"])
    SavedView.objects.update(ended=timezone.now() - timedelta(hours=2))
    made(ada)
    problem(send(ada, "POST", view["id"] + "/restore"), 404, "not_found")


def test_when_somebody_last_saw_a_view_is_kept_with_it_unless_it_was_paused(ada: Client) -> None:
    made(ada)
    made(ada, paused=True)
    assert send(ada, "POST", "seen").status_code == 204
    assert [each["seen"] is not None for each in listed(ada)["own"]] == [True, False]


def test_a_user_has_a_bounded_number_of_views(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "MAX_VIEWS", 2)
    views = [made(ada), made(ada)]
    problem(send(ada, "POST", "", STATUS), 409, "limit_exceeded")
    send(ada, "DELETE", views[0]["id"])
    made(ada)
    problem(send(ada, "POST", views[0]["id"] + "/restore"), 409, "limit_exceeded")
    for _ in range(4):  # of what was ended, the newest can be brought back
        send(ada, "DELETE", listed(ada)["own"][-1]["id"])
        newest = made(ada)["id"]
    assert SavedView.objects.count() <= 4
    send(ada, "DELETE", newest)
    assert send(ada, "POST", f"{newest}/restore").status_code == 200


@each_case(
    ("body", "status", "code", "named"),
    [
        ({"event_types": ["mcp_status"]}, 422, "unknown_event_type", "mcp_status_change"),
        ({"event_types": []}, 400, "invalid_message", "event_types"),
        ({"event_types": "mcp_status_change"}, 400, "invalid_message", "event_types"),
        ({}, 400, "invalid_message", "event_types"),
        ({"filters": {}}, 400, "invalid_message", "event_types"),
        ({**STATUS, "filters": {"nope": 1}}, 422, "unknown_filter", "nope"),
        ({**STATUS, "filters": {"mcp_names": "\0"}}, 422, "invalid_filter", "has a NUL, which cannot be kept"),
        ({**STATUS, "filters": {"severity": ["loud"]}}, 422, "invalid_filter", "loud"),
        ({**STATUS, "filters": []}, 400, "invalid_message", "filters"),
        ({**STATUS, "filters": {"mcp_names": ["x" * 150] * 900}}, 400, "limit_exceeded", "bytes"),
        ({**STATUS, "colour": "mauve"}, 400, "invalid_message", "teal"),
        ({**STATUS, "name": "x" * 81}, 400, "invalid_message", "80"),
        ({**STATUS, "name": "a\nb"}, 400, "invalid_message", "name"),
        ({**STATUS, "muted": 1}, 400, "invalid_message", "muted"),
        ({**STATUS, "alerts": ["siren"]}, 400, "invalid_message", "desktop"),
        ({**STATUS, "alerts": "sound"}, 400, "invalid_message", "desktop"),
        ({**STATUS, "order": -1}, 400, "invalid_message", "order"),
        ({**STATUS, "colours": "red"}, 400, "invalid_message", "“colour”"),
        ([], 400, "invalid_message", "object"),
    ],
)
def test_bad_input_is_named_with_what_is_allowed(ada: Client, body: object, status: int, code: str, named: str) -> None:
    answer = ada.generic("POST", VIEWS, json.dumps(body), content_type="application/json")
    assert named in problem(answer, status, code)["detail"]
    assert listed(ada)["own"] == []


def test_views_are_of_sessions_with_their_csrf_token_and_of_no_token() -> None:
    assert person("bob").get(VIEWS).status_code in (401, 403)
    assert Client().get(VIEWS).status_code in (401, 403)
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(User.objects.create_user("carol"))
    problem(send(careful, "POST", "", STATUS), 403, "forbidden")
