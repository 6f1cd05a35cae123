"""Export: the log as a file, of what its reader may see."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.models import Group, User
from django.db import OperationalError
from django.test import Client

from events.http import export as exports
from events.log import reading
from events.log import search as history
from events.models import EventField, EventType
from events.pacing.turns import ThreadTurns
from tests.events.callers import person, problem
from tests.events.log_rows import happened

pytestmark = pytest.mark.django_db

CSV, NDJSON = "/api/v1/events/export.csv", "/api/v1/events/export.ndjson"
STATUS, CIRCUIT = "mcp_status_change", "circuit_breaker_state"


@pytest.fixture(autouse=True)
def none_running(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no export count that another test has not read."""
    monkeypatch.setattr(exports, "_running", WeakSet())


@pytest.fixture
def ada() -> Client:
    return person("ada")


def file_of(response: Any, meanwhile: Callable[[], object] = lambda: None) -> bytes:
    """The whole file; `meanwhile` happens after its first piece."""
    assert response.status_code == 200, response.content

    async def pieces() -> bytes:
        file = b""
        async for piece in response:
            file += piece
            await sync_to_async(meanwhile)()
        return file

    return async_to_sync(pieces)()


def lines(file: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.splitlines()]


def rows(file: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"), newline="")))


def names(file: bytes) -> list[str]:
    return [event["data"]["mcp_name"] for event in lines(file)]


def restrict(type_id: str) -> None:
    """Let the group of wardens alone see this type."""
    group, _ = Group.objects.get_or_create(name="wardens")
    EventType.objects.get(pk=type_id).allowed_groups.add(group)


def numbered(count: int) -> list[dict[str, Any]]:
    return [{"mcp_name": str(number)} for number in range(count)]


def test_all_events_are_in_the_file_newest_first_however_many_pages_they_are(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PAGE", 3)
    ids = happened(STATUS, *numbered(10))
    assert [event["id"] for event in lines(file_of(ada.get(NDJSON)))] == ids[::-1]
    assert [row["id"] for row in rows(file_of(ada.get(CSV)))] == ids[::-1]


def test_what_comes_while_it_is_written_is_not_in_it(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PAGE", 2)
    happened(STATUS, *numbered(6))
    file = file_of(ada.get(NDJSON), lambda: happened(STATUS, {"mcp_name": "late"}))
    assert names(file) == ["5", "4", "3", "2", "1", "0"]


def test_the_filters_and_the_time_are_those_of_history(ada: Client) -> None:
    happened(STATUS, *numbered(5))
    happened(CIRCUIT, {"mcp_name": "3"})
    query = {"event_type": STATUS, "filter.mcp_names": ["1", "3", "4"], "until": "2026-01-31T12:00:03Z"}
    assert names(file_of(ada.get(NDJSON, query))) == ["3", "1"]


def test_a_line_of_ndjson_has_the_digits_of_the_log(ada: Client) -> None:
    [id] = happened(STATUS, {"mcp_name": "a", "exact": 12345678901234567890, "small": 1e-7})
    file = file_of(ada.get(NDJSON))
    assert file.count(b"\n") == 1
    assert b'"exact":12345678901234567890,"small":1e-7' in file
    assert lines(file)[0]["id"] == id


def test_csv_has_a_column_for_each_filterable_field_and_the_whole_payload(ada: Client) -> None:
    field = {"type": "number", "data_key": "took", "operator": "gte"}
    EventField.objects.create(event_type=EventType.objects.get(pk=STATUS), name="took", label="Took", **field)
    happened(STATUS, {"mcp_name": 'two\nlines, "quoted"', "took": 12345678901234567890, "other": [1, 2]})
    file = file_of(ada.get(CSV, {"event_type": STATUS}))
    assert file.startswith(b"\xef\xbb\xbfid,timestamp,type,severity,summary,data.")
    [row] = rows(file)
    assert row["data.mcp_name"] == 'two\nlines, "quoted"'
    assert row["data.took"] == "12345678901234567890"
    assert row["severity"] == "info"
    assert row["timestamp"] == "2026-01-31T12:00:00.000Z"
    assert json.loads(row["data"])["other"] == [1, 2]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1"])
def test_no_text_of_an_event_is_a_formula_in_a_spreadsheet(ada: Client, text: str) -> None:
    EventType.objects.filter(pk=STATUS).update(summary="{mcp_name}")
    happened(STATUS, {"mcp_name": text})
    [row] = rows(file_of(ada.get(CSV)))
    assert row["data.mcp_name"] == f"'{text}"
    assert not any(cell.startswith(sign) for cell in row.values() for sign in "=+-@\t\r\n\uff1d")


def test_a_number_below_zero_stays_a_number(ada: Client) -> None:
    field = {"type": "number", "data_key": "drift", "operator": "gte"}
    EventField.objects.create(event_type=EventType.objects.get(pk=STATUS), name="drift", label="Drift", **field)
    happened(STATUS, {"mcp_name": "a", "drift": -5}, {"mcp_name": "a", "drift": None}, {"mcp_name": "a"})
    assert [row["data.drift"] for row in rows(file_of(ada.get(CSV)))] == ["", "", "-5"]


def test_of_a_restricted_type_only_its_group_has_events_in_the_file() -> None:
    restrict(CIRCUIT)
    happened(STATUS, {"mcp_name": "open"})
    happened(CIRCUIT, {"mcp_name": "closed"})
    assert names(file_of(person("warden", groups=("wardens",)).get(NDJSON))) == ["closed", "open"]
    ada = person("ada")
    assert names(file_of(ada.get(NDJSON))) == ["open"]
    assert b"closed" not in file_of(ada.get(CSV))
    problem(ada.get(NDJSON, {"event_type": CIRCUIT}), 422, "unknown_event_type")


def test_what_is_restricted_meanwhile_is_not_written_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PAGE", 2)
    happened(STATUS, *numbered(6))
    file = file_of(person("ada").get(NDJSON), lambda: restrict(STATUS))
    assert names(file) == ["5", "4"]


@pytest.mark.parametrize("path", [CSV, NDJSON])
def test_the_file_says_that_it_is_not_complete_when_access_ends_meanwhile(
    ada: Client, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PAGE", 2)
    happened(STATUS, *numbered(6))
    file = file_of(ada.get(path), lambda: User.objects.filter(username="ada").update(is_active=False))
    last = rows(file)[-1] if path == CSV else lines(file)[-1]
    assert last["type"] == "error"
    assert last["summary" if path == CSV else "message"] == "Access has ended. This export is not complete."
    assert len(file.splitlines()) == (4 if path == CSV else 3)


def test_the_file_says_that_it_is_not_complete_when_the_database_goes_away(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PAGE", 2)
    happened(STATUS, *numbered(6))

    def gone(*_: object) -> None:
        raise OperationalError("it went away: hunter2")

    file = file_of(ada.get(NDJSON), lambda: monkeypatch.setattr(exports, "recheck", gone))
    assert lines(file)[-1] == {
        "type": "error",
        "message": "The database does not answer. This export is not complete.",
    }


def test_the_file_says_that_it_is_not_complete_when_the_log_is_another_one(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PAGE", 2)
    happened(STATUS, *numbered(6))
    file = file_of(ada.get(NDJSON), lambda: reading.renew_epoch(reading.head().epoch))
    assert [line["type"] for line in lines(file)] == [STATUS, STATUS, "error"]
    assert lines(file)[-1]["message"] == "The log is another one now. This export is not complete."


def test_somebody_who_signed_in_may_export_as_well(client: Client) -> None:
    happened(STATUS, *numbered(1))
    client.force_login(User.objects.create_user("eve"))
    response = client.get(CSV)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith('attachment; filename="events-')
    assert "private" in response["Cache-Control"]
    assert len(rows(file_of(response))) == 1


def test_an_export_counts_before_its_first_page_is_read(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else many that begin at once would all be let in."""
    happened(STATUS, *numbered(1))
    within: list[int] = []

    def page(*_: object) -> history.Page:
        within.append(ada.get(CSV).status_code if len(within) < 5 else 0)
        return history.Page([], None, None)

    monkeypatch.setattr(exports, "_turns", ThreadTurns(9, 9))
    monkeypatch.setattr(history, "find_page", page)
    assert file_of(ada.get(CSV))
    assert within.count(429) == 1


def test_an_export_that_is_refused_counts_no_more(ada: Client) -> None:
    for _ in range(3):
        problem(ada.get(CSV, {"event_type": "nosuch"}), 422, "unknown_event_type")
    assert file_of(ada.get(CSV))


def test_an_export_waits_for_its_client_without_a_connection_to_the_database(ada: Client) -> None:
    """A client that reads slowly would keep one of the few from everybody else."""
    lent: list[None] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exports, "PAGE", 1)
        patch.setattr(exports, "let_go_of_database", lambda: lent.append(None))
        happened(STATUS, *numbered(3))
        file_of(ada.get(NDJSON))
    assert len(lent) >= 3


def test_the_head_of_an_export_reads_nothing(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "find_page", None)
    response = ada.head(CSV)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert ada.head(CSV, {"limit": "3"}).status_code == 400


def test_nobody_has_more_than_two_exports_at_once(ada: Client) -> None:
    happened(STATUS, *numbered(2))
    running = [ada.get(CSV), ada.get(NDJSON)]
    refused = ada.get(CSV)
    assert "2 times already" in problem(refused, 429, "too_many_requests")["detail"]
    assert int(refused["Retry-After"]) > 0
    assert file_of(person("bob").get(CSV))
    file_of(running.pop())
    assert file_of(ada.get(CSV))
    del running
    assert file_of(ada.get(CSV))


def test_what_cannot_be_asked_is_refused_before_a_file_begins(ada: Client, client: Client) -> None:
    problem(client.get(CSV), 401, "unauthorized")
    problem(ada.get(CSV, {"event_type": "nosuch"}), 422, "unknown_event_type")
    assert "limit" in problem(ada.get(CSV, {"limit": "3"}), 400, "invalid_message")["detail"]
    detail = problem(ada.get("/api/v1/events/export.xlsx"), 404, "not_found")["detail"]
    assert detail == 'There is no export as "xlsx"; there are export.csv, export.ndjson.'


def test_who_asks_for_text_csv_gets_it(ada: Client) -> None:
    assert rows(file_of(ada.get(CSV, headers={"Accept": "text/csv"}))) == []


@pytest.mark.usefixtures("unhashed_static_files")
def test_history_offers_the_file_of_what_it_shows(client: Client) -> None:
    happened(STATUS, *numbered(3))
    client.force_login(User.objects.create_user("eve"))
    page = client.get("/events/history", {"event_type": STATUS, "limit": "1", "since": ""}).content.decode()
    assert f'href="{CSV}?event_type={STATUS}"' in page
    assert f'href="{NDJSON}?event_type={STATUS}"' in page
