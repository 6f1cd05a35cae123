"""Every page is accessible, fits its window, and keeps to the strict policy."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.page.conftest import Picture, Visit, emit
from tests.page.test_subscribing import lines, subscribe, tick
from tests.servers import ServerProcess
from tests.waiting import eventually

pytestmark = pytest.mark.browser

WIDE = {"width": 1440, "height": 900}
NARROW = {"width": 360, "height": 740}
LOOKS = [(size, scheme) for size in ("wide", "narrow") for scheme in ("light", "dark")]


def check(page: Page) -> None:
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth")


@pytest.fixture(scope="module")
def lively_server(shared_server: ServerProcess) -> ServerProcess:
    names = ("oracle_mcp", "postgres_mcp", "mysql_mcp", "search_mcp")
    rows = f"[McpServer.objects.create(name=name, url='http://127.0.0.1:9/') for name in {names}]"
    shared_server.manage("shell", "--no-imports", "--command", f"from events.mcp.models import McpServer; {rows}")
    return shared_server


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_the_events_page_is_accessible_in_every_state(
    visit: Visit, lively_server: ServerProcess, picture: Picture, size: str, scheme: str
) -> None:
    viewport = WIDE if size == "wide" else NARROW
    page = visit("admin", lively_server, viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
    expect(page.locator("#presence")).to_have_attribute("data-state", "live")
    picture(page, f"first-{scheme}-{size}")
    for tab in page.get_by_role("tab").all():
        tab.click()
        check(page)

    page.get_by_role("tab", name="MCP").click()
    tick(page, "MCP status change", "Circuit breaker state", "MCP auto-disabled")
    page.get_by_text("MCP servers: any").click()
    for name in ("oracle_mcp", "postgres_mcp"):
        page.get_by_role("checkbox", name=name).check()
    expect(page.locator("[data-slot=preview]")).to_have_attribute("aria-busy", "false")
    check(page)
    picture(page, f"builder-{scheme}-{size}")
    subscribe(page)
    check(page)
    picture(page, f"waiting-{scheme}-{size}")

    page.get_by_role("button", name="Reset").click()
    tick(page, "Health check")
    page.get_by_text("Severity: any").click()
    for level in ("warning", "error"):
        page.get_by_role("checkbox", name=level, exact=True).check()
    subscribe(page)
    page.get_by_role("button", name="Reset").click()
    page.get_by_role("tab", name="User").click()
    tick(page, "User login", "User action")
    lively_server.manage("simulate_events", "--rate=200", "--duration=2", "--seed=3")
    expect(lines(page)).not_to_have_count(0)
    page.locator("#feed summary").nth(2).click()
    check(page)
    if size == "wide":
        page.evaluate("scrollTo(0, 0)")
    picture(page, f"events-{scheme}-{size}")

    page.locator("#feed .detail button.value").first.click()
    page.get_by_role("searchbox", name="Search the events that are here").fill("no such text")
    expect(page.get_by_text("None of the events that are here has that.")).to_be_visible()
    check(page)
    picture(page, f"narrowed-{scheme}-{size}")
    page.get_by_role("button", name="Code for the subscription to Health check").click()
    check(page)
    picture(page, f"code-{scheme}-{size}")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Why not? Newest events of Health check").click()
    page.get_by_role("dialog").locator("summary").first.click()
    expect(page.get_by_role("dialog").get_by_role("listitem")).not_to_have_count(0)
    check(page)
    picture(page, f"why-{scheme}-{size}")


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_the_history_is_accessible(
    visit: Visit, lively_server: ServerProcess, picture: Picture, size: str, scheme: str
) -> None:
    lively_server.manage("simulate_events", "--rate=200", "--duration=1", "--seed=5")
    for status in ("inactive", "active"):  # a machine too slow for the simulation logs fewer events than it asks for
        emit(lively_server, "mcp_status_change", mcp_name="oracle_mcp", new_status=status)
    viewport = WIDE if size == "wide" else NARROW
    page = visit("admin", lively_server, "/events/history", viewport=viewport, color_scheme=scheme)
    page.locator("#history summary").nth(1).click()
    check(page)
    picture(page, f"history-{scheme}-{size}")


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_the_login_page_and_the_page_of_an_error_are_accessible(
    visit: Visit, shared_server: ServerProcess, picture: Picture, size: str, scheme: str
) -> None:
    viewport = WIDE if size == "wide" else NARROW
    page = visit(None, shared_server, viewport=viewport, color_scheme=scheme)
    check(page)
    page.get_by_label("User name").fill("alice")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    check(page)
    picture(page, f"login-{scheme}-{size}")
    page.goto("/no-such-page")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    check(page)


def test_a_chosen_theme_is_kept(visit: Visit, shared_server: ServerProcess) -> None:
    page = visit("alice", shared_server, color_scheme="light")
    theme = page.get_by_role("button", name="Theme: auto")
    theme.click()
    page.get_by_role("button", name="Theme: light").click()
    page.reload()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    page.get_by_role("button", name="Theme: dark").click()
    page.reload()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light dark"


def test_an_inline_script_would_not_run(visit: Visit, shared_server: ServerProcess, complaints: list[str]) -> None:
    page = visit("alice", shared_server)
    page.evaluate(
        """() => {
            document.addEventListener("securitypolicyviolation", () => { window.violated = true; });
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.head.append(script);
        }"""
    )
    eventually(lambda: page.evaluate("window.violated"))
    assert page.evaluate("window.ran") is None
    assert "Content Security Policy" in complaints.pop()


def test_without_javascript_tabs_are_links_and_show_their_event_types(
    visit: Visit, shared_server: ServerProcess
) -> None:
    page = visit("alice", shared_server, java_script_enabled=False)
    page.get_by_role("link", name="User 3").click()
    expect(page.get_by_role("link", name="User 3")).to_have_attribute("aria-current", "page")
    expect(page.get_by_text("User login")).to_be_visible()
    expect(page.get_by_text("MCP status change")).to_be_hidden()
    assert "Live events need JavaScript." in page.content()  # Chromium keeps it hidden under test
