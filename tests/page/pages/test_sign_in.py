"""Signing in and out, for staff and for everybody else."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.page.visit import Visit
from tests.servers import ServerProcess

pytestmark = pytest.mark.browser


def sign_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_signing_in_returns_where_one_came_from(visit: Visit, shared_server: ServerProcess) -> None:
    page = visit(None, shared_server, "/events?tab=user")
    assert page.url.startswith(f"{shared_server.url}/login/?next=/events")
    sign_in(page, "alice", "wrong")
    expect(page.get_by_role("alert")).to_contain_text("This user name and password do not belong together.")
    expect(page.get_by_label("User name")).to_have_value("alice")
    sign_in(page, "alice", "pw-alice")
    expect(page).to_have_url(f"{shared_server.url}/events?tab=user")
    expect(page.get_by_role("tab", name="User")).to_have_attribute("aria-selected", "true")


def test_the_header_names_the_user_and_leads_staff_to_the_admin(visit: Visit, shared_server: ServerProcess) -> None:
    page = visit("admin", shared_server)
    expect(page.get_by_role("banner")).to_contain_text("Signed in as admin")
    page.get_by_role("link", name="Admin", exact=True).click()
    expect(page).to_have_url(f"{shared_server.url}/admin/")
    other = visit("alice", shared_server, "/account")
    expect(other.get_by_role("banner")).to_contain_text("Signed in as alice")
    expect(other.get_by_role("link", name="Admin", exact=True)).to_have_count(0)


def test_after_signing_out_the_events_need_signing_in_again(visit: Visit, shared_server: ServerProcess) -> None:
    page = visit("alice", shared_server, "/account")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto("/events")
    assert page.url.startswith(f"{shared_server.url}/login/?next=/events")


def test_whoever_is_signed_in_but_may_not_enter_is_told_so(visit: Visit, shared_server: ServerProcess) -> None:
    page = visit("alice", shared_server, "/login/?next=/admin/")
    expect(page.get_by_role("alert")).to_contain_text("You are signed in as alice, who may not open /admin/.")
