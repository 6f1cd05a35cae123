"""The first steps: for the admin alone, as far as they are really done, and away for good by a click."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from eventhub.local.first_run import make_people
from events.access.token_terms import make_token
from events.mcp.models import McpServer
from events.models import Event
from tests.events.log_rows import happened

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files")]

ALL = ["Register an MCP server", "Send a test event", "Make an API token", "Invite somebody"]


@pytest.fixture
def admin(client: Client) -> Client:
    make_people()
    client.force_login(User.objects.get(username="admin"))
    return client


def open_steps(client: Client, address: str = "/events") -> list[str]:
    shown = client.get(address).content.decode().partition('<section class="first-steps"')[2].partition("</section>")[0]
    return re.findall(r"<a href=[^>]*>([^<]+)</a>", shown)


def test_a_new_installation_shows_all_of_them_on_the_first_page_and_in_the_admin(admin: Client) -> None:
    assert open_steps(admin) == ALL
    assert open_steps(admin, "/admin/") == ALL
    assert open_steps(admin, "/fleet") == []


def test_each_is_done_when_it_is_done(admin: Client) -> None:
    McpServer.objects.create(name="a", url="http://127.0.0.1:9/")
    assert open_steps(admin) == ALL[1:]
    happened("mcp_status_change", {"mcp_name": "a"})
    assert open_steps(admin) == ALL[1:], "the monitor's own events are no test"
    Event.objects.update(source="api:admin")
    assert open_steps(admin) == ALL[2:]
    make_token(User.objects.get(username="admin"), "mine", ["read"], None)
    assert open_steps(admin) == ALL[3:]
    User.objects.create_user("bob", password="secret")
    assert open_steps(admin) == []


def test_the_form_that_sends_a_test_event_counts(admin: Client) -> None:
    address = "/admin/events/eventtype/mcp_status_change/test-event/"
    page = admin.post(address, {"data-severity": "info"}).content.decode()
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key
    admin.post(address, {"data-severity": "info", "key": key[1], "send": "Send it"})
    assert "Send a test event" not in open_steps(admin)


def test_a_click_puts_them_away_for_good_for_that_person(admin: Client) -> None:
    assert admin.get("/first-steps/dismiss").status_code == 405
    assert admin.post("/first-steps/dismiss", {"from": "admin"})["Location"] == "/admin/"
    assert open_steps(admin) == open_steps(admin, "/admin/") == []
    admin.post("/first-steps/dismiss")
    other = Client()
    other.force_login(User.objects.create_superuser("root"))
    assert open_steps(other) == ALL[:3]  # somebody else is there


def test_others_never_see_them(admin: Client) -> None:
    staff = Client()
    staff.force_login(User.objects.create_user("bob", is_staff=True))
    assert open_steps(staff) == open_steps(staff, "/admin/") == []
    assert Client().post("/first-steps/dismiss").status_code == 302
