"""Whoever tries again with the same key has its event logged once, whatever became of the first answer."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from events.broadcast import (
    Broadcast,
    IdempotencyConflict,
    InvalidData,
    abroadcast_event,
    broadcast_event,
    broadcast_events,
)
from events.models import Event, IdempotencyKey
from tests.cases import each_case
from tests.servers import ServerProcess
from tests.waiting import WITHIN_S

pytestmark = pytest.mark.django_db(transaction=True)

KEPT = {"username": "ada", "mfa": True}


def say(key: str | None = "k", source: str = "me", **data: object) -> Event:
    return broadcast_event("user_login", data or KEPT, source=source, idempotency_key=key)


def test_the_same_event_with_the_same_key_is_the_first_one() -> None:
    first, second = say(), say()
    assert first.position == second.position == 1
    assert (first.pk, first.timestamp, first.data) == (second.pk, second.timestamp, second.data)
    assert Event.objects.count() == 1


def test_the_order_of_members_makes_no_difference() -> None:
    say(a=1, b={"c": 2, "d": 3})
    assert say(b={"d": 3, "c": 2}, a=1).position == 1


def test_without_a_key_each_is_an_event() -> None:
    assert [say(None).position for _ in range(2)] == [1, 2]


def test_another_event_with_the_same_key_is_refused() -> None:
    say()
    with pytest.raises(IdempotencyConflict, match='The idempotency key "k" has been used in the last 24 hours'):
        say(username="bob")
    with pytest.raises(IdempotencyConflict):
        broadcast_event("user_logout", KEPT, source="me", idempotency_key="k")
    assert Event.objects.count() == 1


def test_keys_of_other_emitters_are_other_keys() -> None:
    assert say(source="a").position == 1
    assert say(source="b", username="bob").position == 2
    assert say(source="a").position == 1


def test_after_a_day_a_key_is_new_again() -> None:
    say()
    IdempotencyKey.objects.update(created=timezone.now() - timedelta(hours=23))
    assert say().position == 1
    IdempotencyKey.objects.update(created=timezone.now() - timedelta(hours=25))
    assert say(username="bob").position == 2


class Unwanted(Exception):
    pass


def test_a_key_of_a_transaction_that_rolls_back_was_never_used() -> None:
    with suppress(Unwanted), transaction.atomic():
        say()
        raise Unwanted
    assert not IdempotencyKey.objects.exists()
    assert say(username="bob").position == 1


def test_a_transaction_may_say_the_same_twice() -> None:
    with transaction.atomic():
        first, second = say(), say()
        assert first.pk == second.pk
        assert second.position is None
    assert say().position == 1
    assert Event.objects.count() == 1


def test_a_batch_is_all_or_none_and_answers_in_order(caplog: pytest.LogCaptureFixture) -> None:
    say("b", n=2)
    batch = [Broadcast("user_login", {"n": n}, "me", key) for n, key in enumerate([None, "a", "b", "a"])]
    batch[3] = batch[1]
    events = broadcast_events(batch)
    assert [event.position for event in events] == [2, 3, 1, 3]
    assert [event.payload["n"] for event in events] == [0, 1, 2, 1]
    assert not caplog.records  # such as that it has waited in vain for the place of a second event of that key


@pytest.mark.parametrize("others", [["new", "k"], ["same", "same"]])
def test_a_batch_with_a_key_of_another_event_logs_nothing_and_names_its_place(others: list[str]) -> None:
    say(n="another")
    with pytest.raises(IdempotencyConflict) as refused:
        broadcast_events([Broadcast("user_login", {"n": n}, "me", key) for n, key in enumerate(others)])
    assert refused.value.index == 1
    assert Event.objects.count() == IdempotencyKey.objects.count() == 1


@each_case("key", ["", "k" * 201, 7, "a\x00b", "a\nb", "\ud800"])
def test_what_is_no_key_is_refused(key: Any) -> None:
    with pytest.raises(InvalidData, match=r"is not a string of 1 to 200 printable characters"):
        say(key)
    assert not Event.objects.exists()


def test_a_pruned_event_is_still_answered_without_a_position() -> None:
    first = say()
    Event.objects.all().delete()
    again = say()
    assert (again.position, again.timestamp, again.data) == (None, first.timestamp, first.data)
    assert not Event.objects.exists()


def test_threads_that_try_at_once_log_one_event_and_get_the_same_answer() -> None:
    start, positions = Barrier(6), []

    def try_once() -> None:
        try:
            start.wait()
            positions.append(say().position)
        finally:
            connection.close()

    threads = [Thread(target=try_once) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert positions == [1] * 6
    assert Event.objects.count() == 1


async def test_async_code_may_give_a_key() -> None:
    events = [await abroadcast_event("user_login", KEPT, source="async", idempotency_key="k") for _ in range(2)]
    assert [event.position for event in events] == [1, 1]


def post(client: Client, body: object) -> Any:
    return client.post("/api/v1/events/", body, content_type="application/json")


def test_http_answers_the_first_result_again(emitter: Client) -> None:
    body = {"type": "user_login", "data": KEPT, "idempotency_key": "k"}
    first, second = post(emitter, body), post(emitter, body)
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert Event.objects.count() == 1


def test_http_answers_another_body_with_a_conflict(emitter: Client) -> None:
    post(emitter, {"type": "user_login", "data": KEPT, "idempotency_key": "k"})
    answer = post(emitter, [{"type": "user_login", "data": {}, "idempotency_key": "k"}])
    assert answer.status_code == 409, answer.content
    assert answer.json()["code"] == "idempotency_conflict"
    assert answer.json()["details"][0]["field"] == "[0].idempotency_key"


@pytest.mark.parametrize(("key", "status"), [(7, 400), (None, 400), ("", 422)])
def test_http_refuses_what_is_no_key(emitter: Client, key: object, status: int) -> None:
    answer = post(emitter, {"type": "user_login", "data": {}, "idempotency_key": key})
    assert answer.status_code == status
    assert answer.json()["details"][0]["field"] == "idempotency_key"


def test_processes_that_try_at_once_log_one_event(server: ServerProcess) -> None:
    arguments = ("emit_event", "user_login", "username=ada", "--idempotency-key", "k", "--json")
    processes = [server.popen(*arguments) for _ in range(3)]
    answers = {process.communicate(timeout=WITHIN_S)[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len(answers) == 1
    assert server.position() == 1
    assert server.manage(*arguments).stdout.encode() in answers


@pytest.mark.parametrize("arguments", [["user_login", "--count", "2"], ["-"]])
def test_the_command_takes_a_key_for_one_event_only(arguments: list[str]) -> None:
    with pytest.raises(CommandError, match=r"idempotency.key"):
        call_command("emit_event", *arguments, "--idempotency-key", "k")
    assert not Event.objects.exists()
