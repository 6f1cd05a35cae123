"""What others may try with OAuth: to have a person sent elsewhere, to use the code of another, or to use one twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken
from pytest_django import Settings

from events.access import attempts
from events.models import TokenTerms
from subscriptions.models import AuthorizationCode
from tests.subscriptions.agents.calling import Agent, a_user
from tests.subscriptions.agents.oauth.signing_in import (
    CHALLENGE,
    CLIENT_ID,
    ON_MACHINE,
    REDIRECT,
    RESOURCE,
    VERIFIER,
    Person,
    back_of,
    exchange,
    hidden_in,
    link_back,
)
from tests.waiting import eventually

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files")]
T = TypeVar("T")
OTHER_CLIENT = "https://other.example/client.json"


@pytest.mark.parametrize(
    "wrong",
    [
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": f"{REDIRECT}/more"},
        {"redirect_uri": f"{REDIRECT}?more=1"},
        {"redirect_uri": f"{REDIRECT}#part"},
        {"redirect_uri": "https://agents.example:444/callback"},
        {"redirect_uri": "https://agents.example@evil.example/callback"},
        {"redirect_uri": "http://127.0.0.1.evil.example/callback"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "/callback"},
        {"redirect_uri": ""},
        {"redirect_uri": [REDIRECT, "https://evil.example/"]},
        {"client_id": ""},
        {"client_id": "agents"},
        {"client_id": [CLIENT_ID, OTHER_CLIENT]},
        {"state": ["one", "two"]},
    ],
)
def test_nobody_is_sent_to_an_address_that_the_program_does_not_list(person: Person, wrong: dict[str, Any]) -> None:
    page = person.opens(**wrong)
    assert page.status_code == 400
    assert b'rel="noreferrer"' not in page.content
    sent = {"decision": "allow", "valid_for": "30", **hidden_in(person.opens())}
    posted = person.client.post(person.address(**wrong), sent, secure=True)
    assert posted.status_code == 400
    assert not AuthorizationCode.objects.exists()


@pytest.mark.parametrize("port", [":1", ":65535", ""])
def test_a_program_on_ones_own_machine_listens_at_any_port(person: Person, port: str) -> None:
    address = ON_MACHINE.replace("127.0.0.1", f"127.0.0.1{port}")
    assert back_of(person.answers(redirect_uri=address)).address == address
    assert b"on your own computer" in person.opens(redirect_uri=address).content


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": CHALLENGE[:-1]}, "invalid_request"),
        ({"code_challenge": f"{CHALLENGE}é"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unauthorized_client"),
        ({"response_type": ""}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": "read admin"}, "invalid_scope"),
        ({"resource": "https://other.example/mcp"}, "invalid_target"),
        ({"resource": "https://testserver/api"}, "invalid_target"),
        ({"resource": "https://[testserver/mcp"}, "invalid_target"),
        ({"resource": [RESOURCE, "https://other.example/mcp"]}, "invalid_target"),
    ],
)
def test_what_is_asked_wrongly_gets_no_code_and_only_a_person_tells_the_program(
    person: Person, wrong: dict[str, Any], error: str
) -> None:
    page = person.opens(**wrong)
    assert page.status_code == 400
    back = link_back(page)
    assert (back.address, back.told["error"]) == (REDIRECT, error)
    assert (back.told["state"], back.told["iss"]) == ("s ~1&=", "https://testserver")
    assert "code" not in back.told


def test_before_somebody_signs_in_no_program_is_asked_for_anything(read: list[str]) -> None:
    stranger = Person()
    answer = stranger.opens(redirect_uri="https://evil.example/")
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/login/")
    assert not read


def test_only_the_person_who_was_asked_can_allow_it(person: Person) -> None:
    foreign = Client(enforce_csrf_checks=True, headers={"Origin": "https://evil.example"})
    foreign.cookies = person.client.cookies
    assert foreign.post(person.address(), {"decision": "allow", "valid_for": "30"}, secure=True).status_code == 403
    sent = {"decision": "allow", "valid_for": "30", **hidden_in(person.opens())}
    person.client.force_login(a_user("another"))
    page = person.client.post(person.address(), sent, secure=True)
    assert (page.status_code, hidden_in(page)["asked"]) == (200, "another")
    assert not AuthorizationCode.objects.exists()


def test_the_page_is_shown_in_no_frame_and_leads_only_to_the_program(person: Person) -> None:
    page = person.opens()
    assert page["X-Frame-Options"] == "DENY"
    policy = dict(each.strip().split(" ", 1) for each in page["Content-Security-Policy"].split(";"))
    assert policy["frame-ancestors"] == "'none'"
    assert policy["form-action"] == "'self' https://agents.example"
    assert policy["script-src"] == "'self'"


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"client_id": OTHER_CLIENT}, "invalid_grant"),
        ({"redirect_uri": ON_MACHINE}, "invalid_grant"),
        ({"redirect_uri": ""}, "invalid_request"),
        ({"code_verifier": "w" * 64}, "invalid_grant"),
    ],
)
def test_a_code_is_worth_nothing_to_others_and_nothing_after_they_have_tried(
    person: Person, wrong: dict[str, str], error: str
) -> None:
    code = person.allows()
    status, answer = exchange(code, **wrong)
    assert (status, answer["error"]) == (400, error)
    assert exchange(code)[1]["error"] == "invalid_grant"
    assert not AuthToken.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"code_verifier": ""}, "invalid_request"),
        ({"code_verifier": CHALLENGE[:42]}, "invalid_request"),
        ({"client_id": ""}, "invalid_request"),
        ({"code": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, "unsupported_grant_type"),
        ({"resource": "https://other.example/mcp"}, "invalid_target"),
    ],
)
def test_what_a_program_forgets_it_can_mend(person: Person, wrong: dict[str, str], error: str) -> None:
    code = person.allows()
    status, answer = exchange(code, **wrong)
    assert (status, answer["error"]) == (400, error)
    assert answer.get("error_description", "").isascii()
    assert exchange(code)[0] == 200


def test_a_code_that_is_used_twice_ends_its_token(person: Person) -> None:
    code = person.allows()
    agent = Agent(exchange(code)[1]["access_token"])
    assert agent.ask("events/list").status_code == 200
    status, answer = exchange(code)
    assert (status, answer["error"]) == (400, "invalid_grant")
    assert agent.ask("events/list").status_code == 401


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_many_who_use_a_code_at_once_nobody_keeps_a_token(person: Person) -> None:
    code = person.allows()

    def use(_: int) -> int:
        try:
            return exchange(code)[0]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        statuses = sorted(threads.map(use, range(4)))
    assert statuses == [200, 400, 400, 400]
    assert not AuthToken.objects.exists()


@pytest.mark.needs_postgres
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_who_uses_a_code_again_holds_nothing_while_another_has_it(person: Person) -> None:
    code = person.allows()
    assert exchange(code)[0] == 200

    def use_again() -> int:
        try:
            return exchange(code)[0]
        finally:
            connection.close()

    with ThreadPoolExecutor() as threads:
        with transaction.atomic():
            row = AuthorizationCode.objects.select_for_update().get()
            again = threads.submit(use_again)
            eventually(lambda: who_waits() == 1)
            assert row.token is not None
            row.token.delete()  # no deadlock
        assert again.result() == 400


@pytest.mark.needs_postgres
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_token_can_be_deleted_while_its_code_is_used_again(person: Person) -> None:
    code = person.allows()
    assert exchange(code)[0] == 200
    token = AuthToken.objects.get()

    def within_thread(act: Callable[[], T]) -> T:
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor() as threads:
        with transaction.atomic():
            TokenTerms.objects.select_for_update().get()  # which whoever deletes the token has to wait for
            deleting = threads.submit(within_thread, token.delete)
            eventually(lambda: who_waits() == 1)
            again = threads.submit(within_thread, lambda: exchange(code)[0])
            eventually(lambda: who_waits() == 2)
        deleting.result()  # no deadlock
        assert again.result() == 400
    assert not AuthToken.objects.exists()


def who_waits() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")
        count: int = cursor.fetchone()[0]
        return count


def test_a_code_lasts_a_minute(person: Person) -> None:
    code = person.allows()
    AuthorizationCode.objects.update(expires_at=timezone.now())
    assert exchange(code)[1]["error_description"] == "This code has expired."
    assert AuthorizationCode.objects.get().expires_at - timezone.now() < timedelta(seconds=60)


def test_who_is_not_active_any_more_gives_no_token(person: Person, user: User) -> None:
    code = person.allows()
    User.objects.update(is_active=False)
    assert exchange(code)[1]["error"] == "invalid_grant"
    assert person.opens().status_code == 302


def test_who_guesses_codes_waits(person: Person, settings: Settings) -> None:
    settings.EVENTHUB_LOGIN_ATTEMPTS = 1
    for _ in range(attempts.OF_ADDRESS):
        assert exchange("guess")[0] == 400
    assert exchange("guess")[0] == 429
    assert exchange(person.allows())[0] == 200  # a right one is never refused


def test_whatever_comes_to_exchange_is_answered_in_json(person: Person) -> None:
    for body, kind in (
        (b"{}", "application/json"),
        (b"\xff=%", "application/x-www-form-urlencoded"),
        (b"", "text/plain"),
    ):
        answer = Client().post("/oauth/token", body, content_type=kind, secure=True)
        assert (answer.status_code, json.loads(answer.content)["error"]) == (400, "unsupported_grant_type")
    in_address = f"/oauth/token?code={person.allows()}&code_verifier={VERIFIER}"
    answer = Client().post(in_address, {"grant_type": "authorization_code"}, secure=True)
    assert json.loads(answer.content)["error"] == "invalid_request"
