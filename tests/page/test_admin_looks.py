"""The pages of the admin that are ours: accessible, whole in their window, and kept to the strict policy."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.page.conftest import Picture, Visit
from tests.page.test_looks import NARROW, WIDE
from tests.servers import ServerProcess

pytestmark = pytest.mark.browser

TYPES = "/admin/events/eventtype/"
HISTORY = f"{TYPES}mcp_health_check/history/"
LOG = "/admin/events/event/"
PREPARE = """
from events.models import EventType, FieldOption
from events.mcp.models import McpServer
for name in ("oracle_mcp", "postgres_mcp", "search_mcp"):
    McpServer.objects.create(name=name, url="http://127.0.0.1:9/")
EventType.objects.filter(pk="mcp_health_check").update(label="Health")
FieldOption.objects.filter(field__event_type="mcp_health_check", value="degraded").update(label="Slow")
"""
# Staff who may look at event types and events, and change categories, but nothing else.
LOOKER = """
from django.contrib.auth.models import Permission, User
looker = User.objects.create_user("looker", password="pw-looker", is_staff=True)
names = ["view_eventtype", "view_eventfield", "view_event", "change_category"]
looker.user_permissions.set(Permission.objects.filter(codename__in=names))
"""


@pytest.fixture(scope="module")
def used_server(shared_server: ServerProcess) -> ServerProcess:
    shared_server.manage("shell", "--no-imports", "--command", PREPARE)
    shared_server.manage("shell", "--no-imports", "--command", LOOKER)
    shared_server.manage("simulate_events", "--rate=50", "--duration=2", "--seed=3")
    return shared_server


def check(page: Page, complaints: list[str]) -> None:
    told = len(complaints)
    results = Axe().run(page)
    del complaints[told:]  # axe itself tries to set styles
    assert results.violations_count == 0, f"{page.url}\n{results.generate_report()}"
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth"), page.url


# Colours do not hang on the size, nor the layout on the colours: two of the four say it all.
@pytest.mark.parametrize(("size", "scheme"), [("wide", "light"), ("narrow", "dark")])
def test_every_page_of_ours_is_accessible_and_fits_its_window(
    visit: Visit,
    used_server: ServerProcess,
    complaints: list[str],
    picture: Picture,
    size: str,
    scheme: str,
) -> None:
    viewport = WIDE if size == "wide" else NARROW
    page = visit("admin", used_server, "/admin/", viewport=viewport, color_scheme=scheme, reduced_motion="reduce")

    def seen(name: str) -> None:
        check(page, complaints)
        told = len(complaints)
        picture(page, f"admin-{name}-{scheme}-{size}")
        del complaints[told:]  # so does the camera

    for name, path in {
        "types": TYPES,
        "type": f"{TYPES}mcp_health_check/change/",
        "new-type": f"{TYPES}add/",
        "duplicate": f"{TYPES}user_login/duplicate/",
        "history": HISTORY,
        "categories": "/admin/events/category/",
        "category": "/admin/events/category/mcp/change/",
        "category-history": "/admin/events/category/mcp/history/",
        "log": LOG,
        "tokens": "/admin/knox/authtoken/",
        "closed-test": f"{TYPES}login_failed/test-event/",
    }.items():
        page.goto(path)
        seen(name)

    page.goto(HISTORY)
    page.get_by_role("link", name="Go back to this").click()
    seen("revert")
    page.goto(LOG)
    page.locator("#result_list a").first.click()
    seen("event")
    page.goto(f"{TYPES}mcp_health_check/change/")
    page.locator(".inlinechangelink").nth(1).click()
    seen("field")

    page.goto(f"{TYPES}mcp_health_check/test-event/")
    page.get_by_label("oracle_mcp").check()
    page.get_by_label("Slow").check()
    seen("test-form")
    page.get_by_role("button", name="Look at it first").click()
    seen("test-draft")
    page.get_by_role("button", name="Send it").click()
    seen("test-sent")

    page.goto(f"{TYPES}import/")
    page.get_by_label("File:").set_input_files({"name": "a.json", "mimeType": "application/json", "buffer": b"{"})
    page.get_by_role("button", name="Show what would change").click()
    seen("import-refused")

    page.goto(TYPES)
    page.get_by_label("Select this object for an action - 🏥 Health", exact=True).check()
    page.get_by_label("Action:").select_option("Deactivate selected event types")
    page.get_by_role("button", name="Go", exact=True).click()
    seen("deactivate")


def test_no_column_of_the_list_of_types_is_cut(visit: Visit, used_server: ServerProcess) -> None:
    for viewport in (WIDE, NARROW):
        page = visit("admin", used_server, TYPES, viewport=viewport)
        results = page.locator("#changelist-form .results")
        assert results.evaluate("each => each.scrollWidth <= each.clientWidth"), viewport
        expect(page.get_by_role("columnheader", name="Active")).to_be_in_viewport(ratio=1)


def test_every_file_that_a_page_names_is_there(visit: Visit, used_server: ServerProcess) -> None:
    page = visit("admin", used_server, "/admin/")
    missing: list[str] = []
    page.on("response", lambda each: missing.append(each.url) if each.status >= 400 else None)
    for path in ("/admin/", TYPES, f"{TYPES}add/", f"{TYPES}import/", HISTORY, LOG):
        page.goto(path, wait_until="networkidle")
        icon = page.locator("link[rel=icon]").get_attribute("href")
        assert icon is not None
        assert page.request.get(icon).ok
    assert missing == []


def test_who_may_only_look_sees_no_button_that_would_be_refused(visit: Visit, used_server: ServerProcess) -> None:
    page = visit("looker", used_server, TYPES)
    tools = page.locator(".object-tools li")
    expect(page.get_by_role("link", name="Health", exact=False).first).to_be_visible()
    expect(tools).to_have_count(0)
    expect(page.get_by_label("Action:")).to_have_count(0)
    page.get_by_role("link", name="🏥 Health").click()
    expect(tools).to_have_text(["Its events", "History", "View on site"])
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    tools.get_by_role("link", name="History").click()
    expect(page.locator(".versions > li")).to_have_count(2)
    expect(page.get_by_role("link", name="Go back to this")).to_have_count(0)
    for path in ("import/", "export/", "user_login/duplicate/", "user_login/test-event/"):
        assert page.request.get(f"{TYPES}{path}").status == 403, path
