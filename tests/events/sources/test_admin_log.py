"""What people do in the admin becomes events: by whom, of what, and of values nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.test import Client

from events import registry_cache
from events.models import Category, Event, EventType
from events.sources import admin_log, never_raises
from tests.events.admin_forms import errors_of, submit
from tests.events.sources.connected import connected

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files")]


@pytest.fixture(autouse=True)
def _connected(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(LogEntry.objects, "_queryset_class", LogEntry.objects._queryset_class)  # type: ignore[attr-defined]
    with connected(admin_log.connect):
        yield


def payloads(event_type: str) -> list[dict[str, Any]]:
    return [event.payload for event in Event.objects.filter(type=event_type).order_by("pk")]


def test_a_change_names_who_what_and_the_fields_but_never_their_values(admin_client: Client) -> None:
    page = "/admin/events/category/mcp/change/"
    saved = submit(admin_client, page, label="A secret label")
    assert saved.redirect_chain, errors_of(saved)
    [action] = payloads("user_action")
    assert action == {
        "action_type": "changed",
        "target_type": "category",
        "target_id": "mcp",
        "target_name": str(Category.objects.get(pk="mcp")),
        "username": "admin",
        "user_roles": ["admin", "staff"],
        "severity": "info",
    }
    [change] = payloads("config_change")
    assert (change["model"], change["action"], change["object_id"]) == ("category", "changed", "mcp")
    assert change["changed_fields"] == ["Label"]
    assert change["username"] == "admin"
    assert Event.objects.filter(type="user_action").get().source == "admin:admin"


def test_an_addition_and_a_deletion_are_told(admin_client: Client) -> None:
    submit(admin_client, "/admin/auth/group/add/", name="operators")
    group = Group.objects.get(name="operators")
    admin_client.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"})
    assert [(each["action_type"], each["severity"]) for each in payloads("user_action")] == [
        ("added", "info"),
        ("deleted", "warning"),
    ]
    assert [(each["model"], each["action"]) for each in payloads("config_change")] == [
        ("group", "added"),
        ("group", "deleted"),
    ]


def test_an_action_on_many_rows_tells_of_each(admin_client: Client) -> None:
    groups = [Group.objects.create(name=f"group {number}") for number in range(3)]
    form = {"action": "delete_selected", "_selected_action": [group.pk for group in groups], "post": "yes"}
    admin_client.post("/admin/auth/group/", form)
    assert not Group.objects.filter(name__startswith="group ").exists()
    assert {each["target_name"] for each in payloads("user_action")} == {"group 0", "group 1", "group 2"}
    assert len(payloads("config_change")) == 3


def test_rows_edited_inside_another_are_named_by_what_they_are(admin_client: Client) -> None:
    entry_message = (
        '[{"changed": {"fields": ["Label"]}}, {"added": {"name": "filterable field", "object": "order_paid: secret"}},'
        ' {"changed": {"name": "filterable field", "object": "secret", "fields": ["Help text"]}}]'
    )
    assert admin_log.changed_fields(entry_message) == [
        "Label",
        "filterable field added",
        "filterable field: Help text",
    ]


@pytest.mark.parametrize("message", ["", "Changed password.", "[broken", '{"a": 1}', "[]", '[{"added": {}}]'])
def test_a_message_that_names_no_fields_is_no_trouble(message: str) -> None:
    assert admin_log.changed_fields(message) == []


def test_what_is_no_configuration_is_a_user_action_only(admin_client: Client, admin_user: User) -> None:
    LogEntry.objects.log_actions(admin_user.pk, User.objects.filter(pk=admin_user.pk), 2)
    LogEntry.objects.create(user=admin_user, object_id="1", object_repr="gone", action_flag=3)
    assert [each["target_type"] for each in payloads("user_action")] == ["user", "(unknown)"]
    assert [each["model"] for each in payloads("config_change")] == ["user"]


def test_a_change_that_is_rolled_back_is_not_told(admin_user: User) -> None:
    with transaction.atomic():
        LogEntry.objects.log_actions(admin_user.pk, User.objects.all(), 2)
        transaction.set_rollback(True)
    assert not Event.objects.exists()


def test_whatever_fails_the_admin_saves(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(never_raises, "broadcast_events", lambda events: 1 / 0)
    submit(admin_client, "/admin/auth/group/add/", name="operators")
    assert Group.objects.filter(name="operators").exists()
    assert "An event of type user_action could not be broadcast" in caplog.text


def test_a_type_that_an_admin_made_inactive_is_not_told_and_the_other_is(
    admin_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    EventType.objects.filter(pk="user_action").update(is_active=False)
    registry_cache.refresh()
    submit(admin_client, "/admin/auth/group/add/", name="operators")
    assert (payloads("user_action"), len(payloads("config_change"))) == ([], 1)
    assert "could not be broadcast" not in caplog.text
