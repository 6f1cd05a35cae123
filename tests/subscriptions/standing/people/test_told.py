"""What a person reads: by the process that delivers, whose clock the tests move; and the link that mutes."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from pytest_django import Settings

from events.log import reading
from events.models import Event, EventType
from subscriptions.models import MessageGroup, Mute, StandingSubscription
from subscriptions.standing.message import Message
from subscriptions.standing.people import mute_link
from subscriptions.standing.requests import operations
from tests.subscriptions.standing.stepped import AGAIN, GONE, STATUS, Stepped, a_standing, an_owner, emit

pytestmark = pytest.mark.usefixtures("unhashed_static_files")

ADDRESS = "olga@example.org"
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _(settings: Settings) -> None:
    settings.EVENTHUB_ALLOWED_ORIGINS = ["https://hub.example.org"]


def a_person(name: str = "olga", **how: Any) -> StandingSubscription:
    owner = an_owner(name)
    owner.email = ADDRESS
    owner.save()
    return a_standing(owner, ADDRESS, kind="mail", secret="", **how)


def went(new_status: str, *names: str, severity: str = "error") -> None:
    emit(*names, new_status=new_status, severity="info" if new_status == "active" else severity)


def wait(stepped: Stepped, duration: timedelta = timedelta()) -> list[Message]:
    """Let time pass; return what was sent meanwhile."""
    before = len(stepped.destinations.messages)
    stepped.step(duration)
    return stepped.destinations.messages[before:]


def test_a_message_says_what_happened_why_it_came_and_where_it_leads(stepped: Stepped) -> None:
    standing = a_person()
    wait(stepped)
    went("inactive", "oracle_mcp", "oracle_mcp")
    assert wait(stepped) == []
    (message,) = wait(stepped, 30 * SECOND)
    assert message.title == "error: oracle_mcp went inactive"
    text = message.body.decode()
    assert text.startswith("error: oracle_mcp went inactive (2 events)\n")
    epoch = reading.epoch()
    assert f"https://hub.example.org/events/e/{epoch}-2\n" in text
    assert f"the delivery “{standing.name}” of olga: {STATUS}" in text
    assert "https://hub.example.org/deliveries\n" in text
    assert "https://hub.example.org/deliveries/mute/" in text


def test_what_ends_is_told_as_resolved_and_several_in_one_message(stepped: Stepped) -> None:
    standing = a_person()
    wait(stepped)
    went("inactive", "a", "b")
    wait(stepped)
    assert [each.title for each in wait(stepped, MINUTE)] == [f"{standing.name}: 2 new"]
    went("active", "a")
    went("inactive", "c")
    wait(stepped)
    (message,) = wait(stepped, 5 * MINUTE)
    assert message.title == f"{standing.name}: 1 new, 1 resolved"
    assert message.body.decode().startswith("resolved: a went active\n")


def test_nothing_is_lost_when_the_process_is_killed_at_any_moment(stepped: Stepped) -> None:
    a_person(group_by="mcp_name", least_severity="error")
    wait(stepped)
    went("inactive", "a")
    stepped.deliver()  # it is not written
    stepped.kill()
    stepped.step()
    stepped.kill()
    wait(stepped)
    stepped.deliver(30 * SECOND)
    assert [each.title for each in stepped.destinations.messages] == ["error: a went inactive"]
    stepped.kill()  # it was sent, and that is not written: at least once
    (again,) = wait(stepped)
    assert again.id == stepped.destinations.messages[0].id
    stepped.kill()
    went("active", "a", "b")  # what begins is gone from the memory, what ends it is told all the same
    wait(stepped)
    assert [each.title for each in wait(stepped, 5 * MINUTE)] == ["resolved: a went active"]
    wait(stepped, 10 * MINUTE)
    assert not MessageGroup.objects.exists()


def test_what_nobody_takes_waits_and_is_suspended_after_three_days_and_comes_when_it_is_resumed(
    stepped: Stepped,
) -> None:
    standing = a_person()
    stepped.destinations.always[ADDRESS] = AGAIN
    wait(stepped)
    went("inactive", "a")
    for _ in range(20):
        wait(stepped, 8 * HOUR)
    standing.refresh_from_db()
    assert standing.state == "suspended"
    stepped.destinations.always.clear()
    operations.resume(standing)
    (message,) = wait(stepped)
    assert message.title == "error: a went inactive"


def test_a_destination_that_wants_no_more_ends_it(stepped: Stepped) -> None:
    standing = a_person()
    stepped.destinations.always[ADDRESS] = GONE
    wait(stepped)
    went("inactive", "a")
    wait(stepped)
    wait(stepped, MINUTE)
    standing.refresh_from_db()
    assert standing.state == "ended"


def test_what_its_owner_may_not_see_any_more_when_it_is_told_is_left_out(stepped: Stepped) -> None:
    standing = a_person()
    owner, group = User.objects.get(), Group.objects.create(name="operators")
    owner.is_superuser = False
    owner.save()
    owner.groups.add(group)
    EventType.objects.filter(pk=STATUS).update(restricted=True)
    EventType.objects.get(pk=STATUS).allowed_groups.add(group)
    standing.change(event_types=[STATUS, "mcp_auto_disabled"])
    wait(stepped)
    went("inactive", "a")
    wait(stepped)
    owner.groups.remove(group)
    assert wait(stepped, MINUTE) == []
    standing.refresh_from_db()
    assert standing.event_types == ["mcp_auto_disabled"]


def test_what_retention_has_deleted_before_it_was_told_makes_no_message(stepped: Stepped) -> None:
    a_person()
    wait(stepped)
    went("inactive", "a")
    wait(stepped)
    Event.objects.all().delete()
    assert wait(stepped, MINUTE) == []
    assert wait(stepped, DAY) == []


def test_another_log_is_told_of_in_words(stepped: Stepped) -> None:
    a_person()
    wait(stepped)
    reading.renew_epoch(reading.epoch())
    (message,) = wait(stepped)
    assert message.title == "Events are missing"
    assert "the log was restored from a backup" in message.body.decode()


def test_mail_to_another_address_needs_a_permission_until_the_end(stepped: Stepped) -> None:
    standing = a_person()
    User.objects.update(is_superuser=False)
    wait(stepped)
    standing.refresh_from_db()
    assert standing.state == "active"
    User.objects.update(email="other@example.org")
    standing.change()
    wait(stepped)
    standing.refresh_from_db()
    assert (standing.state, "mailed to other addresses" in standing.reason) == ("ended", True)


def test_the_link_in_a_message_mutes_its_group_for_an_hour_once_and_only_after_a_question(stepped: Stepped) -> None:
    a_person(group_by="mcp_name")
    wait(stepped)
    went("inactive", "a")
    wait(stepped)
    (message,) = wait(stepped, MINUTE)
    (link,) = re.findall(r"https://hub.example.org(/deliveries/mute/\S+)", message.body.decode())
    anybody = Client(enforce_csrf_checks=True)
    page = anybody.get(link)  # as a program that reads mail does
    assert "Mute" in page.content.decode()
    assert not Mute.objects.exists()
    (token,) = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.content.decode())
    muted = anybody.post(link, {"csrfmiddlewaretoken": token})
    assert "Muted for an hour" in muted.content.decode()
    assert anybody.post(link, {"csrfmiddlewaretoken": token}).status_code == 410
    went("active", "a")
    went("inactive", "b")
    stepped.now = Mute.objects.get().until - HOUR
    assert [each.title for each in (*wait(stepped), *wait(stepped, 30 * MINUTE))] == ["error: b went inactive"]
    assert [each.title for each in wait(stepped, 30 * MINUTE)] == ["resolved: a went active"]


def test_a_link_that_was_changed_or_is_of_a_deleted_delivery_does_not_work(db: None) -> None:
    standing = a_person()
    token = mute_link.token_of(standing.pk, "a")
    assert Client().get(f"/deliveries/mute/{token[:-1]}_").status_code == 410
    assert Client().get(f"/deliveries/mute/{token}").status_code == 200
    standing.delete()
    assert Client().get(f"/deliveries/mute/{token}").status_code == 410
