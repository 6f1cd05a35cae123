"""The groups of a new installation: each may what its name says, and admins may change them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from knox.models import AuthToken

from eventhub.local.first_run import make_people
from eventhub.local.roles import ROLES
from events import registry_cache
from events.access import policy
from events.models import Event
from events.sources import access_change
from tests.events.sources.connected import connected

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files")]

TYPES, LOG, SERVERS = "/admin/events/eventtype/", "/admin/events/event/", "/admin/mcp/mcpserver/"
BINDINGS, USERS, TOKENS = "/admin/mcp/secretbinding/", "/admin/auth/user/", "/admin/knox/authtoken/"
PLACES = (TYPES, LOG, SERVERS, BINDINGS, USERS, TOKENS)
EVENT = {"type": "mcp_status_change", "data": {"mcp_name": "a", "new_status": "active"}}


@pytest.fixture
def _connected() -> Iterator[None]:
    with connected(access_change.connect):
        yield


def member_of_group(group: str) -> User:
    user = User.objects.create_user(f"one of the {group}", is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    return user


def member_of(group: str) -> Client:
    client = Client()
    client.force_login(member_of_group(group))
    return client


@pytest.mark.parametrize(
    ("group", "sees", "adds", "emits"),
    [
        ("watchers", {TYPES, LOG, SERVERS}, set(), False),
        ("emitters", set(), set(), True),
        ("fleet admins", {SERVERS, BINDINGS}, {SERVERS, TYPES}, False),
    ],
)
def test_each_role_may_what_its_name_says(group: str, sees: set[str], adds: set[str], emits: bool) -> None:
    make_people()
    client = member_of(group)
    assert {place for place in PLACES if client.get(place).status_code == 200} == sees
    assert {place for place in PLACES if client.get(f"{place}add/").status_code == 200} == adds
    answer = client.post("/api/v1/events/", EVENT, content_type="application/json")
    assert answer.status_code == (201 if emits else 403)


def test_a_group_that_is_there_is_left_as_it_is() -> None:
    Group.objects.create(name="watchers")
    make_people()
    assert not Group.objects.get(name="watchers").permissions.exists()


def test_an_installation_that_has_an_admin_gets_no_groups() -> None:
    User.objects.create_superuser("root")
    assert make_people() is None
    assert not Group.objects.filter(name__in=ROLES).exists()


def test_the_first_token_lasts_for_ever_where_tokens_do(settings: Any) -> None:
    settings.REST_KNOX = {**settings.REST_KNOX, "TOKEN_TTL": None}
    make_people()
    assert AuthToken.objects.get().expiry is None


@pytest.mark.usefixtures("_connected")
def test_the_log_does_not_begin_with_what_nobody_has_given() -> None:
    make_people()
    subjects = {event.payload["subject"] for event in Event.objects.filter(type="access_change")}
    assert subjects == set()


def test_events_about_people_are_for_staff_and_for_who_has_the_first_token() -> None:
    make_people()
    seen = {
        name: set(policy.scopes_of(policy.viewer_of(user), registry_cache.refresh()))
        for name, user in {
            "nobody": User.objects.create_user("nobody"),
            "demo": User.objects.get(username="demo"),
            "auditor": member_of_group("auditors"),
        }.items()
    }
    about_people = {"user_login", "user_action", "user_logout"}
    assert not about_people & seen["nobody"]
    assert "mcp_status_change" in seen["nobody"]
    assert about_people <= seen["demo"]
    assert about_people | {"access_change"} <= seen["auditor"]
    assert "access_change" not in seen["demo"]
