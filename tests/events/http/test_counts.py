"""Counting what has happened, by time and severity, within what somebody may see."""

from __future__ import annotations

import itertools
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from events.log import counts
from events.log import search as history
from events.models import EventType, Revision, SavedView
from tests.cases import each_case
from tests.events.callers import person, problem
from tests.events.log_rows import NOON, happened_at

pytestmark = pytest.mark.django_db

COUNTS = "/api/v1/events/counts"
VIEWS = "/api/v1/views/counts"
STATUS, LOGIN = "mcp_status_change", "user_login"


@pytest.fixture
def ada() -> Client:
    return person("ada")


def asked(client: Client, **parameters: Any) -> dict[str, Any]:
    answer = client.get(COUNTS, parameters)
    assert answer.status_code == 200, answer.content
    counts: dict[str, Any] = answer.json()
    return counts


def at(minutes: float) -> str:
    return (NOON + timedelta(minutes=minutes)).isoformat()


def test_events_are_counted_in_equal_parts_by_severity_and_filter(ada: Client) -> None:
    for minute, severity in ((0, "info"), (1, "error"), (2, "info"), (2.5, "info"), (4, "critical")):
        happened_at(STATUS, [(NOON + timedelta(minutes=minute), {"mcp_name": "a", "severity": severity})])
    counts = asked(ada, event_type=STATUS, since=at(0), until=at(4), parts=2)
    # “until” names its whole second, in which the last one happened; so the halves meet half a second after two minutes
    assert counts["parts"] == [{"info": 2, "error": 1}, {"info": 1, "critical": 1}]
    assert counts["complete"] is True
    assert asked(ada, since=at(0), until=at(4), **{"filter.severity": "error"})["parts"] == [{"error": 1}]
    assert asked(ada, since=at(0), until=at(4), severity="info")["parts"] == [{"info": 3}]


def test_nothing_is_counted_that_one_may_not_see(ada: Client) -> None:
    happened_at(STATUS, [(NOON, {"mcp_name": "a", "severity": "info"})])
    EventType.objects.filter(pk=STATUS).update(restricted=True)
    assert asked(ada, since=at(-1), until=at(1))["parts"] == [{}]
    problem(ada.get(COUNTS, {"event_type": STATUS}), 422, "unknown_event_type")


def test_a_count_that_takes_too_long_says_how_far_it_got(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for minute in (0, 1):
        happened_at(STATUS, [(NOON + timedelta(minutes=minute), {"mcp_name": "a", "severity": "info"})])
    monkeypatch.setattr(history, "SECONDS", 0)
    counts = asked(ada, since=at(0), until=at(4))
    assert counts["complete"] is False
    assert counts["looked_back_to"] == "2026-01-31T12:01:00.000Z"


def test_a_count_ends_in_time_however_long_each_event_takes(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    happened_at(STATUS, [(NOON + timedelta(minutes=n), {"mcp_name": "a", "severity": "info"}) for n in range(5)])
    clock = itertools.count()
    monkeypatch.setattr(counts, "time", SimpleNamespace(monotonic=lambda: next(clock) * history.SECONDS / 3))
    told = asked(ada, since=at(0), until=at(9))
    assert told["complete"] is False
    assert told["parts"] == [{"info": 3}]


@each_case(
    ("parameters", "named"),
    [
        ({"parts": "0"}, "240"),
        ({"parts": "many"}, "240"),
        ({"since": "9000-01-01"}, "future"),
        ({"part": "1"}, "“parts”"),
        ({"since": "yesterday"}, "ISO 8601"),
    ],
)
def test_bad_parameters_are_named_with_what_is_allowed(ada: Client, parameters: dict[str, str], named: str) -> None:
    assert named in problem(ada.get(COUNTS, parameters), 400, "invalid_message")["detail"]


class TestViews:
    @pytest.fixture
    def page(self) -> Client:
        return signed_in("ada")

    def test_each_view_is_counted_as_if_it_were_asked_for_alone(self, page: Client) -> None:
        asked_for: list[tuple[list[str], dict[str, Any]]] = [
            ([STATUS], {}),
            ([STATUS], {"severity": ["error", "critical"]}),
            ([STATUS, LOGIN], {"mcp_names": ["b"]}),
            ([LOGIN], {}),
        ]
        views = [kept("ada", types, filters) for types, filters in asked_for]
        lately(STATUS, [("a", "info"), ("a", "error"), ("b", "critical")])
        lately(LOGIN, [("", "info")])
        counts = of_views(page)
        assert [sum(counts[view.pk].values()) for view in views] == [3, 2, 2, 1]
        for view, (types, filters) in zip(views, asked_for, strict=True):
            alone = asked(page, event_type=types, **{f"filter.{name}": value for name, value in filters.items()})
            assert counts[view.pk] == alone["parts"][0]

    def test_more_views_ask_the_database_no_more_often(self, page: Client, django_assert_max_num_queries: Any) -> None:
        lately(STATUS, [("a", "info")])
        for number in range(20):
            kept("ada", [STATUS], {"mcp_names": [f"s{number}"]})
        of_views(page)  # which reads the registry
        with django_assert_max_num_queries(12):
            assert len(of_views(page)) == 20

    def test_a_view_is_counted_as_far_as_the_reader_may_see_it(self, page: Client) -> None:
        own = kept("ada", [STATUS], {})
        closed = kept("ada", [STATUS, LOGIN], {})
        both = Group.objects.create(name="both")
        bob = signed_in("bob")
        for name in ("ada", "bob"):
            User.objects.get(username=name).groups.add(both)
        shared = kept("bob", [STATUS, LOGIN], {}, shared_with=both)
        kept("bob", [STATUS], {})
        kept("ada", [STATUS], {}, ended=timezone.now())
        kept("ada", [STATUS], {"no_such_filter": ["x"]})
        lately(STATUS, [("a", "info")])
        lately(LOGIN, [("", "info")])
        EventType.objects.filter(pk=LOGIN).update(restricted=True)
        Revision.bump_registry()
        assert of_views(page) == {own.pk: {"info": 1}, shared.pk: {"info": 1}}
        assert closed.pk not in of_views(page)
        assert {"info": 1} in of_views(bob).values()

    def test_only_the_page_asks_for_it_and_bad_parts_are_named(self, page: Client) -> None:
        assert page.get(VIEWS, {"parts": "3"}).json()["views"] == []
        problem(page.get(VIEWS, {"parts": "999"}), 400, "invalid_message")
        problem(page.get(VIEWS, {"since": "2026-01-01"}), 400, "invalid_message")
        assert Client().get(VIEWS).status_code in (401, 403)


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.create_user(name))
    return client


def kept(username: str, event_types: list[str], filters: dict[str, Any], **members: Any) -> SavedView:
    user = User.objects.get(username=username)
    return SavedView.objects.create(user=user, event_types=event_types, filters=filters, **members)


def lately(type_id: str, events: list[tuple[str, str]]) -> None:
    moment = timezone.now() - timedelta(minutes=5)
    happened_at(type_id, [(moment, {"mcp_name": name, "severity": severity}) for name, severity in events])


def of_views(client: Client) -> dict[str, dict[str, int]]:
    """What each view had, by its id."""
    answer = client.get(VIEWS)
    assert answer.status_code == 200, answer.content
    assert answer.json()["complete"] is True
    return {each["id"]: each["parts"][0] for each in answer.json()["views"]}
