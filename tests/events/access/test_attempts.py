"""Guessing passwords and tokens is slow, keeps nobody else out, and leaves little behind."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken
from pytest_django import Settings

from eventhub.http.handler import THREADS
from events.access import attempts, sign_in
from events.models import FailedAttempt
from tests.waiting import WITHIN_S, eventually

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files")]

HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sign_in, "PAUSE_S", 0.0)
    attempts.forget()
    yield
    attempts.forget()


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice", password="right")


@pytest.fixture
def admin() -> User:
    return User.objects.create_superuser("admin", password="right")


def sign(name: str, password: str, *, address: str = HERE, page: str = "/login/") -> HttpResponse:
    form = {"username": name, "password": password}
    return Client(REMOTE_ADDR=address).post(page, form)  # type: ignore[return-value]


def use(token: str, *, address: str = HERE) -> HttpResponse:
    return Client(REMOTE_ADDR=address).get(  # type: ignore[return-value]
        "/api/v1/events/metadata", headers={"Authorization": f"Bearer {token}"}
    )


def later(seconds: float) -> None:
    """As if all failures had been so much earlier."""
    attempts.forget()
    for row in FailedAttempt.objects.all():
        FailedAttempt.objects.filter(pk=row.pk).update(last=row.last - timedelta(seconds=seconds))


@pytest.mark.parametrize("page", ["/login/", "/admin/login/"])
def test_after_a_few_wrong_passwords_the_right_one_is_refused_until_the_wait_is_over(admin: User, page: str) -> None:
    for _ in range(5):
        assert sign("admin", "wrong", page=page).status_code == 200
    refused = sign("admin", "right", page=page)
    assert refused.status_code == 429
    assert 55 <= int(refused["Retry-After"]) <= 60
    assert "Too many attempts to sign in have failed from your address. Please try again in" in refused.content.decode()
    assert "sessionid" not in refused.cookies
    later(61)
    assert sign("admin", "right", page=page).status_code == 302


def test_the_page_and_the_admin_count_together(admin: User) -> None:
    for page in ("/login/", "/admin/login/", "/login/", "/admin/login/", "/login/"):
        sign("admin", "wrong", page=page)
    assert sign("admin", "right", page="/admin/login/").status_code == 429


def test_nobody_is_locked_out_from_elsewhere(alice: User) -> None:
    for _ in range(6):
        sign("alice", "wrong")
    assert sign("alice", "right").status_code == 429
    assert sign("alice", "right", address=ELSEWHERE).status_code == 302


def test_others_behind_the_same_address_are_not_held_up_by_one_who_has_forgotten_the_password(
    alice: User, admin: User
) -> None:
    for _ in range(6):
        sign("alice", "wrong")
    assert sign("admin", "right").status_code == 302


def test_who_tries_many_names_from_one_address_waits_as_well(alice: User) -> None:
    for number in range(50):
        assert sign(f"nobody{number}", "wrong").status_code == 200
    assert sign("alice", "right").status_code == 429
    assert sign("alice", "right", address=ELSEWHERE).status_code == 302


def test_the_right_password_forgets_the_failures_before_it(alice: User) -> None:
    for _ in range(3):
        for _ in range(4):
            sign("alice", "wrong")
        assert sign("alice", "right").status_code == 302


def test_after_the_wait_each_further_failure_is_followed_by_another_wait(alice: User) -> None:
    for _ in range(5):
        sign("alice", "wrong")
    later(61)
    assert sign("alice", "wrong").status_code == 200
    assert sign("alice", "right").status_code == 429
    later(16 * 60)
    for _ in range(4):
        assert sign("alice", "wrong").status_code == 200
    assert sign("alice", "right").status_code == 302


def test_how_many_and_how_long_are_settings(alice: User, settings: Settings) -> None:
    settings.EVENTHUB_LOGIN_ATTEMPTS, settings.EVENTHUB_LOGIN_DELAY = 2, 300
    for _ in range(2):
        sign("alice", "wrong")
    refused = sign("alice", "right")
    assert refused.status_code == 429
    assert "Please try again in 5 minutes." in refused.content.decode()


def test_all_addresses_of_an_ipv6_network_are_one(alice: User) -> None:
    for number in range(5):
        sign("alice", "wrong", address=f"2001:db8::{number}")
    assert sign("alice", "right", address="2001:db8::ffff").status_code == 429
    assert sign("alice", "right", address="2001:db8:0:1::1").status_code == 302


@pytest.mark.parametrize("jump", [timedelta(hours=-1), timedelta(days=-1), timedelta(hours=1), timedelta(days=1)])
def test_a_clock_that_jumps_keeps_nobody_out(alice: User, jump: timedelta) -> None:
    for _ in range(5):
        sign("alice", "wrong")
    FailedAttempt.objects.update(last=timezone.now() - jump)
    attempts.forget()
    assert sign("alice", "right").status_code == 302


def test_what_is_kept_of_failures_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "MAX_ROWS", 20)
    for number in range(50):
        attempts.failed(attempts.keys_of_password(f"name{number}", f"192.0.2.{number}"))
    assert FailedAttempt.objects.count() <= 21
    later(16 * 60)
    attempts.failed(attempts.keys_of_token(HERE))
    assert FailedAttempt.objects.count() == 1


def test_who_waits_writes_nothing(alice: User) -> None:
    for _ in range(5):
        sign("alice", "wrong")
    before = list(FailedAttempt.objects.values_list("pk", "failures", "last"))
    for _ in range(5):
        sign("alice", "wrong")
    assert list(FailedAttempt.objects.values_list("pk", "failures", "last")) == before


def test_wrong_tokens_are_refused_for_a_while_and_right_ones_are_not(alice: User) -> None:
    token = AuthToken.objects.create(alice)[1]
    statuses = [use("ehub_" + "0" * 64).status_code for _ in range(51)]
    assert statuses == [401] * 50 + [429]
    refused = use("ehub_" + "0" * 64)
    assert int(refused["Retry-After"]) > 50
    assert json.loads(refused.content)["code"] == "too_many_requests"
    assert use(token).status_code == 200
    assert use("ehub_" + "0" * 64, address=ELSEWHERE).status_code == 401


def test_no_more_passwords_are_hashed_at_once_than_delivery_can_bear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "let_go_of_database", lambda: None)  # these threads have none
    turns = sign_in.HashingTurns()
    inside, go_on = threading.Semaphore(0), threading.Event()
    refused: list[int] = []

    def wait_in_line(address: str) -> None:
        try:
            with turns.of(address):
                inside.release()
                go_on.wait(WITHIN_S)
        except sign_in.SignInRefused as error:
            refused.append(error.status)

    threads = [threading.Thread(target=wait_in_line, args=(f"192.0.2.{number}",)) for number in range(20)]
    for thread in threads:
        thread.start()
    assert inside.acquire(timeout=WITHIN_S)
    eventually(lambda: len(refused) == 10)  # the others are in line
    assert not inside.acquire(blocking=False)
    go_on.set()
    for thread in threads:
        thread.join(WITHIN_S)
    assert refused == [503] * 10
    for number in range(20):  # nobody is left in line
        with turns.of(f"192.0.2.{number}"):
            pass


def test_one_address_does_not_fill_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "let_go_of_database", lambda: None)
    monkeypatch.setattr(sign_in, "HASHES_AT_ONCE", sign_in.MAX_WAITING)
    turns = sign_in.HashingTurns()
    with ExitStack() as many:
        for _ in range(sign_in.MAX_WAITING_OF_ADDRESS):
            many.enter_context(turns.of(HERE))
        with pytest.raises(sign_in.SignInRefused), turns.of(HERE):
            pass
        with turns.of(ELSEWHERE):
            pass


def test_those_who_are_kept_waiting_leave_most_threads_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "let_go_of_database", lambda: None)  # these threads have none
    go_on = threading.Event()
    monkeypatch.setattr(sign_in, "time", SimpleNamespace(sleep=lambda seconds: go_on.wait(WITHIN_S)))
    with ThreadPoolExecutor(THREADS) as threads:
        refused = [threads.submit(sign_in.pause) for _ in range(2 * THREADS)]
        try:
            eventually(lambda: sum(each.done() for each in refused) > len(refused) - THREADS // 2)
        finally:
            go_on.set()
