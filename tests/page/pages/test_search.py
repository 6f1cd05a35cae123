"""Search or jump in a browser, from a page and from the admin."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.page.looks import check, look_at, pictures
from tests.page.visit import Visit
from tests.servers import ServerProcess

pytestmark = pytest.mark.browser


def test_one_jumps_by_keys_from_a_page_and_from_the_admin(visit: Visit, used_server: ServerProcess) -> None:
    page = visit("admin", used_server, "/account")
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="Search or jump to")
    expect(box).to_be_focused()
    page.keyboard.type("status")
    expect(page.locator("#jump-found a")).to_have_count(1)
    check(page, within="#jump-to")
    pictures(page, "search")
    expect(page.get_by_role("option", name="MCP status change")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{used_server.url}/events/types/mcp_status_change")

    page.goto("/admin/")
    page.keyboard.press("Meta+k")
    page.keyboard.type("oracle_mcp")
    expect(page.locator("#jump-found a")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option", name="oracle_mcp")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="oracle_mcp", exact=True)).to_be_visible()


def test_arrows_go_round_and_what_is_not_there_is_said(visit: Visit, used_server: ServerProcess) -> None:
    page = visit("alice", used_server, "/account")
    page.get_by_role("link", name="Search or jump to").click()
    chosen = page.locator("#jump-found [aria-selected=true]")
    expect(chosen).to_contain_text("Live")
    page.keyboard.press("ArrowDown")
    expect(chosen).to_contain_text("Fleet")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(chosen).not_to_contain_text("Live")
    page.keyboard.type("nothing like it")
    expect(page.locator("#jump-status")).to_have_text("There is nothing of that, or you may not see it.")
    expect(page.get_by_role("combobox", name="Search or jump to")).to_have_attribute("aria-expanded", "false")
    page.context.clear_cookies()
    page.keyboard.type(" signed out")
    expect(page).to_have_url(f"{used_server.url}/login/?next=/account")


def test_on_a_telephone_one_opens_it_by_a_button(visit: Visit, used_server: ServerProcess) -> None:
    page = visit("alice", used_server, "/account")
    look_at(page, "narrow", "light")
    page.get_by_role("link", name="Search or jump to").click()
    page.keyboard.type("catalogue")
    page.get_by_role("option", name="Catalogue").click()
    expect(page.get_by_role("heading", name="Catalogue")).to_be_visible()


def test_without_javascript_it_is_a_page(visit: Visit, used_server: ServerProcess) -> None:
    page = visit("alice", used_server, "/account", java_script_enabled=False)
    page.get_by_role("link", name="Search or jump to").click()
    page.get_by_role("searchbox").fill("health check")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Health check").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Health check")
