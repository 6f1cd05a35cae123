"""Every page is accessible, fits its window, and keeps to the strict policy."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from playwright.sync_api import Page, expect

from tests.emitting import emit
from tests.page.events_page import lines, open_builder, press, subscribe, tick
from tests.page.fleet import set_state
from tests.page.looks import OF_LOOKS, check, picture, pictures, violations
from tests.page.visit import Visit
from tests.servers import ServerProcess
from tests.waiting import eventually

pytestmark = pytest.mark.browser


LOOKED_AT = ("header.top", "#fleet")  # the first look at /events saw them as they stay


def seen(page: Page, name: str, *, within: str = "html", without: Sequence[str] = ()) -> None:
    check(page, within=within, without=without)
    pictures(page, name)


def test_the_events_page_is_accessible_in_every_state(visit: Visit, used_server: ServerProcess) -> None:
    set_state(used_server, "oracle_mcp", "unhealthy", "open")
    page = visit("admin", used_server)
    expect(page.locator("#presence")).to_have_attribute("data-state", "live")
    expect(page.locator("#fleet .tile", has_text="oracle_mcp")).to_contain_text("unhealthy")
    pictures(page, "first")
    check(page)
    for tab in page.get_by_role("tab").all()[1:]:  # the first is open
        tab.click()
        check(page, within="#builder")

    page.get_by_role("tab", name="MCP").click()
    tick(page, "MCP status change", "Circuit", "MCP auto-disabled")
    page.get_by_text("MCP servers: any").click()
    for name in ("oracle_mcp", "postgres_mcp"):
        page.get_by_role("checkbox", name=name).check()
    expect(page.locator("[data-slot=preview]")).to_have_attribute("aria-busy", "false")
    seen(page, "builder", within="#builder")
    subscribe(page)
    seen(page, "waiting", without=LOOKED_AT)

    open_builder(page)
    tick(page, "Health check")
    page.get_by_text("Severity: any").click()
    for level in ("warning", "error"):
        page.get_by_role("checkbox", name=level, exact=True).check()
    subscribe(page)
    open_builder(page)
    page.get_by_role("tab", name="User").click()
    tick(page, "User login", "User action")
    for name in ("oracle_mcp", "postgres_mcp"):
        emit(used_server, "mcp_status_change", mcp_name=name, new_status="inactive")
        emit(used_server, "mcp_health_check", mcp_name=name, health_status="degraded", severity="warning")
        emit(used_server, "mcp_health_check", mcp_name=name, health_status="unhealthy", severity="error")
    expect(lines(page)).to_have_count(6)
    page.locator("#feed article:not([data-log]) summary:visible").last.click()  # each story stands behind one row
    expect(page.locator("#feed details[open] .detail")).to_be_visible()
    seen(page, "events")
    page.emulate_media(forced_colors="active")
    found = violations(page, *OF_LOOKS)
    assert found.violations_count == 0, found.generate_report()
    picture(page, "events-forced-colours")
    page.emulate_media(forced_colors="none")

    page.locator("#feed details[open] .detail button.value").first.click()
    page.get_by_role("searchbox", name="Search the events that are here").fill("no such text")
    expect(page.get_by_text("None of the events that are here has that.")).to_be_visible()
    seen(page, "narrowed", without=LOOKED_AT)
    press(page, "Code for the subscription to Health check")
    expect(page.get_by_role("dialog")).to_be_visible()
    seen(page, "code", within="#code")
    page.keyboard.press("Escape")
    press(page, "Why not? Newest events of Health check")
    page.get_by_role("dialog").locator("summary").first.click()
    expect(page.get_by_role("dialog").get_by_role("listitem")).not_to_have_count(0)
    seen(page, "why", within="#why")


def test_the_history_is_accessible(visit: Visit, used_server: ServerProcess) -> None:
    for status in ("inactive", "active"):
        emit(used_server, "mcp_status_change", mcp_name="oracle_mcp", new_status=status)
    page = visit("admin", used_server, "/events/history?limit=10")
    page.get_by_role("feed").locator("summary:visible").first.click()
    expect(page.locator("#numbers")).to_be_visible()
    seen(page, "history")


def test_the_login_page_and_the_page_of_an_error_are_accessible(visit: Visit, shared_server: ServerProcess) -> None:
    page = visit(None, shared_server)
    check(page)
    page.get_by_label("User name").fill("alice")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    seen(page, "login")
    page.goto("/no-such-page")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    check(page)


def test_a_chosen_theme_is_kept(visit: Visit, shared_server: ServerProcess) -> None:
    page = visit("alice", shared_server, "/account")
    page.get_by_role("button", name="Theme: auto").click()
    page.get_by_role("button", name="Theme: light").click()
    page.reload()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    page.get_by_role("button", name="Theme: dark").click()
    page.reload()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light dark"


def test_an_inline_script_would_not_run(visit: Visit, shared_server: ServerProcess, complaints: list[str]) -> None:
    page = visit("alice", shared_server, "/account")
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
