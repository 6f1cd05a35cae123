"""Logins, logouts and failed logins become events, and never the other way round: no event spoils a login."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from django.contrib.auth import (
    aauthenticate,
    authenticate,
    user_logged_in,
    user_logged_out,
    user_login_failed,
)
from django.contrib.auth.models import Group, User
from django.test import Client, RequestFactory

from events import registry_cache
from events.log.records import LogUnavailable
from events.models import Event, EventType
from events.sources import auth, never_raises

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse"
LOGIN = "/admin/login/"


@pytest.fixture
def ada() -> User:
    user = User.objects.create_user("ada", password=PASSWORD, is_staff=True)
    user.groups.add(Group.objects.create(name="operators"), Group.objects.get(name="auditors"))
    return user


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(auth, "time", clock)
    monkeypatch.setattr(auth, "failures", auth.FailureCounter())
    return clock


def payloads(event_type: str) -> list[dict[str, Any]]:
    return [event.payload for event in Event.objects.filter(type=event_type).order_by("pk")]


def log_in(client: Client, username: str, password: str) -> bool:
    return bool(client.post(LOGIN, {"username": username, "password": password, "next": "/admin/"}).status_code == 302)


def fail_login(username: str, *, tried: str = "wrong", address: str = "10.0.0.1") -> None:
    request = RequestFactory(REMOTE_ADDR=address).post(LOGIN)
    assert authenticate(request, username=username, password=tried) is None


def test_a_login_tells_who_it_was_and_their_roles(client: Client, ada: User) -> None:
    assert log_in(client, "ada", PASSWORD)
    assert payloads("user_login") == [
        {
            "user_id": ada.pk,
            "username": "ada",
            "user_roles": ["staff", "auditors", "operators"],
            "method": "password",
            "severity": "info",
        }
    ]
    assert Event.objects.get().source == "django.auth"


def test_a_superuser_has_the_role_admin(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root"))
    assert payloads("user_login")[0]["user_roles"] == ["admin", "staff"]


def test_a_logout_tells_who_it_was(client: Client, ada: User) -> None:
    client.force_login(ada)
    client.post("/admin/logout/")
    [logout] = payloads("user_logout")
    assert (logout["user_id"], logout["username"]) == (ada.pk, "ada")
    assert logout["user_roles"] == ["staff", "auditors", "operators"]


def test_a_logout_of_nobody_is_no_event(client: Client) -> None:
    client.post("/admin/logout/")
    assert not Event.objects.exists()


def test_a_failed_login_names_a_user_that_exists(ada: User) -> None:
    fail_login("ada")
    assert payloads("login_failed") == [
        {"username": "ada", "ip": "10.0.0.1", "reason": "wrong password", "count": 1, "severity": "warning"}
    ]


def test_a_password_typed_as_username_never_appears(ada: User) -> None:
    fail_login(PASSWORD)
    [failed] = payloads("login_failed")
    assert (failed["username"], failed["reason"]) == ("(unknown)", "no such user")
    assert PASSWORD not in Event.objects.get().data


def test_no_payload_ever_has_the_password(client: Client, ada: User) -> None:
    fail_login("ada", tried="my secret try")
    log_in(client, "ada", PASSWORD)
    assert Event.objects.count() == 2
    assert not [event for event in Event.objects.all() if PASSWORD in event.data or "my secret try" in event.data]


def test_signals_without_request_or_user_are_no_trouble(ada: User) -> None:
    user_logged_in.send(sender=User, request=None, user=ada)
    user_logged_out.send(sender=User, request=None, user=ada)
    user_logged_out.send(sender=User, request=None, user=None)
    user_login_failed.send(sender="django.contrib.auth", credentials={"username": "ada"}, request=None)
    user_login_failed.send(sender="django.contrib.auth", credentials={})
    assert [event.type_id for event in Event.objects.order_by("pk")] == [
        "user_login",
        "user_logout",
        "login_failed",
        "login_failed",
    ]
    assert [failed["ip"] for failed in payloads("login_failed")] == ["", ""]


@pytest.mark.django_db(transaction=True)
async def test_failed_logins_of_async_code_are_told_too() -> None:
    await aauthenticate(username="nobody", password="x")
    assert await Event.objects.filter(type="login_failed").acount() == 1


# --- rate limit ------------------------------------------------------------------------------------------


def test_failures_of_one_name_and_address_are_counted_in_one_event_an_interval(ada: User, clock: Clock) -> None:
    for _ in range(5):
        fail_login("ada")
    assert [failed["count"] for failed in payloads("login_failed")] == [1]
    clock.now += auth.FAILURE_INTERVAL
    fail_login("ada")
    assert [failed["count"] for failed in payloads("login_failed")] == [1, 5]


def test_many_failures_are_an_error(ada: User, clock: Clock) -> None:
    for _ in range(auth.MANY_FAILURES + 1):
        fail_login("ada")
    clock.now += auth.FAILURE_INTERVAL
    fail_login("ada")
    assert [failed["severity"] for failed in payloads("login_failed")] == ["warning", "error"]


def test_names_that_do_not_exist_share_one_event(ada: User) -> None:
    for number in range(5):
        fail_login(f"guess {number}")
    fail_login("ada")
    fail_login("guess", address="10.0.0.2")
    told = [(failed["username"], failed["ip"]) for failed in payloads("login_failed")]
    assert told == [("(unknown)", "10.0.0.1"), ("ada", "10.0.0.1"), ("(unknown)", "10.0.0.2")]


def test_an_attack_from_many_addresses_writes_a_bounded_number_of_events(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    monkeypatch.setattr(auth, "MAX_TRACKED", 3)
    for number in range(20):
        fail_login("guess", address=f"10.0.0.{number}")
    assert len(payloads("login_failed")) == 3 + 1  # each tracked one, and all others together
    clock.now += auth.FAILURE_INTERVAL
    fail_login("guess", address="10.0.1.1")
    assert len(payloads("login_failed")) == 5


# --- nothing breaks a login ------------------------------------------------------------------------------


def raising(error: Exception) -> Callable[..., Any]:
    def fail(*args: object, **kwargs: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize("error", [LogUnavailable(), RuntimeError("anything"), ValueError("a name with a NUL")])
@pytest.mark.parametrize(("module", "broken"), [(never_raises, "broadcast_events"), (auth, "roles_of")])
def test_whatever_fails_a_login_succeeds(
    client: Client,
    ada: User,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    module: ModuleType,
    broken: str,
) -> None:
    monkeypatch.setattr(module, broken, raising(error))
    assert log_in(client, "ada", PASSWORD)
    assert "An event of type user_login could not be broadcast" in caplog.text


def test_a_type_that_an_admin_made_inactive_or_removed_keeps_nobody_out(
    client: Client, ada: User, caplog: pytest.LogCaptureFixture
) -> None:
    EventType.objects.filter(pk="user_login").update(is_active=False)
    assert log_in(client, "ada", PASSWORD)
    EventType.objects.filter(pk="user_login").delete()
    registry_cache.refresh()
    assert log_in(client, "ada", PASSWORD)
    assert caplog.text.count("could not be broadcast") == 1  # that it is gone; inactive is what the admin wants


def test_an_error_at_a_failed_login_is_logged_without_what_was_typed(
    ada: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(auth, "get_user_model", raising(RuntimeError("gone")))
    fail_login(PASSWORD)
    assert "An event of type login_failed could not be broadcast" in caplog.text
    assert PASSWORD not in caplog.text
