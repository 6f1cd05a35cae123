"""History: what has happened, for whom, page by page, in bounded time."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from events import registry_cache
from events.access import policy
from events.broadcast import broadcast_event
from events.core.event_types import EventType as FrozenType
from events.core.event_types import Registry
from events.core.filters import FilterError, parse_filters
from events.core.values import json_text
from events.http import responses
from events.log import append, reading, records
from events.log import search as history
from events.models import Event, EventField, EventType, LogSpan
from events.models import event as event_model
from events.models.event import Positions
from subscriptions.matching.matcher import Matcher
from tests.events.callers import person, problem
from tests.events.log_rows import NOON, SECOND, happened, happened_at
from tests.settings import LONG, examples

pytestmark = pytest.mark.django_db

HISTORY = "/api/v1/events/"
STATUS, CIRCUIT = "mcp_status_change", "circuit_breaker_state"


@pytest.fixture(autouse=True)
def few_newest_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let searches go beyond the newest rows: else no test would get to what lies before them."""
    monkeypatch.setattr(history, "NEWEST_ROWS", 3)


@pytest.fixture
def ada() -> Client:
    return person("ada")


def answer(client: Client, **query: Any) -> dict[str, Any]:
    """The answer to a query; in names, `__` stands for the dot."""
    response = client.get(HISTORY, {name.replace("__", "."): value for name, value in query.items()})
    assert response.status_code == 200, response.content
    document: dict[str, Any] = response.json()
    return document


def ids(client: Client, **query: Any) -> list[str]:
    return [event["id"] for event in answer(client, **query)["events"]]


# --- what it answers -------------------------------------------------------------------------------------


def test_an_empty_log_has_no_events_and_nothing_further(ada: Client) -> None:
    assert answer(ada) == {"events": [], "next": None, "complete": True}


def test_events_are_those_of_the_socket_newest_first(ada: Client) -> None:
    first, second = happened(STATUS, {"mcp_name": "a"}, {"mcp_name": "ü", "n": 1.0})
    assert answer(ada)["events"] == [
        {"type": STATUS, "id": second, "timestamp": "2026-01-31T12:00:01.000Z",
         "data": {"severity": "info", "mcp_name": "ü", "n": 1.0}},
        {"type": STATUS, "id": first, "timestamp": "2026-01-31T12:00:00.000Z",
         "data": {"severity": "info", "mcp_name": "a"}},
    ]  # fmt: skip


def test_a_payload_is_answered_byte_for_byte(ada: Client) -> None:
    happened(STATUS, {"mcp_name": "a"})
    text = '{"big":123456789012345678901234567890,"one":1.0,"twice":"\\u0000ü","severity":"info"}'
    Event.objects.update(data=text)
    assert f'"data":{text}' in ada.get(HISTORY).content.decode()


def test_types_are_merged_in_the_order_of_the_log(ada: Client) -> None:
    logged = [happened(random.choice([STATUS, CIRCUIT, "user_login"]), {})[0] for _ in range(50)]
    assert ids(ada) == logged[::-1]


def test_an_event_that_has_no_place_yet_is_not_there(ada: Client) -> None:
    broadcast_event(STATUS, {"mcp_name": "a"})  # inside the transaction of this test
    assert ids(ada) == []


def test_event_types_can_be_chosen(ada: Client) -> None:
    [status], [circuit], _ = happened(STATUS, {}), happened(CIRCUIT, {}), happened("user_login", {})
    assert ids(ada, event_type=[STATUS, CIRCUIT]) == [circuit, status]


def test_filters_mean_what_they_mean_over_the_socket(ada: Client) -> None:
    a, b, _, low = happened(
        STATUS,
        {"mcp_name": "a", "severity": "error"},
        {"mcp_name": "B", "severity": "critical"},
        {"mcp_name": "c", "severity": "error"},
        {"mcp_name": "a", "severity": "info"},
    )
    asked = {"event_type": STATUS, "filter__mcp_names": ["A", "b"]}
    assert ids(ada, **asked, filter__severity=["error", "critical"]) == [b, a]
    assert ids(ada, **asked) == [low, b, a]
    assert ids(ada, **asked, filter__severity="") == [low, b, a]


def test_without_an_event_type_a_filter_chooses_those_that_declare_it(ada: Client) -> None:
    [status], _, [circuit] = happened(STATUS, {"mcp_name": "a"}), happened("user_login", {}), happened(
        CIRCUIT, {"mcp_name": "a"}
    )  # fmt: skip
    assert ids(ada, filter__mcp_names="a") == [circuit, status]


NAMES = [
    *("Strasse", "STRAßE", "straſſe", 'say "x"', "a\\b", "50%_x", "\u212a", "k", "a/b", "\n"),
    *("caf\u00e9", "Cafe\u0301"),
]


def test_no_event_is_left_out_for_how_its_text_is_written(ada: Client) -> None:
    for name in NAMES:
        Event.objects.all().delete()
        logged = happened(STATUS, {"mcp_name": name}, {"mcp_name": "other"}, {"mcp_name": ["x", name.upper()]})
        forms = {unicodedata.normalize(form, name) for form in ("NFC", "NFD")}
        for asked in {name.lower(), name.casefold(), *forms}:
            assert ids(ada, filter__mcp_names=asked) == [logged[2], logged[0]], (name, asked)


def test_values_that_are_no_text_are_found_by_their_json(ada: Client) -> None:
    truth, one, many = happened(STATUS, {"mcp_name": True}, {"mcp_name": 1.0}, {"mcp_name": 1e22})
    assert ids(ada, filter__mcp_names="TRUE") == [truth]
    assert ids(ada, filter__mcp_names="1.0") == [one]
    assert ids(ada, filter__mcp_names="1e22") == [many]


def test_severities_can_be_chosen_of_any_type(ada: Client) -> None:
    _, [error], [critical] = happened(STATUS, {}), happened("user_login", {"severity": "error"}), happened(
        STATUS, {"severity": "critical"}
    )  # fmt: skip
    assert ids(ada, severity=["error", "critical"]) == [critical, error]


def test_the_time_can_be_bounded_on_both_sides(ada: Client) -> None:
    logged = happened(STATUS, *[{}] * 10)
    assert ids(ada, since="2026-01-31T12:00:03Z", until="2026-01-31T12:00:05Z") == logged[5:2:-1]
    assert ids(ada, since="2026-01-31T14:00:08+02:00") == logged[:7:-1]
    assert ids(ada, until="2026-01-31T12:00:01") == logged[1::-1]
    assert ids(ada, since="2026-02-01") == []


def test_a_date_is_its_whole_day_in_utc(ada: Client) -> None:
    midnight = datetime(2026, 1, 31, tzinfo=UTC)
    instant = timedelta(microseconds=1)
    moments = [midnight - instant, midnight, NOON, midnight + timedelta(days=1) - instant, midnight + timedelta(days=1)]
    _, first, noon, last, _ = logged = happened_at(STATUS, [(moment, {}) for moment in moments])
    for day in ("2026-01-31", "20260131", "2026-W05-6"):
        assert ids(ada, since=day, until=day) == [last, noon, first], day
    assert ids(ada, until=day) == logged[3::-1]
    assert ids(ada, since=day) == logged[:0:-1]


UNTIL = {
    "12:00:05": 4,
    "12:00": 0,
    "12:00:05.123": 2,
    "12:00:05.123456": 1,
    "12:00:05.123457Z": 2,
    "12:00:05.999999": 4,
    "14:00:05%2B02:00": 4,
}


def test_until_includes_all_that_it_names_and_nothing_more(ada: Client) -> None:
    second = NOON + 5 * SECOND
    microseconds = [123_456, 123_457, 500_000, 999_999, 1_000_000]
    logged = happened_at(STATUS, [(second + timedelta(microseconds=each), {}) for each in microseconds])
    for until, included in UNTIL.items():
        found = ada.get(f"{HISTORY}?until=2026-01-31T{until}").json()["events"]
        assert [event["id"] for event in found] == logged[:included][::-1], until


def test_a_plus_that_was_not_escaped_is_understood(ada: Client) -> None:
    [event] = happened(STATUS, {})
    assert ada.get(f"{HISTORY}?since=2026-01-31T14:00:00+02:00").json()["events"][0]["id"] == event


def test_up_to_the_time_that_an_event_shows_includes_it(ada: Client) -> None:
    [event] = happened(STATUS, {}, first=NOON + timedelta(microseconds=123_999))
    shown = answer(ada)["events"][0]["timestamp"]
    assert ids(ada, since=shown, until=shown) == [event]


def test_events_whose_transaction_took_its_time_are_not_missed_at_the_bounds(ada: Client) -> None:
    late = timedelta(seconds=50)
    moments = [NOON, NOON + late, NOON + SECOND, NOON + late + SECOND, NOON + 2 * SECOND, NOON + 2 * late]
    logged = happened_at(STATUS, [(moment, {}) for moment in moments])
    assert ids(ada, until="2026-01-31T12:00:02Z") == [logged[4], logged[2], logged[0]]
    assert ids(ada, since="2026-01-31T12:00:50Z") == [logged[5], logged[3], logged[1]]


EPOCH_BEGAN = datetime(1970, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FORTY_MINUTES = [NOON + number * timedelta(minutes=1) for number in range(40)]
CLOCKS = {
    "right": FORTY_MINUTES,
    "set back an hour": [*FORTY_MINUTES[:20], *(each - HOUR for each in FORTY_MINUTES[20:])],
    "a day ahead for a while": [*FORTY_MINUTES[:15], *(each + DAY for each in FORTY_MINUTES[:9]), *FORTY_MINUTES[24:]],
    "a day behind for a while": [*FORTY_MINUTES[:15], *(each - DAY for each in FORTY_MINUTES[:9]), *FORTY_MINUTES[24:]],
    "of two hosts that differ": [each + HOUR * (place % 2) for place, each in enumerate(FORTY_MINUTES)],
    "in 1970 for a while": [*FORTY_MINUTES[:20], *[EPOCH_BEGAN] * 9, *FORTY_MINUTES[29:]],
}


def placed(moments: Sequence[datetime]) -> list[tuple[int, datetime]]:
    """Events of two types in turn, by the way of all events; their positions and times."""
    drafts = [
        records.Draft((STATUS, CIRCUIT)[place % 2], "info", moment, "", '{"severity":"info"}')
        for place, moment in enumerate(moments)
    ]
    logged = [event for first in range(0, len(drafts), 3) for event in append.append(drafts[first : first + 3])]
    return [(event.position or 0, event.timestamp) for event in logged]


def found_by_pages(search: history.Search) -> list[int]:
    found, before = [], reading.head().position + 1
    while True:
        page = history.find_page(search, before, 20)
        found += [event.position for event in page.events]
        if page.next is None:
            return found
        before = page.next


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("version", ["this one", "with an older one beside it"])
@pytest.mark.parametrize("clock", CLOCKS)
def test_a_time_is_found_whatever_the_clocks_said(monkeypatch: pytest.MonkeyPatch, clock: str, version: str) -> None:
    monkeypatch.setattr(event_model, "SPAN", 7)
    moments = CLOCKS[clock]
    logged = placed(moments[:11])
    if version != "this one":  # which notes no spans
        happened_at(STATUS, [(moment, {}) for moment in moments[11:20]])
        logged += enumerate(moments[11:20], 12)
    logged += placed(moments[len(logged) :])
    assert LogSpan.objects.count() >= 3
    edges = sorted({*moments[1 :: 9 if LONG else 18], NOON - 2 * DAY, NOON + 2 * DAY})
    for since, until in [(None, None), *((None, each) for each in edges), *combinations([*edges, None], 2)]:
        within = [place for place, at in logged if (not since or at >= since) and (not until or at < until)]
        search = history.Search({STATUS: (), CIRCUIT: ()}, since=since, until=until)
        assert found_by_pages(search) == within[::-1], (since, until)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("clock", CLOCKS)
def test_the_last_event_before_a_time_is_found_whatever_the_clocks_said(
    monkeypatch: pytest.MonkeyPatch, clock: str
) -> None:
    monkeypatch.setattr(event_model, "SPAN", 7)
    logged = placed(CLOCKS[clock])
    for moment in [EPOCH_BEGAN, *(at + SECOND for _, at in logged)]:
        before = [place for place, at in logged if at < moment]
        assert history.position_before(moment) == max(before, default=0)


@pytest.mark.django_db(transaction=True)
def test_a_search_by_time_leaves_out_what_has_other_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_model, "SPAN", 10)
    logged = placed([NOON + number * SECOND for number in range(1000)])
    at = logged[500][1]
    newest, span = LogSpan.objects.may_have(at, at + SECOND, Positions(0, 1001))
    assert newest.after >= 980  # the span that is not full yet
    assert span.after < 501 < span.before
    assert span.before - span.after <= 15


# --- pages -----------------------------------------------------------------------------------------------


def pages(client: Client, **query: Any) -> list[dict[str, Any]]:
    found = [answer(client, **query)]
    while found[-1]["next"] is not None:
        found.append(answer(client, **query, cursor=found[-1]["next"]))
        assert len(found) < 1000
    return found


def test_pages_follow_each_other_without_gap_or_repetition(ada: Client) -> None:
    logged = [id for _ in range(10) for type in (STATUS, CIRCUIT) for id in happened(type, {}, {}, {})]
    found = pages(ada, limit=7)
    assert [event["id"] for page in found for event in page["events"]] == logged[::-1]
    assert [len(page["events"]) for page in found] == [7] * 8 + [4]


def test_a_page_is_of_fifty_events_and_the_last_one_says_so(ada: Client) -> None:
    happened(STATUS, *[{}] * 100)
    assert [len(page["events"]) for page in pages(ada)] == [50, 50]


def test_what_happens_meanwhile_does_not_move_the_pages(ada: Client) -> None:
    logged = happened(STATUS, *[{}] * 6)
    first = answer(ada, limit=3)
    happened(STATUS, {}, {})
    assert ids(ada, cursor=first["next"]) == logged[2::-1]


def test_pages_agree_whatever_the_size_of_the_steps(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the database leaves much out, and where it finds more in a step than is read at once."""
    levels = ["info"] * 20 + ["error"] * 15 + ["info"] * 15 + ["error"] * 2
    logged = happened(STATUS, *[{"severity": level} for level in levels])
    expected = [id for id, level in zip(logged, levels, strict=True) if level == "error"][::-1]
    for first, most, widest, size in [
        *((1, 1, 1, 1000), (1, 2, 64, 1000), (4, 8, 16, 1000), (64, 1024, 65_536, 1000)),
        (64, 1024, 65_536, 40),  # two or three events
    ]:
        monkeypatch.setattr("events.log.pages.MAX_BYTES", size)
        monkeypatch.setattr(history, "FIRST_ROWS", first)
        monkeypatch.setattr(history, "MOST_ROWS", most)
        monkeypatch.setattr(history, "WIDEST_STEP", widest)
        assert ids(ada, severity="error", limit=100) == expected
        assert len(ids(ada, limit=1000)) == len(logged)


def test_a_search_that_takes_too_long_says_how_far_it_looked_and_goes_on(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "SECONDS", 0)
    needles = [{"mcp_name": "needle"} if place in (3, 17, 42) else {"mcp_name": "häy"} for place in range(60)]
    logged = happened(STATUS, *needles)
    found = pages(ada, filter__mcp_names="needle")
    assert [event["id"] for page in found for event in page["events"]] == [logged[42], logged[17], logged[3]]
    assert answer(ada, filter__mcp_names="needle") == {
        "events": [],
        "next": logged[-1],
        "complete": False,
        "looked_back_to": "2026-01-31T12:00:59.000Z",
    }
    assert found[-1]["complete"]


def test_a_search_for_a_rare_severity_is_stopped_between_steps(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "SECONDS", 0)
    monkeypatch.setattr(history, "FIRST_ROWS", 10)
    monkeypatch.setattr(history, "WIDEST_STEP", 10)
    logged = happened(STATUS, {"severity": "critical"}, *[{}] * 35)
    found = pages(ada, event_type=STATUS, severity="critical")
    assert not found[0]["complete"]
    assert len(found) >= 4
    assert [event["id"] for page in found for event in page["events"]] == [logged[0]]


def test_a_page_of_large_payloads_ends_early(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MAX_CHARACTERS_OF_PAGE", 1000)
    logged = happened(STATUS, *[{"text": "x" * 600}] * 5)
    found = pages(ada)
    assert [len(page["events"]) for page in found] == [2, 2, 1]
    assert [event["id"] for page in found for event in page["events"]] == logged[::-1]
    assert all(page["complete"] for page in found)


def test_more_searches_than_are_served_at_once_are_told_to_come_back(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, "SEARCH_WAIT", 0)
    with responses.search_turn(-1), responses.search_turn(-2):
        response = ada.get(HISTORY)
        problem(response, 429, "too_many_requests")
        assert response["Retry-After"] == "1"
    assert ada.get(HISTORY).status_code == 200


# --- for whom --------------------------------------------------------------------------------------------


def test_without_credentials_it_is_refused() -> None:
    problem(Client().get(HISTORY), 401, "unauthorized")


def test_a_user_outside_auditors_reads_nothing_of_audit_types(ada: Client) -> None:
    [failed] = happened("login_failed", {"username": "eve"})
    assert ids(ada) == ids(ada, severity="info") == []
    unknown = problem(ada.get(HISTORY, {"event_type": "login_failed"}), 422, "unknown_event_type")
    assert "login_failed" not in unknown["detail"].partition("allowed")[2]
    assert ids(person("eva", groups=("auditors",))) == ids(person("root", superuser=True)) == [failed]


def test_events_of_a_type_that_is_not_active_are_not_shown(ada: Client) -> None:
    happened(STATUS, {})
    status = EventType.objects.get(pk=STATUS)
    status.is_active = False
    status.save()
    assert ids(ada) == []


def test_it_is_for_nobody_elses_eyes(ada: Client) -> None:
    response = ada.get(HISTORY)
    assert "private" in response["Cache-Control"]
    assert {"Authorization", "Cookie"} <= set(response["Vary"].split(", "))


def test_bounds_far_out_are_bounds(ada: Client) -> None:
    [event] = happened(STATUS, {})
    epoch = event.partition("-")[0]
    for query in ("since=0001-01-01", "until=9999-12-31", f"cursor={epoch}-999999999999999999"):
        assert len(ada.get(f"{HISTORY}?{query}").json()["events"]) == 1, query


# --- as the socket ---------------------------------------------------------------------------------------

WORDS = ["oracle_mcp", "Oracle_MCP", "a", "error", "ERROR", "info", "critical", "active", "open", "healthy", "admin"]
MEMBERS: list[Any] = [*WORDS, 0, 1, 2.5, -3, True, None, "straße", "STRASSE", "1", ["a", "admin", 2], [], {"a": 1}]
ASKED: list[Any] = [*WORDS, "straße", "strasse", 0, 1, 2, "1", "2.5", True, ""]
FILTERS = examples(150)  # on each of the two databases


def a_type_of_all_operators() -> None:
    made = EventType.objects.create(id="measured", category_id="system", label="Measured", payload_check="off")
    for name, type, key, operator in [
        ("at_least", "number", "value", "gte"),
        ("at_most", "number", "value", "lte"),
        ("exactly", "number", "value", "eq"),
        ("says", "text", "text", "contains"),
        ("begins", "text", "text", "prefix"),
        ("is", "text", "text", "eq"),
        ("mcp_names", "multiselect", "mcp_name", "in"),
    ]:
        EventField.objects.create(event_type=made, name=name, label=name, type=type, data_key=key, operator=operator)


def anything_that_happens(types: list[FrozenType]) -> dict[str, str]:
    """Events of these types and their ids, with members that their fields look at."""
    happening = {}
    for _ in range(100):
        event_type = random.choice(types)
        keys = {field.data_key for field in event_type.fields} - {"severity"}
        data = {key: random.choice(MEMBERS) for key in keys if random.random() < 0.9}
        [id] = happened(event_type.id, {**data, "severity": random.choice(event_type.severities)})
        happening[id] = event_type.id
    return happening


def anything_asked(types: list[FrozenType]) -> tuple[list[str], dict[str, list[Any]]]:
    chosen = random.sample(types, random.choice([0, 1, 1, 2, 4]))
    names = sorted({field.name for event_type in chosen or types for field in event_type.fields})
    asked = random.sample(names, min(len(names), random.choice([0, 1, 1, 2, 3])))
    return [each.id for each in chosen], {name: random.choices(ASKED, k=random.choice([1, 1, 3])) for name in asked}


def types_of_the_socket(registry: Registry, types: list[FrozenType], chosen: list[str], asked: Any) -> list[FrozenType]:
    declaring = [each for each in types if set(asked) <= {field.name for field in each.fields}]
    return [registry.types[id] for id in chosen] if chosen else declaring


def query_of(chosen: list[str], asked: dict[str, list[Any]]) -> QueryDict:
    query = QueryDict(mutable=True)
    if chosen:
        query.setlist("event_type", chosen)
    for name, values in asked.items():
        query.setlist(f"filter.{name}", [json_text(value) for value in values])
    return query


@pytest.mark.slow
def test_history_and_explain_agree_with_the_socket_on_random_filters() -> None:
    a_type_of_all_operators()
    user = User.objects.create_user("ada")
    registry = registry_cache.refresh()
    types = [registry.types[id] for id in sorted(policy.scopes_of(policy.viewer_of(user), registry))]
    of_event = anything_that_happens([*types, registry.types["login_failed"]])
    data = {event["id"]: event["data"] for event in everything()}
    matcher: Matcher[int] = Matcher()
    requests: list[tuple[list[str], dict[str, list[Any]]]] = []
    while len(requests) < FILTERS:
        chosen, asked = anything_asked(types)
        of_socket = types_of_the_socket(registry, types, chosen, asked)
        try:
            of_type = parse_filters({name: as_the_socket_has_it(values) for name, values in asked.items()}, of_socket)
        except FilterError:
            continue
        for type_id, filter in of_type.items():
            matcher.add(type_id, filter, len(requests))
        requests.append((chosen, asked))

    sent: dict[int, set[str]] = {request: set() for request in range(FILTERS)}
    for id, type_id in of_event.items():
        for request in matcher.match(type_id, data[id]):
            sent[request].add(id)
    visible = [id for id, type_id in of_event.items() if type_id != "login_failed"]
    for request, (chosen, asked) in enumerate(requests):
        query = query_of(chosen, asked)
        explained = {id: responses.explain_answer(id, query, user)["matches"] for id in random.sample(visible, 2)}
        assert explained == {id: id in sent[request] for id in explained}, query.urlencode()
        query["limit"] = "1000"
        found = [event["id"] for event in responses.history_answer(query, user)["events"]]
        assert found == [id for id in reversed(of_event) if id in sent[request]], query.urlencode()
    sizes = {len(ids) for ids in sent.values()}
    assert 0 in sizes
    assert len(sizes) > FILTERS // 8


def as_the_socket_has_it(values: list[Any]) -> Any:
    return values if len(values) > 1 else values[0]


def everything() -> list[dict[str, Any]]:
    epoch = reading.head().epoch
    return [{"id": f"{epoch}-{event.position}", "data": event.payload} for event in Event.objects.order_by("position")]


def test_a_page_of_what_is_new_asks_the_log_once_and_one_that_reaches_further_back_has_all(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "NEWEST_ROWS", 60)
    happened("user_login", *({"username": f"{number}"} for number in range(70)))
    happened("user_logout", {"username": "rare"}, first=NOON - SECOND)
    happened("user_login", *({"username": f"{number}"} for number in range(55)))
    answer(ada)
    for bounds in ({}, {"since": "2026-01-31"}, {"since": "2026-01-31", "until": "2026-01-31"}):
        with CaptureQueriesContext(connection) as asked:
            assert len(answer(ada, **bounds)["events"]) == 50
        statements = [each["sql"] or "" for each in asked]  # one that psycopg has prepared comes without its words
        assert len([each for each in statements if re.search(r'\bdata"? FROM', each)]) == 1, bounds
    assert len(ids(ada, event_type="user_logout")) == 1
    assert len(ids(ada, limit="1000")) == 126


def test_a_page_of_what_lies_behind_many_events_of_other_types_asks_the_log_twice(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "NEWEST_ROWS", 60)
    happened("user_login", *({"username": f"{number}"} for number in range(40)))
    happened("user_logout", *({"username": f"{number}"} for number in range(40)))
    happened("mcp_status_change", *({"mcp_name": f"{number}"} for number in range(90)))
    chosen = {"event_type": ["user_login", "user_logout"]}
    answer(ada)
    with CaptureQueriesContext(connection) as asked:
        found = answer(ada, **chosen)
    assert len([each for each in asked if re.search(r'\bdata"? FROM', each["sql"])]) == 2
    [epoch] = {id.partition("-")[0] for id in ids(ada, **chosen)}
    assert [each["id"] for each in found["events"]] == [f"{epoch}-{position}" for position in range(80, 30, -1)]
    assert ids(ada, **chosen, limit="1000") == [f"{epoch}-{position}" for position in range(80, 0, -1)]


NARROWED: list[tuple[dict[str, Any], list[str]]] = [
    ({"is__mcp_name": "a"}, ["a1", "a2"]),
    ({"is__mcp_name": "a", "not__reason": "2"}, ["a1"]),  # there, it is the number
    ({"is__mcp_name": "a", "not__reason": '"2"'}, ["a1", "a2"]),
    ({"is__reason": ["1", "2"]}, []),  # it cannot be both
    ({"is__tags": "y"}, ["a1"]),  # one of a list
    ({"q": "went nowhere"}, []),
    ({"q": " went B"}, ["b3"]),  # of the summary line
    ({"q": '"tags":["x"'}, ["a1"]),  # of the payload
    ({"q": "circuit"}, ["c4"]),  # of the type's name
]


def test_values_and_a_text_narrow_what_is_found_and_counted(ada: Client) -> None:
    happened(STATUS, {"mcp_name": "a", "new_status": "a1", "reason": 1, "tags": ["x", "y"]})
    happened(STATUS, {"mcp_name": "a", "new_status": "a2", "reason": 2})
    happened(STATUS, {"mcp_name": "b", "new_status": "b3"})
    happened(CIRCUIT, {"mcp_name": "c", "new_status": "c4"})
    for query, found in NARROWED:
        events = answer(ada, **query)["events"]
        assert sorted(event["data"]["new_status"] for event in events) == found, query
        asked = {name.replace("__", "."): value for name, value in query.items()}
        counted = ada.get(f"{HISTORY}counts", {**asked, "since": "2020-01-01"}).json()
        assert sum(sum(part.values()) for part in counted["parts"]) == len(found), query


def test_what_narrows_is_bounded(ada: Client) -> None:
    problem(ada.get(HISTORY, {"is.a": [str(number) for number in range(21)]}), 400, "limit_exceeded")
    problem(ada.get(HISTORY, {"q": "x" * 201}), 400, "limit_exceeded")
