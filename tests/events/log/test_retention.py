"""What is old enough is deleted, nothing else, and clients can be told."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from events.broadcast import broadcast_event
from events.log import append, reading, records, retention
from events.models import Event, EventType, IdempotencyKey, LogSpan, Revision
from events.models import event as event_model

pytestmark = pytest.mark.django_db(transaction=True)


def logged(event_type: str, *ages: float) -> None:
    """Log an event of each age, in days."""
    for age in ages:
        event = broadcast_event(event_type, {"age": age})
        Event.objects.filter(pk=event.pk).update(timestamp=timezone.now() - timedelta(days=age))


def keep(event_type: str, days: int | None) -> None:
    EventType.objects.filter(pk=event_type).update(retention_days=days)


def ages(event_type: str) -> list[float]:
    return [event.payload["age"] for event in Event.objects.after(0).filter(type_id=event_type)]


def pruned_to(event_type: str) -> int:
    return EventType.objects.get(pk=event_type).pruned_to


def prune(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("prune_events", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.fixture(autouse=True)
def _nothing_is_kept_for_a_time() -> None:
    EventType.objects.exclude(retention_days=None).update(retention_days=None)


def test_events_older_than_their_types_retention_are_deleted_and_others_stay() -> None:
    keep("user_login", 7)
    logged("user_login", 9, 8, 6.9, 0)
    logged("user_logout", 900)
    prune()
    assert ages("user_login") == [6.9, 0]
    assert ages("user_logout") == [900]


def test_the_type_remembers_up_to_where_it_was_pruned() -> None:
    keep("user_login", 7)
    logged("user_logout", 9)
    logged("user_login", 9, 8, 1)
    prune()
    assert (pruned_to("user_login"), pruned_to("user_logout")) == (3, 0)
    assert reading.is_pruned(2, ["user_login"])
    assert not reading.is_pruned(3, ["user_login"])


def test_positions_go_on_where_they_were_when_all_is_pruned() -> None:
    keep("user_login", 7)
    logged("user_login", 9, 8)
    prune()
    assert broadcast_event("user_login", {}).position == 3


def test_pending_events_are_never_pruned(monkeypatch: pytest.MonkeyPatch) -> None:
    keep("user_login", 7)
    with monkeypatch.context() as patch, transaction.atomic():
        patch.setattr(transaction, "on_commit", lambda *args, **kwargs: None)
        event = broadcast_event("user_login", {})
    Event.objects.update(timestamp=timezone.now() - timedelta(days=90))
    prune()
    event.refresh_from_db()
    assert event.position is None
    assert pruned_to("user_login") == 0


def test_a_chunk_is_deleted_and_remembered_in_one_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    keep("user_login", 7)
    logged("user_login", 9, 8)
    with monkeypatch.context() as patch:
        patch.setattr(retention, "QuerySet", broken)
        with pytest.raises(CommandError, match="user_login: RuntimeError"):
            prune()
    assert ages("user_login") == [9, 8]
    assert pruned_to("user_login") == 0


def broken(*args: object) -> None:
    raise RuntimeError("killed")


def test_what_ended_after_a_chunk_is_carried_on_by_the_next_run() -> None:
    keep("user_login", 7)
    logged("user_login", 9, 9, 9, 9, 1)
    before = timezone.now() - timedelta(days=7)
    assert next(retention.prune_type("user_login", before, 2)) == 2
    assert (len(ages("user_login")), pruned_to("user_login")) == (3, 2)
    prune("--chunk", "2")
    assert (ages("user_login"), pruned_to("user_login")) == ([1], 4)


def test_no_transaction_deletes_more_than_a_chunk() -> None:
    keep("user_login", 7)
    logged("user_login", *[9] * 5)
    out, err = prune("--chunk", "2")
    assert [line for line in err.splitlines() if line] == ["user_login: 2 …", "user_login: 4 …", "user_login: 5 …"]
    assert "user_login: 5 deleted (kept for 7 days)" in out


def test_an_event_that_a_long_transaction_held_back_does_not_hide_old_ones_and_is_kept() -> None:
    keep("user_login", 7)
    logged("user_login", 9, 1, 8)
    prune()
    assert ages("user_login") == [1]
    assert pruned_to("user_login") == 3


def placed(event_type: str, *ages: float) -> None:
    """Log an event of each age, in days, as if its clock had said so."""
    now = timezone.now()
    for age in ages:
        append.append([records.Draft(event_type, "info", now - timedelta(days=age), "", f'{{"age":{age}}}')])


def test_events_of_a_clock_that_was_ahead_do_not_hide_old_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_model, "SPAN", 3)
    keep("user_login", 7)
    placed("user_login", 9, *[-365] * 9, 8, 1, *[-365] * 9, 8, 1)
    prune("--chunk", "2")
    assert sorted(set(ages("user_login"))) == [-365, 1]
    assert len(ages("user_login")) == 20


def test_spans_go_with_their_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_model, "SPAN", 3)
    keep("user_login", 7)
    placed("user_login", 9, 9, 9, 9, 9, 1, 1, 1, 1)
    prune()
    assert [(span.first, span.last) for span in LogSpan.objects.order_by("first")] == [(4, 6), (7, 9)]


@pytest.mark.parametrize("ahead", [3, 400])
def test_a_clock_that_is_far_ahead_deletes_nothing_early(monkeypatch: pytest.MonkeyPatch, ahead: int) -> None:
    keep("user_login", 5)
    logged("user_login", 4, 2, 0)
    broadcast_event("user_login", {"age": 0}, idempotency_key="k")
    right = timezone.now()
    with monkeypatch.context() as patch:
        patch.setattr(timezone, "now", lambda: right + timedelta(days=ahead))
        for arguments in (["--dry-run"], [], []):
            out, err = prune(*arguments)
            assert "0 idempotency keys" in out
            assert f"This machine's clock says {right + timedelta(days=ahead):%Y-%m-%d}" in err
            assert "--trust-clock" in err
    assert {0, 2} <= set(ages("user_login"))  # two days of error are believed at most
    assert IdempotencyKey.objects.exists()


@pytest.mark.parametrize("ahead", [3, 400])
@pytest.mark.parametrize("count", [1, 20])
def test_what_a_wrong_clock_has_logged_does_not_vouch_for_it(
    monkeypatch: pytest.MonkeyPatch, ahead: int, count: int
) -> None:
    monkeypatch.setattr(event_model, "SPAN", 3)
    keep("user_login", 5)
    placed("user_login", 4, 2, 0, *[-ahead] * count)
    right = timezone.now()
    with monkeypatch.context() as patch:
        for hours in (1, 12, 24):
            patch.setattr(timezone, "now", lambda hours=hours: right + timedelta(days=ahead, hours=hours))
            assert (
                f"This machine's clock says {right + timedelta(days=ahead, hours=hours):%Y-%m-%d %H:%M}" in prune()[1]
            )
    assert {0, 2} <= set(ages("user_login"))  # two days of error are believed at most
    assert prune()[1] == ""


@pytest.mark.parametrize("off", [3, 7])
def test_a_leap_in_time_is_believed_once_the_log_has_gone_on_for_as_long(
    monkeypatch: pytest.MonkeyPatch, off: int
) -> None:
    keep("user_login", 1)
    logged("user_login", 0)
    begun, doubted = timezone.now(), []
    for day in range(off, 2 * off + 3):
        monkeypatch.setattr(timezone, "now", lambda day=day: begun + timedelta(days=day))
        broadcast_event("user_logout", {})
        doubted.append("--trust-clock" in prune()[1])
    assert doubted == [True] * (off + 1) + [False] * 2


def test_what_a_log_without_a_leap_says_of_the_time_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_model, "SPAN", 3)
    keep("user_login", 5)
    placed("user_login", *range(0, -20, -1))
    later = timezone.now() + timedelta(days=20)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert "--trust-clock" not in prune()[1]
    assert ages("user_login") == [-16, -17, -18, -19]


def test_a_log_in_which_nothing_happens_is_pruned_by_its_daily_run(monkeypatch: pytest.MonkeyPatch) -> None:
    keep("user_login", 5)
    logged("user_login", 0)
    begun = timezone.now()
    for day in range(1, 8):
        monkeypatch.setattr(timezone, "now", lambda day=day: begun + timedelta(days=day))
        assert prune()[1] == ("user_login: 1 …\n" if day == 5 else "")
    assert ages("user_login") == []


def test_who_knows_that_the_clock_is_right_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    keep("user_login", 5)
    logged("user_login", 0)
    later = timezone.now() + timedelta(days=400)
    monkeypatch.setattr(timezone, "now", lambda: later)
    prune("--trust-clock")
    assert ages("user_login") == []


def test_a_retention_beyond_the_calendar_is_for_ever() -> None:
    keep("user_login", 7)
    logged("circuit_breaker_state", 900)
    logged("user_login", 9)
    for days in (36_500, 999_999, 2_147_483_647):
        keep("circuit_breaker_state", days)
        assert "user_login: 1 would be deleted" in prune("--dry-run")[0], days
    prune()
    assert (ages("circuit_breaker_state"), ages("user_login")) == ([900], [])


def test_a_retention_beyond_a_hundred_years_is_refused_by_form_and_code() -> None:
    event_type = EventType.objects.get(pk="user_login")
    event_type.retention_days = 36_501
    for save in (event_type.full_clean, event_type.save):
        with pytest.raises(ValidationError, match="At most 36500 days, a hundred years"):
            save()
    event_type.retention_days = 36_500
    event_type.save()


def test_what_is_wrong_with_one_type_stops_no_other_and_is_told_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    for event_type in ("circuit_breaker_state", "user_login", "user_logout"):
        keep(event_type, 7)
        logged(event_type, 9)
    delete_to = retention.delete_to

    def failing(event_type: str, *arguments: Any) -> int:
        if event_type == "user_login":
            raise RuntimeError("broken")
        return delete_to(event_type, *arguments)

    monkeypatch.setattr(retention, "delete_to", failing)
    with pytest.raises(CommandError, match=r"Not all could be deleted. user_login: RuntimeError\('broken'\)") as error:
        prune()
    assert error.value.returncode == 1
    assert [ages(each) for each in ("circuit_breaker_state", "user_login", "user_logout")] == [[], [9], []]


def test_a_second_run_finds_nothing() -> None:
    keep("user_login", 7)
    logged("user_login", 9)
    prune()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        out, _ = prune()
    assert "user_login: 0 deleted" in out
    assert not any(query["sql"].startswith("DELETE") for query in queries)


def test_two_at_once_do_each_others_work_without_harm() -> None:
    keep("user_login", 7)
    logged("user_login", 9, 8, 8, 1)
    before = timezone.now() - timedelta(days=7)
    first, second = (retention.prune_type("user_login", before, 2) for _ in range(2))
    assert [next(first), next(second)] == [2, 1]
    assert list(first) == list(second) == []
    assert (ages("user_login"), pruned_to("user_login")) == ([1], 3)


def test_a_dry_run_counts_and_deletes_nothing() -> None:
    keep("user_login", 7)
    logged("user_login", 9, 8, 1)
    assert "user_login: 2 would be deleted" in prune("--dry-run")[0]
    assert len(ages("user_login")) == 3


def test_programs_get_the_counts_as_json() -> None:
    keep("user_login", 7)
    keep("user_logout", 7)
    logged("user_login", 9, 1)
    counts = {"user_login": 1, "user_logout": 0}
    for arguments, is_dry in ((["--json", "--dry-run"], True), (["--json"], False)):
        told = {"dry_run": is_dry, "events": counts, "idempotency_keys": 0, "sessions": 0, "tokens": 0}
        assert json.loads(prune(*arguments)[0]) == told


def test_a_chunk_that_is_not_possible_is_refused() -> None:
    for chunk in ("0", "-1", "ten", "10001"):
        with pytest.raises(CommandError, match=f"'{chunk}' is not a whole number from 1 to 10,000"):
            prune(f"--chunk={chunk}")


def test_what_a_type_logged_before_it_became_ephemeral_is_deleted_but_for_the_last_hour() -> None:
    logged("user_login", 2, 1, 0)
    keep("user_login", 0)
    assert "user_login: 2 deleted (not logged any more)" in prune()[0]
    assert ages("user_login") == [0]


def test_pruning_is_no_change_of_the_registry() -> None:
    keep("user_login", 7)
    logged("user_login", 9)
    revision = Revision.current().registry
    prune()
    assert Revision.current().registry == revision


def test_an_admin_who_saves_a_type_meanwhile_does_not_undo_what_it_remembers() -> None:
    keep("user_login", 7)
    logged("user_login", 9)
    read_before = EventType.objects.get(pk="user_login")
    prune()
    read_before.label = "Signed in"
    read_before.save()
    assert (pruned_to("user_login"), EventType.objects.get(pk="user_login").label) == (1, "Signed in")


def test_idempotency_keys_are_deleted_when_they_are_a_day_old() -> None:
    for key in ("old", "new"):
        broadcast_event("user_login", {}, idempotency_key=key)
    IdempotencyKey.objects.filter(key="old").update(created=timezone.now() - timedelta(hours=25))
    assert "0 events and 1 idempotency keys would be deleted" in prune("--dry-run")[0]
    assert "0 events and 1 idempotency keys deleted" in prune("--chunk", "1")[0]
    assert [row.key for row in IdempotencyKey.objects.all()] == ["new"]
