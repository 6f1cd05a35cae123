"""What an admin does in the browser, beside a page of somebody who watches."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import MakeServer
from tests.emitting import emit
from tests.page.visit import Visit
from tests.servers import ServerProcess

pytestmark = pytest.mark.browser

TYPES = "/admin/events/eventtype/"


@pytest.fixture(scope="module")
def server(make_lasting_server: MakeServer) -> ServerProcess:
    """One whose event types the tests of this module change, each its own."""
    return make_lasting_server()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def follow(page: Page, name: str) -> None:
    page.locator(".object-tools").get_by_role("link", name=name).click()


def test_the_summary_line_is_shown_as_one_types_it(visit: Visit, server: ServerProcess) -> None:
    page = visit("admin", server, f"{TYPES}add/")
    preview = page.locator(".summary-preview")
    summary = page.get_by_label("Summary:")
    page.get_by_label("Label:").first.fill("Order paid")
    expect(preview).to_have_text("Order paid")
    summary.fill("{customer} paid {amount} by {method}, {severity}")
    expect(preview.locator("strong")).to_have_text("‹customer› paid ‹amount› by ‹method›, info")
    expect(preview).to_contain_text("Not among the filterable fields: customer, amount, method.")
    page.locator("#id_fields-0-name").fill("method")
    page.locator("#id_fields-0-new_options").fill("card | Credit card\ncash")
    expect(preview.locator("strong")).to_have_text("‹customer› paid ‹amount› by card, info")
    page.get_by_text("Add another Filterable field").click()
    page.locator("#id_fields-1-name").fill("amount_at_least")
    page.locator("#id_fields-1-data_key").fill("amount")
    page.locator("#id_fields-1-type").select_option("number")
    expect(preview.locator("strong")).to_have_text("‹customer› paid 42 by card, info")
    summary.fill("{0} paid")
    expect(preview).to_have_text("Only {name} is understood, with a letter first; other braces are not.")
    summary.fill("<img src=x onerror=alert(1)> {method}")
    expect(preview.locator("strong")).to_have_text("<img src=x onerror=alert(1)> card")


def test_the_preview_reads_as_the_server_writes(visit: Visit, server: ServerProcess) -> None:
    page = visit("admin", server, f"{TYPES}circuit_breaker_state/change/")
    expect(page.locator(".summary-preview strong")).to_have_text("‹mcp_name› circuit is closed")
    page.locator(".object-tools").get_by_role("link", name="Send test event").click()
    page.get_by_label("MCP servers:").fill("‹mcp_name›")
    page.get_by_label("closed").check()
    press(page, "Look at it first")
    expect(page.locator(".draft h2")).to_contain_text("‹mcp_name› circuit is closed")


def test_a_test_event_is_sent_by_keyboard_alone_and_arrives_on_an_open_page(
    visit: Visit, server: ServerProcess
) -> None:
    watching = visit("alice", server, "/events?tab=mcp&event_type=mcp_status_change")
    watching.get_by_role("button", name="Subscribe to").first.click()
    expect(watching.locator("#cards .card")).to_contain_text("0 events")

    page = visit("admin", server, TYPES)
    page.get_by_role("link", name="MCP status change").click()
    page.get_by_role("link", name="Send test event").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Severity:").focus()
    page.keyboard.press("e")
    page.keyboard.press("Tab")
    page.keyboard.type("keyboard_mcp")
    page.keyboard.press("Enter")
    expect(page.locator(".draft h2")).to_contain_text("keyboard_mcp went ?")
    press(page, "Change it")
    expect(page.get_by_label("MCP servers:")).to_have_value("keyboard_mcp")
    page.get_by_role("group", name="New status").get_by_label("inactive").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Send it").focus()
    page.keyboard.press("Enter")

    expect(page.locator(".messagelist")).to_contain_text("Sent: “keyboard_mcp went inactive”.")
    expect(watching.locator("#feed")).to_contain_text("keyboard_mcp went inactive")
    page.get_by_role("link", name="Watch such events on /events").click()
    expect(page.get_by_role("checkbox", name="MCP status change")).to_be_checked()
    assert "filter.mcp_names=keyboard_mcp" in page.url


def test_a_type_is_duplicated_and_an_open_page_gains_it(visit: Visit, server: ServerProcess) -> None:
    watching = visit("alice", server, "/events?tab=user")
    page = visit("admin", server, f"{TYPES}user_login/change/")
    follow(page, "Duplicate")
    page.get_by_label("Identifier:").fill("user_login")
    press(page, "Duplicate")
    expect(page.locator(".errorlist")).to_contain_text("already exists")
    page.get_by_label("Identifier:").fill("badge_login")
    page.get_by_label("Label:").fill("Badge login")
    press(page, "Duplicate")
    expect(page.locator(".messagelist")).to_contain_text("has the fields, options and settings of")
    expect(page.locator("#id_fields-0-name")).to_have_value("user_roles")
    expect(watching.get_by_role("checkbox", name="Badge login")).to_be_visible()


def test_types_are_deactivated_after_a_question_and_leave_open_pages(visit: Visit, server: ServerProcess) -> None:
    watching = visit("alice", server, "/events?tab=system")
    expect(watching.get_by_role("checkbox", name="Component health")).to_be_visible()
    page = visit("admin", server, TYPES)
    for action in ("Deactivate", "Activate"):
        page.get_by_role("row", name="Component health").get_by_role("checkbox").check()
        page.get_by_label("Action:").select_option(f"{action} selected event types")
        press(page, "Go")
        expect(page.get_by_role("heading", name=f"{action} 1 event type")).to_be_visible()
        press(page, action)
        expect(page.locator(".messagelist")).to_contain_text("Now")
        expect(watching.get_by_role("checkbox", name="Component health")).to_have_count(int(action == "Activate"))


def test_the_registry_goes_out_as_a_file_and_comes_back_after_a_look(
    visit: Visit, server: ServerProcess, tmp_path: Path
) -> None:
    page = visit("admin", server, TYPES)
    with page.expect_download() as download:
        follow(page, "Export all")
    registry = json.loads(download.value.path().read_text())
    (logout,) = (each for each in registry["event_types"] if each["id"] == "user_logout")
    logout["summary"] = "{username} left the building"
    logout["label"] = ""
    file = tmp_path / "registry.json"

    file.write_text(json.dumps(registry))
    follow(page, "Import")
    page.get_by_label("File:").set_input_files(file)
    press(page, "Show what would change")
    expect(page.locator(".problems")).to_contain_text('“user_logout”: label "": This field cannot be blank.')

    logout["label"] = "User logout"
    file.write_text(json.dumps(registry))
    page.get_by_label("File:").set_input_files(file)
    press(page, "Show what would change")
    expect(page.locator("table.differences ins")).to_have_text(["{username} left the building"])
    press(page, "Import")
    expect(page.locator(".messagelist")).to_contain_text("Imported: “User logout” (changed).")
    page.goto(f"{TYPES}user_logout/change/")
    expect(page.get_by_label("Summary:")).to_have_value("{username} left the building")


def test_a_change_is_taken_back_from_history(visit: Visit, server: ServerProcess) -> None:
    page = visit("admin", server, f"{TYPES}mcp_fleet_summary/change/")
    page.get_by_label("Label:").first.fill("Fleet in short")
    press(page, "Save and continue editing")
    expect(page.locator(".messagelist")).to_contain_text("Live now: every open page and client is told")
    follow(page, "History")
    newest = page.locator(".versions > li").first
    expect(newest).to_contain_text("admin")
    expect(newest.locator("del")).to_have_text(["Fleet summary"])
    page.get_by_role("link", name="Go back to this").click()
    expect(page.locator("table.differences ins")).to_have_text(["Fleet summary"])
    press(page, "Go back to this")
    expect(page.locator(".messagelist")).to_contain_text("is again as it was at")
    expect(page.get_by_label("Label:").first).to_have_value("Fleet summary")


def test_an_event_in_the_log_leads_to_its_type_and_to_the_feed_of_such_events(
    visit: Visit, server: ServerProcess
) -> None:
    emit(server, "mcp_health_check", mcp_name="linked_mcp", health_status="unhealthy", severity="error")
    page = visit("admin", server, f"{TYPES}mcp_health_check/change/")
    follow(page, "Its events")
    page.locator("#result_list a").first.click()
    expect(page.locator(".payload")).to_contain_text("linked_mcp")
    follow(page, "Open on /events")
    expect(page.get_by_role("checkbox", name="Health check")).to_be_checked()
    assert "filter.mcp_names=linked_mcp" in page.url
    page.go_back()
    follow(page, "Its event type")
    expect(page.get_by_text("mcp_health_check", exact=True)).to_be_visible()
    page.go_back()
    follow(page, "Events like this")
    expect(page.locator("main")).to_contain_text("linked_mcp")
