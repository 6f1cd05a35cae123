"""An agent is woken by webhooks: verified, signed, in order, until it does not refresh, or its access ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken
from pytest_django import Settings

from events.core.moment import parse_moment
from events.log import reading
from events.models import EventType, FieldOption, Revision
from subscriptions.models import AgentSubscription, DeliveryLease, StandingSubscription
from subscriptions.protocol import mcp_events
from tests.subscriptions.agents.calling import STATUS, Agent, a_user, agent_of, restrict
from tests.subscriptions.agents.host import OTHER_SECRET, SECRET, Host, is_signed
from tests.subscriptions.standing.stepped import Stepped, emit
from tests.waiting import aeventually

pytestmark = pytest.mark.django_db


def asking(host: Host, **more: Any) -> dict[str, Any]:
    delivery = {"mode": "webhook", "url": host.url, "secret": more.pop("secret", SECRET)}
    return {"name": STATUS, "arguments": {"severity": ["error"]}, "delivery": delivery, "cursor": None, **more}


def names(host: Host) -> list[str]:
    return [each.event["data"]["mcp_name"] for each in host.of_kind(None)]


def test_a_handle_is_the_one_that_the_standard_s_example_has() -> None:
    arguments = {"service": ["billing", "search"]}
    handle = mcp_events.handle_of("42", "https://hooks.example.net/in/7", "deploy_finished", arguments)
    assert handle == "sub_33db628dbd5c3af48cb4fb740a3a5d6f"
    of = [mcp_events.handle_of("42", "https://a", "b", {"n": number, "m": 1}) for number in (1, 1.0, [1])]
    assert of[0] == of[1] != of[2]


def test_it_is_verified_signed_and_delivered_in_order(agent: Agent, host: Host, deliver: Stepped) -> None:
    emit("before")
    made = agent.result("events/subscribe", **asking(host))
    (challenge,) = host.of_kind("verification")
    assert is_signed(challenge)
    assert challenge.headers["x-mcp-subscription-id"] == made["id"]
    emit("a", "b")
    emit("calm", severity="info")
    deliver.step()
    assert names(host) == ["a", "b"]
    for got in host.of_kind(None):
        assert is_signed(got)
        assert got.headers["webhook-id"] == got.event["eventId"] == got.event["cursor"]
        assert got.headers["x-mcp-subscription-id"] == made["id"]
    again = agent.result("events/subscribe", **asking(host))
    assert again["id"] == made["id"]
    assert again["cursor"] == str(reading.head())  # the watermark, which has passed what was not asked for
    emit("c")
    waiting = agent.result("events/subscribe", **asking(host))
    assert waiting["cursor"] == again["cursor"]  # a null cursor does not jump over what is still to be sent
    assert again["deliveryStatus"]["active"]
    assert again["deliveryStatus"]["lastDeliveryAt"]
    assert len(host.of_kind("verification")) == 1  # it is known
    assert StandingSubscription.objects.count() == 1


def test_both_secrets_sign_after_a_refresh_with_another(agent: Agent, host: Host, deliver: Stepped) -> None:
    agent.result("events/subscribe", **asking(host))
    agent.result("events/subscribe", **asking(host, secret=OTHER_SECRET))
    emit("a")
    deliver.step()
    (got,) = host.of_kind(None)
    assert is_signed(got, SECRET)
    assert is_signed(got, OTHER_SECRET)


@pytest.mark.parametrize("behaviour", ["gone", "too_large"])
def test_an_event_that_is_not_wanted_is_given_up_and_the_next_one_comes(
    agent: Agent, host: Host, deliver: Stepped, behaviour: str
) -> None:
    agent.result("events/subscribe", **asking(host))
    host.behaves = lambda got: behaviour if got.event.get("data", {}).get("mcp_name") == "a" else ""
    emit("a", "b")
    deliver.step()
    assert names(host) == ["a", "b"]


def test_what_failed_is_told_by_its_kind_and_comes_again_in_order(agent: Agent, host: Host, deliver: Stepped) -> None:
    agent.result("events/subscribe", **asking(host))
    host.always("fails")
    emit("a", "b")
    deliver.step()
    assert agent.result("events/subscribe", **asking(host))["deliveryStatus"]["lastError"] == "http_5xx"
    host.always("")
    deliver.step(timedelta(minutes=1))
    assert names(host) == ["a", "a", "b"]
    assert agent.result("events/subscribe", **asking(host))["deliveryStatus"]["lastError"] is None


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        ({}, timedelta(hours=24)),
        ({"ttlMs": None}, timedelta(hours=24)),
        ({"ttlMs": 1}, timedelta(minutes=5)),
        ({"ttlMs": 3_600_000}, timedelta(hours=1)),
        ({"ttlMs": 10**30}, timedelta(hours=24)),
    ],
)
def test_it_lasts_as_long_as_asked_within_bounds(
    agent: Agent, host: Host, asked: dict[str, Any], granted: timedelta
) -> None:
    began = timezone.now()
    until = parse_moment(agent.result("events/subscribe", **asking(host, **asked))["refreshBefore"]).first
    assert began + granted - timedelta(seconds=1) <= until <= timezone.now() + granted


def test_one_that_is_not_refreshed_ends_and_begins_anew(agent: Agent, host: Host, deliver: Stepped) -> None:
    made = agent.result("events/subscribe", **asking(host))
    deliver.step()
    AgentSubscription.objects.update(expires_at=deliver.now - timedelta(seconds=1))  # the clock of the process
    DeliveryLease.bump()  # all is read anew, as it is once a minute
    emit("missed")
    deliver.step()
    assert names(host) == []
    anew = agent.result("events/subscribe", **asking(host, cursor=made["cursor"]))
    assert (anew["id"], anew["truncated"]) == (made["id"], False)
    deliver.step()
    assert names(host) == ["missed"]  # since it had kept its cursor


def leave_group(user: User) -> None:
    restrict(STATUS)


def revoke_token(user: User) -> None:
    AuthToken.objects.filter(user=user).delete()


def take_permission(user: User) -> None:
    user.user_permissions.clear()


def deactivate_type(user: User) -> None:
    event_type = EventType.objects.get(pk=STATUS)
    event_type.is_active = False
    event_type.save()


def take_option(user: User) -> None:
    FieldOption.objects.filter(field__event_type=STATUS, value="inactive").delete()
    Revision.bump_registry()


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (leave_group, mcp_events.FORBIDDEN),
        (revoke_token, mcp_events.FORBIDDEN),
        (take_permission, mcp_events.FORBIDDEN),
        (deactivate_type, mcp_events.NOT_FOUND),
        (take_option, mcp_events.UNSUPPORTED),
    ],
)
def test_it_ends_when_it_may_or_can_be_served_no_longer_and_says_why(
    user: User, agent: Agent, host: Host, deliver: Stepped, end: Any, code: int
) -> None:
    arguments = {"new_status": "inactive"}
    agent.result("events/subscribe", **asking(host, arguments=arguments))
    deliver.step()
    end(user)
    emit_quietly()
    deliver.step()
    deliver.loop.run(told(deliver))
    (farewell,) = host.of_kind("terminated")
    assert is_signed(farewell)
    assert farewell.event["error"]["code"] == code
    assert names(host) == []
    DeliveryLease.bump()
    deliver.step()
    assert not StandingSubscription.objects.exists()  # with its secret


def emit_quietly() -> None:
    """Log an event of the type, whatever has become of it."""
    if EventType.objects.get(pk=STATUS).is_active and FieldOption.objects.filter(value="inactive").exists():
        emit("secret")


async def told(deliver: Stepped) -> None:
    await aeventually(lambda: not deliver.leader.deliveries.attempts.under_way)


def test_a_new_option_label_or_type_ends_nothing(agent: Agent, host: Host, deliver: Stepped) -> None:
    agent.result("events/subscribe", **asking(host, arguments={"new_status": "inactive"}))
    deliver.step()
    option = FieldOption.objects.filter(field__event_type=STATUS, value="inactive").first()
    assert option is not None
    FieldOption.objects.create(field=option.field, value="asleep", label="Asleep", order=9)
    event_type = EventType.objects.get(pk=STATUS)
    event_type.label = "Another label"
    event_type.save()
    emit("a")
    deliver.step()
    assert names(host) == ["a"]
    assert host.of_kind("terminated") == []


def test_an_address_that_does_not_answer_the_challenge_gets_nothing(agent: Agent, host: Host) -> None:
    host.challenge = "something else"
    error = agent.error("events/subscribe", **asking(host))
    assert (error["code"], error["data"]) == (mcp_events.CALLBACK_ENDPOINT, {"reason": "challenge_failed"})
    host.always("fails")
    assert agent.error("events/subscribe", **asking(host))["data"] == {"reason": "http_5xx"}
    assert not StandingSubscription.objects.exists()


def with_delivery(**changed: Any) -> dict[str, Any]:
    delivery = {"mode": "webhook", "url": "https://93.184.215.14/hook", "secret": SECRET}
    return {"name": STATUS, "delivery": {**delivery, **changed}}


@pytest.mark.parametrize(
    ("params", "code", "named"),
    [
        ({"name": STATUS}, mcp_events.INVALID_PARAMS, "delivery"),
        (with_delivery(mode="push"), mcp_events.UNSUPPORTED, "push"),
        (with_delivery(secret="short"), mcp_events.INVALID_PARAMS, "delivery.secret"),
        (with_delivery(secret="env:EVENTHUB_DESTINATION_X"), mcp_events.INVALID_PARAMS, "delivery.secret"),
        (with_delivery(url="http://93.184.215.14/"), mcp_events.INVALID_PARAMS, "https"),
        (with_delivery(url="https://10.0.0.1/"), mcp_events.INVALID_PARAMS, "not a public address"),
        (with_delivery(url="https://u:p@93.184.215.14/"), mcp_events.INVALID_PARAMS, "user name"),
        (with_delivery(url="https://93.184.215.14/#x"), mcp_events.INVALID_PARAMS, "fragment"),
        ({**with_delivery(), "name": "nothing"}, mcp_events.NOT_FOUND, "nothing"),
        ({**with_delivery(), "arguments": {"colour": 1}}, mcp_events.INVALID_PARAMS, "colour"),
        (
            {**with_delivery(), "name": "system_error", "arguments": {"component": [str(n) for n in range(21)]}},
            mcp_events.RESOURCE_EXHAUSTED,
            "arguments: 21 values",
        ),
        ({**with_delivery(), "arguments": {"mcp_names": "\0"}}, mcp_events.INVALID_PARAMS, "has a NUL"),
    ],
)
def test_a_bad_subscription_is_refused_in_a_sentence(
    agent: Agent, params: dict[str, Any], code: int, named: str
) -> None:
    error = agent.error("events/subscribe", **params)
    assert error["code"] == code
    assert named in error["message"]
    assert SECRET not in error["message"]


def test_who_may_not_use_webhooks_is_told_so_and_not_offered_any(host: Host) -> None:
    agent = agent_of(a_user("alice"))
    error = agent.error("events/subscribe", **asking(host))
    assert error["code"] == mcp_events.FORBIDDEN
    assert {tuple(each["delivery"]) for each in agent.result("events/list")["events"]} == {("poll", "push")}
    assert host.got == []


def test_more_than_a_user_may_have_are_refused(agent: Agent, host: Host, settings: Settings) -> None:
    settings.EVENTHUB_STANDING_PER_USER = 1
    agent.result("events/subscribe", **asking(host))
    error = agent.error("events/subscribe", **asking(host, arguments={}))
    assert error["code"] == mcp_events.RESOURCE_EXHAUSTED
    agent.result("events/subscribe", **asking(host))  # a refresh is none more


def test_unsubscribing_twice_is_the_same_as_once_and_needs_no_access(agent: Agent, host: Host) -> None:
    agent.result("events/subscribe", **asking(host))
    restrict(STATUS)
    ended = {"name": STATUS, "arguments": {"severity": ["error"]}, "delivery": {"url": host.url}}
    for _ in range(2):
        assert agent.result("events/unsubscribe", **ended)["resultType"] == "complete"
    assert not StandingSubscription.objects.exists()


def test_the_page_offers_of_an_agent_s_subscription_only_what_its_user_can_do(
    agent: Agent, user: User, host: Host, unhashed_static_files: None
) -> None:
    agent.result("events/subscribe", **asking(host))
    browser = Client()
    browser.force_login(user)
    page = browser.get("/deliveries").content.decode()
    assert f"Pause {STATUS}" in page
    assert "Send test" not in page
    assert "New secret" not in page
