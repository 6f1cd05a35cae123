"""The log in the admin: who may read what of it, and how it is searched."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.utils.html import strip_tags

from events.admin.log import event_log
from events.models import Event, LogHead
from tests.cases import each_case

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files", "unread_pages")]

LOG = "/admin/events/event/"
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def reader(client: Client) -> Client:
    user = User.objects.create_user("reader", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_event"))
    client.force_login(user)
    Event.objects.all().delete()  # that somebody logged in
    return client


@pytest.fixture
def auditor(reader: Client) -> Client:
    User.objects.get(username="reader").groups.add(Group.objects.get(name="auditors"))
    return reader


def logged(type_: str, severity: str = "info", data: str = "{}", **values: Any) -> Event:
    """The next event of the log; one of them an hour."""
    head = LogHead.objects.get()
    head.position += 1
    head.save()
    timestamp = START + timedelta(hours=head.position)
    return Event.objects.create(
        **{"position": head.position, "type_id": type_, "severity": severity, "data": data, "timestamp": timestamp}
        | values
    )


def listed(client: Client, query: str = "") -> list[int]:
    page = client.get(f"{LOG}{query}", follow=True)
    assert page.status_code == 200
    return [event.position for event in page.context["cl"].result_list]


def test_the_log_shows_the_newest_first_with_the_line_that_people_read(reader: Client) -> None:
    logged("user_login", data='{"username": "ada"}')
    logged("mcp_status_change", data='{"mcp_name": "oracle_mcp", "new_status": "inactive"}')
    assert listed(reader) == [2, 1]
    text = strip_tags(reader.get(LOG).content.decode())
    assert "oracle_mcp went inactive" in text
    assert "ada logged in" in text


def test_text_from_outside_neither_turns_the_words_around_it_nor_steers(reader: Client) -> None:
    name = "invoice\u202egnp.exe"
    event = logged(
        "user_login", data=json.dumps({"username": name, name: ["\x9b", 2**53 + 1, 1.0]}), source="web\u202e"
    )
    listed = reader.get(LOG).content.decode()
    assert "<bdi>invoice\ufffdgnp.exe</bdi> logged in" in listed
    assert "<bdi>web\ufffd</bdi>" in listed
    alone = reader.get(f"{LOG}{event.pk}/change/").content.decode()
    assert f"\\u009b&quot;,\n  {2**53 + 1},\n  1.0" in alone
    assert "\u202e" not in listed + alone


def test_the_payload_is_shown_member_by_member_and_never_as_markup(reader: Client) -> None:
    event = logged("user_login", data='{"username": "<script>alert(1)</script>", "user_roles": ["staff"]}')
    text = reader.get(f"{LOG}{event.pk}/change/").content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script>alert(1)" not in text
    assert f"{LogHead.objects.get().epoch}-1" in text
    assert "staff" in text


def test_nobody_adds_changes_or_deletes_an_event(admin_client: Client) -> None:
    event = logged("user_login")
    assert admin_client.get(f"{LOG}add/").status_code == 403
    assert admin_client.post(f"{LOG}{event.pk}/change/", {"severity": "error"}).status_code == 403
    assert admin_client.post(f"{LOG}{event.pk}/delete/", {"post": "yes"}).status_code == 403
    data = {"action": "delete_selected", "_selected_action": [event.pk], "post": "yes"}
    admin_client.post(LOG, data)
    event.refresh_from_db()
    assert event.severity == "info"


def test_a_reader_outside_auditors_learns_nothing_of_audit_events(reader: Client) -> None:
    event = logged("login_failed", "warning", '{"username": "ada"}')
    assert listed(reader) == []
    assert listed(reader, "?type=login_failed") == []
    assert listed(reader, "?q=ada") == []
    assert "Failed login" not in reader.get(LOG).content.decode()
    assert reader.get(f"{LOG}{event.pk}/change/").status_code == 302


def test_an_auditor_sees_audit_events(auditor: Client) -> None:
    logged("login_failed", "warning")
    assert listed(auditor, "?type=login_failed") == [1]
    assert "Failed login" in auditor.get(LOG).content.decode()


def test_an_event_that_is_not_placed_yet_is_not_in_the_log(reader: Client) -> None:
    logged("user_login", position=None)
    assert listed(reader) == []


@pytest.fixture
def four(reader: Client) -> None:
    logged("user_login")
    logged("mcp_status_change", "error", '{"mcp_name": "oracle_mcp"}')
    logged("user_login")
    logged("mcp_status_change", "error", '{"mcp_name": "postgres_mcp"}')


@each_case(
    ("query", "positions"),
    [
        ("?type=user_login", [3, 1]),
        ("?severity=error", [4, 2]),
        ("?type=mcp_status_change&severity=error", [4, 2]),
        ("?severity=critical", []),
        ("?q=oracle", [2]),
        ("?until=2026-01-01T03:00", [3, 2, 1]),
        ("?until=2026-01-01T02:59&severity=info", [1]),
        ("?until=2026-01-01", [4, 3, 2, 1]),
        ("?until=2025-12-31", []),
        ("?until=2025-12-31T00:00", []),
        ("?until=2036-12-31T00:00", [4, 3, 2, 1]),
        ("?until=2", [2, 1]),
        ("?until=99999999999999999999999", [4, 3, 2, 1]),
    ],
)
@pytest.mark.usefixtures("four")
def test_the_log_is_narrowed_by_time_type_severity_and_text(reader: Client, query: str, positions: list[int]) -> None:
    assert listed(reader, query) == positions


def test_a_time_is_found_in_a_log_with_pruned_events(reader: Client) -> None:
    for _ in range(20):
        logged("user_login")
    Event.objects.filter(position__in=[*range(1, 5), 7, 8, *range(11, 20)]).delete()
    assert listed(reader, "?until=2026-01-01T08:30") == [6, 5]


def test_a_time_that_is_none_is_named_and_the_newest_are_shown(reader: Client) -> None:
    logged("user_login")
    page = reader.get(f"{LOG}?until=yesterday")
    assert [str(message) for message in page.context["messages"]] == [
        "“yesterday” is not a time such as 2026-01-31T23:59 or 2026-01-31; the newest events are shown."
    ]
    assert listed(reader, "?until=yesterday") == [1]


@pytest.fixture
def _looks_at_three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "LOOKED_AT", 3)


@pytest.mark.usefixtures("_looks_at_three")
def test_a_page_looks_at_a_bounded_number_of_events_and_leads_to_those_before(reader: Client) -> None:
    for number in range(8):
        logged("user_login" if number % 4 else "user_logout", "warning" if number in (0, 6) else "info")
    assert listed(reader) == [8, 7, 6]
    assert listed(reader, "?severity=warning") == [7]

    query, found = "?severity=warning", []
    while query:
        page = reader.get(f"{LOG}{query}")
        found += [event.position for event in page.context["cl"].result_list]
        query = page.context["cl"].older
    assert found == [7, 1]


@pytest.mark.usefixtures("_looks_at_three")
def test_a_chosen_type_that_one_may_not_see_is_as_one_that_there_is_not(reader: Client) -> None:
    for _ in range(5):
        logged("login_failed")
    for chosen in ("login_failed", "no_such_type"):
        page = reader.get(f"{LOG}?type={chosen}")
        assert (page.context["cl"].older, list(page.context["cl"].result_list)) == ("", []), chosen


@pytest.mark.usefixtures("_looks_at_three")
def test_the_bound_is_on_events_of_the_chosen_type(reader: Client) -> None:
    for number in range(8):
        logged("user_login" if number % 4 else "user_logout")
    assert listed(reader, "?type=user_logout") == [5, 1]
    assert listed(reader, "?type=user_login") == [8, 7, 6]
