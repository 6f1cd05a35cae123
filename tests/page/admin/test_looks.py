"""The pages of the admin that are ours: accessible, whole in their window, and kept to the strict policy."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, Response, expect

from tests.page.looks import check, look_at, pictures
from tests.page.visit import Visit
from tests.servers import ServerProcess

pytestmark = pytest.mark.browser

TYPES = "/admin/events/eventtype/"
TYPE = f"{TYPES}circuit_breaker_state/"
LOG = "/admin/events/event/"
PAGES = {
    "index": "/admin/",
    "types": TYPES,
    "type": f"{TYPE}change/",
    "new-type": f"{TYPES}add/",
    "duplicate": f"{TYPES}user_login/duplicate/",
    "history": f"{TYPE}history/",
    "categories": "/admin/events/category/",
    "category": "/admin/events/category/mcp/change/",
    "category-history": "/admin/events/category/mcp/history/",
    "log": LOG,
    "import": f"{TYPES}import/",
    "new-server": "/admin/mcp/mcpserver/add/",
    "new-token": "/admin/knox/authtoken/add/",
    "users": "/admin/auth/user/",
    "servers": "/admin/mcp/mcpserver/",
    "tokens": "/admin/knox/authtoken/",
    "hub": "/admin/hub/",
    "closed-test": f"{TYPES}login_failed/test-event/",
}
FRAME = ("#header", "#nav-sidebar")  # of every page of the admin
Seen = Callable[..., None]


@pytest.fixture
def seen(complaints: list[str]) -> Seen:
    """Look at a page in all its looks, but for the FRAME, which few need show; ask for the icon that it names."""

    def look(page: Page, name: str, without: Sequence[str] = FRAME) -> None:
        icon = page.locator("link[rel=icon]").get_attribute("href")
        assert icon is not None
        assert page.request.get(icon).ok
        told = len(complaints)
        try:
            check(page, without=without)
            pictures(page, f"admin-{name}")
        finally:
            del complaints[told:]  # axe and the camera try to set styles

    return look


def test_every_page_is_accessible_fits_its_window_and_has_all_the_files_that_it_names(
    visit: Visit, used_server: ServerProcess, seen: Seen
) -> None:
    page = visit("admin", used_server, "/admin/")
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    for name, path in PAGES.items():
        page.goto(path)
        seen(page, name, () if name in ("index", "types") else FRAME)
    assert [each.url for each in answers if each.status >= 400] == []


def test_every_step_of_what_is_done_on_them_is_as_accessible(
    visit: Visit, used_server: ServerProcess, seen: Seen
) -> None:
    page = visit("admin", used_server, f"{TYPE}history/")

    def press(name: str) -> None:
        page.get_by_role("button", name=name, exact=True).click()

    page.get_by_role("link", name="Go back to this").click()
    expect(page.locator("table.differences")).not_to_have_count(0)
    seen(page, "revert")
    page.goto(LOG)
    page.locator("#result_list a").first.click()
    expect(page.locator(".payload")).to_be_visible()
    seen(page, "event")
    page.goto(f"{TYPE}change/")
    page.locator(".inlinechangelink").nth(1).click()
    expect(page.locator("#options-group")).to_be_visible()
    seen(page, "field")

    page.goto(f"{TYPE}test-event/")
    page.get_by_label("oracle_mcp").check()
    page.get_by_label("Trying").check()
    seen(page, "test-form")
    press("Look at it first")
    expect(page.locator(".draft")).to_be_visible()
    seen(page, "test-draft")
    press("Send it")
    expect(page.locator(".messagelist")).to_contain_text("Sent")
    seen(page, "test-sent")

    page.goto(f"{TYPES}import/")
    page.get_by_label("File:").set_input_files({"name": "a.json", "mimeType": "application/json", "buffer": b"{"})
    press("Show what would change")
    expect(page.locator(".problems")).to_be_visible()
    seen(page, "import-refused")

    page.goto(TYPES)
    page.get_by_label("Select this object for an action - ⚡ Circuit", exact=True).check()
    page.get_by_label("Action:").select_option("Deactivate selected event types")
    press("Go")
    expect(page.get_by_role("heading", name="Deactivate 1 event type")).to_be_visible()
    seen(page, "deactivate")


def test_no_column_of_the_list_of_types_is_cut(visit: Visit, used_server: ServerProcess) -> None:
    page = visit("admin", used_server, TYPES)
    for size in ("wide", "narrow"):
        look_at(page, size, "light")
        results = page.locator("#changelist-form .results")
        assert results.evaluate("each => each.scrollWidth <= each.clientWidth"), size
        expect(page.get_by_role("columnheader", name="Active")).to_be_in_viewport(ratio=1)


def test_who_may_only_look_sees_no_button_that_would_be_refused(visit: Visit, used_server: ServerProcess) -> None:
    page = visit("looker", used_server, TYPES)
    tools = page.locator(".object-tools li")
    expect(page.get_by_role("link", name="⚡ Circuit")).to_be_visible()
    expect(tools).to_have_count(0)
    expect(page.get_by_label("Action:")).to_have_count(0)
    page.get_by_role("link", name="⚡ Circuit").click()
    expect(tools).to_have_text(["Its events", "History", "View on site"])
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    tools.get_by_role("link", name="History").click()
    expect(page.locator(".versions > li")).to_have_count(2)
    expect(page.get_by_role("link", name="Go back to this")).to_have_count(0)
    for path in ("import/", "export/", "user_login/duplicate/", "user_login/test-event/"):
        assert page.request.get(f"{TYPES}{path}").status == 403, path


def test_times_are_in_the_readers_zone_and_in_utc_on_pointing_at_them(visit: Visit, used_server: ServerProcess) -> None:
    page = visit("admin", used_server, LOG, alone=True, timezone_id="Asia/Kolkata")
    time = page.locator("#result_list time").first
    expect(time).to_have_text(re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$"))
    title = time.get_attribute("title")
    assert title is not None
    shown = datetime.fromisoformat(time.inner_text())
    assert (
        timedelta(hours=5, minutes=30)
        <= shown - datetime.fromisoformat(title.removesuffix(" UTC"))
        < timedelta(hours=5, minutes=30, seconds=1)
    )
