"""Sending an event by hand from the admin's page of its type."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils.html import strip_tags

from events import ingest
from events.broadcast import InvalidData
from events.core.problems import Problem
from events.models import Event, EventField, EventType, FieldOption
from tests.events.admin_forms import messages_of, submit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files", "unread_pages")]


def form_of(type_id: str) -> str:
    return f"/admin/events/eventtype/{type_id}/test-event/"


def last() -> Event:
    event = Event.objects.exclude(type="user_login").last()
    assert event is not None
    return event


@pytest.fixture
def tester(client: Client) -> Client:
    """Somebody who may enter the admin and emit events."""
    user = User.objects.create_user("tess", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="add_event"))
    client.force_login(user)
    return client


def test_a_form_is_made_of_the_fields_of_the_type_and_of_its_summary_line(tester: Client) -> None:
    form = tester.get(form_of("mcp_auto_disabled")).context["form"]
    assert list(form.fields) == ["severity", "mcp_name", "failure_cycles"]
    assert form.fields["severity"].choices == [("critical", "critical")]
    form = tester.get(form_of("mcp_status_change")).context["form"]
    assert [value for value, _ in form.fields["new_status"].choices] == ["active", "inactive"]


def test_an_event_is_shown_before_it_is_sent_and_then_logged_with_who_sent_it(tester: Client) -> None:
    filled_in = {"data-severity": "error", "data-mcp_name": "oracle_mcp", "data-new_status": ["inactive"]}
    asked = tester.post(form_of("mcp_status_change"), filled_in)
    assert "oracle_mcp went inactive" in strip_tags(asked.content.decode())
    assert not Event.objects.exclude(type="user_login").exists()

    sent = tester.post(form_of("mcp_status_change"), {**filled_in, "send": "Send it"}, follow=True)

    event = last()
    assert event.payload == {"severity": "error", "mcp_name": "oracle_mcp", "new_status": "inactive"}
    assert event.source == "admin:tess"
    (message,) = messages_of(sent)
    assert (
        "/events?tab=mcp&amp;event_type=mcp_status_change&amp;filter.mcp_names=oracle_mcp&amp;filter.new_status=inactive"
        "&amp;filter.severity=error" in message
    )


def test_a_second_click_sends_nothing_twice(tester: Client) -> None:
    filled_in = {"data-severity": "info", "data-mcp_name": "oracle_mcp"}
    key = tester.post(form_of("mcp_status_change"), filled_in).context["key"]
    for _ in range(2):
        tester.post(form_of("mcp_status_change"), {**filled_in, "key": key, "send": "Send it"})
    assert Event.objects.filter(type="mcp_status_change").count() == 1
    other = tester.post(form_of("mcp_status_change"), {**filled_in, "data-severity": "error", "key": key, "send": "1"})
    assert "stands for another event" in str(other.context["form"].errors)


def test_numbers_and_several_options_are_sent_as_such(tester: Client) -> None:
    EventField.objects.filter(name="user_roles").update(options_source="static")
    for field in EventField.objects.filter(name="user_roles", event_type="user_logout"):
        FieldOption.objects.bulk_create(FieldOption(field=field, value=value) for value in ("dev", "ops"))
    tester.post(form_of("user_logout"), {"data-severity": "info", "data-user_roles": ["dev", "ops"], "send": "1"})
    assert last().payload["user_roles"] == ["dev", "ops"]
    filled_in = {"data-severity": "critical", "data-failure_cycles": "3", "send": "1"}
    tester.post(form_of("mcp_auto_disabled"), filled_in)
    assert last().payload["failure_cycles"] == 3


@pytest.mark.parametrize(
    ("type_id", "filled_in", "member", "message"),
    [
        ("mcp_status_change", {"data-severity": "loud"}, "severity", "loud is not one of the available choices"),
        ("mcp_auto_disabled", {"data-severity": "critical", "data-failure_cycles": "x"}, "failure_cycles", "a number"),
        ("mcp_status_change", {"data-severity": "info", "data-mcp_name": "x" * 70_000}, None, "at most 65,536"),
    ],
)
def test_a_mistake_is_shown_at_its_input_and_nothing_is_sent(
    tester: Client, type_id: str, filled_in: dict[str, str], member: str | None, message: str
) -> None:
    refused = tester.post(form_of(type_id), {**filled_in, "send": "1"})
    errors = refused.context["form"].errors
    assert message in " ".join(errors[member or "__all__"])
    assert not Event.objects.exclude(type="user_login").exists()


def test_what_the_registry_refuses_of_a_member_is_shown_at_its_input(
    tester: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The options change between the page and the click."""

    def refuse(*_: Any) -> Any:
        raise InvalidData([Problem("data.new_status", '"asleep" is not an option; allowed: active')])

    monkeypatch.setattr(ingest, "emit", refuse)
    refused = tester.post(form_of("mcp_status_change"), {"data-severity": "info", "send": "1"})
    assert "is not an option; allowed: active" in refused.context["form"].errors["new_status"][0]


def test_an_event_of_a_type_that_is_not_logged_is_said_to_be_sent_only(tester: Client) -> None:
    EventType.objects.filter(pk="mcp_health_check").update(retention_days=0)
    sent = tester.post(form_of("mcp_health_check"), {"data-severity": "info", "send": "1"}, follow=True)
    assert "this type is not logged" in messages_of(sent)[0]
    assert not Event.objects.exclude(type="user_login").exists()


def test_who_may_not_emit_sees_neither_button_nor_form(client: Client, admin_client: Client) -> None:
    page = "/admin/events/eventtype/user_logout/change/"
    assert "Send test event" in admin_client.get(page).content.decode()
    user = User.objects.create_user("looker", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_eventtype", "change_eventtype"]))
    client.force_login(user)
    assert "Send test event" not in client.get(page).content.decode()
    assert client.get(form_of("user_logout")).status_code == 403
    assert client.post(form_of("user_logout"), {"data-severity": "info", "send": "1"}).status_code == 403
    assert not Event.objects.filter(type="user_logout").exists()


def test_a_type_that_one_may_not_see_is_as_one_that_does_not_exist(tester: Client) -> None:
    assert tester.get(form_of("login_failed")).status_code == tester.get(form_of("no_such_type")).status_code == 404


def test_nobody_sends_an_event_of_a_type_that_only_its_sources_emit(admin_client: Client) -> None:
    assert "Send test event" not in admin_client.get("/admin/events/eventtype/login_failed/change/").content.decode()
    page = admin_client.post(form_of("login_failed"), {"data-severity": "error", "send": "1"})
    assert "own sources send events of this type" in page.content.decode()
    assert not Event.objects.filter(type="login_failed").exists()


def test_after_saving_a_type_a_test_event_is_one_click_away(admin_client: Client) -> None:
    saved = submit(admin_client, "/admin/events/eventtype/user_logout/change/", label="Went away")
    (message,) = (text for text in messages_of(saved) if "Live now" in text)
    assert f'<a href="{form_of("user_logout")}">Send test event</a> · <a href="/events?' in message
