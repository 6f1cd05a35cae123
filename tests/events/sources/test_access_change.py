"""Who may do what, and who changed that: every way in which Django lets access change is told to auditors."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from knox.models import AuthToken

from events.access.token_terms import make_token
from events.models import Event, EventType
from events.sources import access_change, never_raises
from tests.events.admin_forms import errors_of, submit
from tests.events.sources.connected import connected

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files")]


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", password="correct horse")


@pytest.fixture
def operators() -> Group:
    return Group.objects.create(name="operators")


@pytest.fixture(autouse=True)
def _connected(ada: User, operators: Group) -> Iterator[None]:
    with connected(access_change.connect):
        yield


Told = tuple[str, str, Any, Any]  # subject, kind, old, new


def told() -> list[Told]:
    events = [event.payload for event in Event.objects.filter(type="access_change").order_by("pk")]
    return [(each["subject"], each["kind"], each["old"], each["new"]) for each in events]


def actors() -> list[str]:
    return [event.payload["username"] for event in Event.objects.filter(type="access_change").order_by("pk")]


def test_a_new_account_an_inactive_one_and_a_deleted_one() -> None:
    grace = User.objects.create_user("grace")
    grace.is_active = False
    grace.save()
    grace.save()  # changes nothing
    grace.is_active = True
    grace.save(update_fields=["is_active"])
    grace.delete()
    assert told() == [
        ("user grace", "active", False, True),
        ("user grace", "active", True, False),
        ("user grace", "active", False, True),
        ("user grace", "active", True, False),
    ]


def test_a_superuser_gains_roles() -> None:
    User.objects.create_superuser("root")
    assert told() == [("user root", "active", False, True), ("user root", "role", [], ["admin", "staff"])]


def test_joining_and_leaving_a_group_from_either_side(ada: User, operators: Group) -> None:
    ada.groups.add(operators)
    ada.groups.add(operators)  # changes nothing
    operators.user_set.remove(ada)
    operators.user_set.add(ada)
    operators.user_set.clear()
    ada.groups.set([operators])
    ada.groups.clear()
    joins: Told
    leaves: Told
    joins, leaves = ("user ada", "role", [], ["operators"]), ("user ada", "role", ["operators"], [])
    assert told() == [joins, leaves, joins, leaves, joins, leaves]


def test_permissions_of_users_and_of_groups(ada: User, operators: Group) -> None:
    emit = Permission.objects.get(codename="add_event", content_type__app_label="events")
    ada.user_permissions.add(emit)
    operators.permissions.set([emit])
    operators.permissions.clear()
    assert told() == [
        ("user ada", "permission", [], ["events.add_event"]),
        ("group operators", "permission", [], ["events.add_event"]),
        ("group operators", "permission", ["events.add_event"], []),
    ]


def test_who_may_see_an_event_type(operators: Group) -> None:
    EventType.objects.get(pk="user_login").allowed_groups.add(operators)
    assert told() == [("event type user_login", "permission", [], ["operators"])]


def test_an_event_type_opened_to_everybody_and_closed_to_all_but_superusers(operators: Group) -> None:
    event_type = EventType.objects.get(pk="user_login")
    event_type.allowed_groups.add(operators)
    event_type.open_to_everybody()
    event_type.restricted = True
    event_type.save()
    subject = "event type user_login"
    assert told() == [
        (subject, "permission", [], ["operators"]),
        (subject, "permission", ["operators"], []),
        (subject, "permission", [], ["(everybody)"]),
        (subject, "permission", ["(everybody)"], []),
    ]


def test_a_group_renamed_and_deleted(operators: Group) -> None:
    operators.name = "operations"
    operators.save()
    operators.save()
    operators.delete()
    assert told() == [
        ("group operations", "role", ["operators"], ["operations"]),
        ("group operations", "role", ["operations"], []),
    ]


def test_a_token_is_told_of_without_anything_of_it(ada: User) -> None:
    instance, token = AuthToken.objects.create(ada, expiry=timedelta(days=1))
    until = f"(unnamed) of ada (read, emit), valid until {instance.expiry:%Y-%m-%d %H:%M} UTC"
    key, digest = instance.token_key, instance.digest
    instance.delete()
    AuthToken.objects.create(ada, expiry=None)
    assert told() == [
        ("user ada", "token", None, until),
        ("user ada", "token", until, None),
        ("user ada", "token", None, "(unnamed) of ada (read, emit), valid for ever"),
    ]
    for event in Event.objects.all():
        assert not any(secret in event.data for secret in (token, key, digest))


def test_a_token_is_told_of_by_its_name_also_when_its_user_is_deleted(ada: User) -> None:
    make_token(ada, "backup", ["emit"], None)
    User.objects.get(pk=ada.pk).delete()
    backup = "backup of ada (emit), valid for ever"
    assert told()[:2] == [("user ada", "token", None, backup), ("user ada", "token", backup, None)]


def test_a_login_is_no_change_of_access(client: Client, ada: User) -> None:
    client.login(username="ada", password="correct horse")
    assert told() == []


def test_the_event_names_who_did_it(admin_client: Client, ada: User, operators: Group) -> None:
    joined = {"date_joined_0": "2026-01-01", "date_joined_1": "12:00:00"}
    saved = submit(admin_client, f"/admin/auth/user/{ada.pk}/change/", is_active="", groups=[operators.pk], **joined)
    assert saved.redirect_chain, errors_of(saved)
    of_ada = [
        (kind, actor) for (subject, kind, *_), actor in zip(told(), actors(), strict=True) if subject == "user ada"
    ]
    assert of_ada == [("active", "admin"), ("role", "admin")]


def test_what_no_request_does_is_told_as_the_systems(ada: User) -> None:
    ada.delete()
    assert actors() == ["(system)"]


def test_whatever_fails_access_changes(
    ada: User, operators: Group, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(never_raises, "broadcast_events", lambda events: 1 / 0)
    ada.groups.add(operators)
    assert operators in ada.groups.all()
    assert "An event of type access_change could not be broadcast" in caplog.text
