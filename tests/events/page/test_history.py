"""The page “History” as the server writes it: the log's own digits, each member apart, a range of time."""

from __future__ import annotations

from html import unescape

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.html import strip_tags

from events.models import Event, EventType
from tests.events.log_rows import happened

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files")]

PAGE = "/events/history"
STATUS = "mcp_status_change"


@pytest.fixture
def ada(client: Client) -> Client:
    client.force_login(User.objects.create_user("ada"))
    return client


def content(client: Client, status: int = 200, **query: str) -> str:
    response = client.get(PAGE, query)
    assert response.status_code == status
    return response.content.decode()


def test_numbers_have_the_digits_of_the_log(ada: Client) -> None:
    happened(STATUS, {"mcp_name": 1e16, "new_status": 2**53 + 1, "f": 1.0, "z": -0.0, "big": 10**30})
    text = content(ada)
    for line in ('"f": 1.0', '"z": -0.0', '"mcp_name": 1e16', f'"new_status": {2**53 + 1}', f'"big": {10**30}'):
        assert line in unescape(text)
    assert f"<bdi>1e16</bdi> went <bdi>{2**53 + 1}</bdi>" in text


def test_members_are_kept_apart_and_steer_nothing(ada: Client) -> None:
    happened(STATUS, {"mcp_name": "invoice\u202egnp.exe", "new_status": "\x1b[1m<b>"})
    text = content(ada)
    assert "<bdi>invoice\ufffdgnp.exe</bdi> went <bdi>\ufffd[1m&lt;b&gt;</bdi>" in text
    assert "\u202e" not in text
    assert "\\u202egnp" in text


def test_a_long_member_is_cut_in_the_line_and_whole_below_it(ada: Client) -> None:
    happened(STATUS, {"mcp_name": "x" * 3000, "new_status": "active"})
    text = content(ada)
    assert f"<bdi>{'x' * 399}…</bdi></bdi>" in text
    assert "x" * 3000 in text


def test_a_label_that_steers_the_direction_does_not(ada: Client) -> None:
    EventType.objects.filter(id=STATUS).update(label="in\u202eside")
    EventType.objects.get(id=STATUS).save()
    assert "<bdi>in\ufffdside</bdi>" in content(ada)


def test_an_event_that_cannot_be_read_is_a_row_that_says_so(ada: Client) -> None:
    happened(STATUS, {"mcp_name": "a", "new_status": "active"}, {"mcp_name": "b", "new_status": "active"})
    Event.objects.filter(position=1).update(data='{"mcp_name": ')
    text = strip_tags(content(ada))
    assert "This event cannot be read: " in text
    assert "b went active" in text


def test_a_time_that_is_left_empty_is_none_and_one_that_is_given_stays_in_its_input(ada: Client) -> None:
    happened(STATUS, {"mcp_name": "early"}, {"mcp_name": "late"})  # at noon, and a second later
    assert "early" in content(ada, since="", until="")
    text = content(ada, since="2026-01-31T13:00:01+01:00", until="2026-01-31T12:00:05Z")
    assert ("early" in text, "late" in text) == (False, True)
    assert 'name="since" step="1" value="2026-01-31T12:00:01"' in text
    assert 'name="until" step="1" value="2026-01-31T12:00:05"' in text
    assert "Time <small>in UTC</small>" in text


def test_what_is_wrong_with_a_time_is_said_beside_the_button(ada: Client) -> None:
    text = content(ada, 400, since="yesterday")
    assert "since: &quot;yesterday&quot; is not a time in ISO 8601" in text
    assert 'name="since" step="1" value=""' in text
