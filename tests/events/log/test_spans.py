"""What a migration and a head note of the times in the log."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection, transaction

from events.log import append, records
from events.models import Event, EventType, LogHead, LogSpan
from events.models.event import Positions
from tests.events.log_rows import NOON, SECOND, happened

pytestmark = pytest.mark.django_db(transaction=True)

migration = import_module("events.migrations.0008_spans")


def spans() -> list[tuple[int, int]]:
    return list(LogSpan.objects.order_by("first").values_list("first", "last"))


def test_a_log_that_is_there_already_gets_its_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migration, "SPAN", 10)
    happened("user_login", *[{}] * 25)
    Event.objects.filter(position__lt=13).delete()  # by retention
    with transaction.atomic():
        migration.fill(apps, connection.schema_editor())
    assert spans() == [(10, 19), (20, 25)]
    assert LogSpan.objects.get(first=20).earliest == NOON + 19 * SECOND
    later = NOON + timedelta(hours=1)
    assert LogSpan.objects.may_have(later, None, Positions(0, 27)) == [Positions(25, 27), Positions(0, 10)]


def test_the_spans_of_an_empty_log_are_none() -> None:
    with transaction.atomic():
        migration.fill(apps, connection.schema_editor())
    assert spans() == []


def test_a_retention_beyond_a_hundred_years_becomes_one_of_a_hundred_years() -> None:
    EventType.objects.filter(pk="user_login").update(retention_days=999_999)
    migration.bound(apps, connection.schema_editor())
    assert EventType.objects.get(pk="user_login").retention_days == 36_500


def test_a_span_that_is_full_is_kept_with_its_times_and_the_next_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.models.event.SPAN", 3)
    for seconds in (5, 1, 9, 7):
        append.append([records.Draft("user_login", "info", NOON + seconds * SECOND, "", "{}")])
    [span] = LogSpan.objects.all()
    assert (span.first, span.last, span.earliest, span.latest) == (1, 3, NOON + SECOND, NOON + 9 * SECOND)
    head = LogHead.objects.get()
    assert (head.position, head.span_after, head.span_last) == (4, 3, 4)
    assert head.span_earliest == head.span_latest == (NOON + 7 * SECOND).timestamp() * 1_000_000
