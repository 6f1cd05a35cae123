"""The log: the view of /events with another time, and pages that need no JavaScript."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.emitting import emit, emit_many
from tests.page.events_page import all_lines, button, lines, subscribe
from tests.page.visit import Visit
from tests.servers import ServerProcess
from tests.waiting import eventually

pytestmark = pytest.mark.browser


# Writes down how many rows there are, whenever that changes.
KEEP_NUMBERS_OF_ROWS = """
const list = document.querySelector("#history [data-slot=list]");
window.rows = [list.childElementCount];
new MutationObserver(() => window.rows.at(-1) === list.childElementCount || window.rows.push(list.childElementCount))
    .observe(list, { childList: true });
"""


def summaries(page: Page) -> list[str]:
    # The inner text of what is scrolled out of sight is empty.
    return [text.strip() for text in page.locator("#history .line").all_text_contents()]


def test_without_javascript_the_newest_are_on_the_page_and_the_whole_log_is_read_page_by_page_or_up_to_a_time_in_utc(
    visit: Visit, server: ServerProcess
) -> None:
    emit_many(server, [f"mcp_{number}" for number in range(120)])
    page = visit("alice", server, java_script_enabled=False)
    newest = [f"mcp_{number} went active" for number in range(119, -1, -1)]
    expect(page.locator("#lately .line")).to_have_text(newest[:8])
    page.get_by_role("link", name="The whole history").click()
    page.get_by_role("checkbox", name="MCP status change").check()
    button(page, "Show").click()
    expect(page).to_have_url(re.compile("event_type=mcp_status_change"))
    expect(page.get_by_role("checkbox", name="MCP status change")).to_be_checked()
    found: list[str] = []
    for first in (119, 69, 19):
        expect(page.locator("#history .line").first).to_have_text(f"mcp_{first} went active")
        found += summaries(page)
        if first > 50:
            page.get_by_role("link", name="Older").click()
    assert found == newest
    expect(page.get_by_text("The log has nothing older of this.")).to_be_visible()
    page.locator("#history summary").first.click()
    expect(page.locator("#history pre").first).to_contain_text('"mcp_name": "mcp_19"')
    page.get_by_role("link", name="Newest").click()
    expect(page.locator("#history .line").first).to_have_text(newest[0])
    assert summaries(page) == newest[:50]
    expect(page.get_by_role("group", name="Time")).to_contain_text("in UTC")
    page.get_by_label("To", exact=True).fill("2020-01-01T00:00:00")
    button(page, "Show").click()
    expect(page.locator("[data-slot=written]")).to_contain_text("The log has no such event.")


def test_the_history_is_narrowed_by_severity_and_says_what_is_wrong_with_an_address(
    visit: Visit, shared_server: ServerProcess
) -> None:
    emit_many(shared_server, ["other_mcp"])
    emit_many(shared_server, ["lone_mcp"], "critical")
    page = visit("alice", shared_server, "/events/history?event_type=mcp_status_change&filter.mcp_names=lone_mcp")
    expect(page.locator("#choice .filter", has_text="MCP servers: lone_mcp")).to_be_visible()
    expect(all_lines(page)).to_have_text(["lone_mcp went active"])
    held: list[Route] = []
    page.route("**/api/v1/events/?*", lambda route: held.append(route))
    for severity in ("info", "critical"):
        with page.expect_request("**/api/v1/events/?*"):
            page.get_by_role("checkbox", name=severity).check()
    page.evaluate(KEEP_NUMBERS_OF_ROWS)
    for each in held:  # of the first, nobody wants to know any more
        with page.expect_response("**/api/v1/events/?*") as came:
            each.continue_()
        came.value.finished()
    page.unroute("**/api/v1/events/?*")
    page.get_by_role("checkbox", name="critical").uncheck()
    expect(page.get_by_text("The log has no such event.")).to_be_visible()
    assert page.evaluate("window.rows") == [1, 0]
    page.goto("/events/history?event_type=no_such_type")
    expect(page.get_by_role("alert")).to_contain_text('there is no event type "no_such_type"')


def test_the_history_shows_only_what_its_reader_may_see(visit: Visit, shared_server: ServerProcess) -> None:
    attempt = visit(None, shared_server, "/login/")
    attempt.get_by_label("User name").fill("emitter")  # of the same name, it would be told once in ten seconds
    attempt.get_by_label("Password").fill("wrong")
    button(attempt, "Sign in").click()
    expect(attempt.get_by_role("alert")).to_be_visible()
    expect(visit("auditor", shared_server, "/events/history").locator("#history")).to_contain_text(
        "Failed login as emitter"
    )
    alice = visit("alice", shared_server, "/events/history")
    expect(alice.locator("#history")).not_to_contain_text("Failed login")
    attempt.goto("/events/history")
    assert attempt.url.startswith(f"{shared_server.url}/login/")


def test_an_event_opened_while_the_page_loads_stays_open_and_tells_why_one_did_not_get_it(
    visit: Visit, shared_server: ServerProcess
) -> None:
    page = visit("alice", shared_server)
    subscribe(page, "Health check")
    emit(shared_server, "mcp_status_change", mcp_name="not_asked_for", new_status="active")
    asked: list[Route] = []
    scripts: list[Route] = []
    page.route("**/api/v1/events/?*", lambda route: asked.append(route))
    page.route(re.compile(r"/history\.\w+\.js"), lambda route: scripts.append(route))
    row, numbers = page.locator("#history summary", has_text="not_asked_for"), page.locator("#history .numbers")
    with page.expect_request("**/api/v1/events/?*"):
        page.get_by_role("link", name="History", exact=True).click()
        expect(row).to_be_visible()
        eventually(lambda: numbers.evaluate("each => getComputedStyle(each).display") == "grid")  # the styles are there
        place = row.bounding_box()
        scripts.pop().continue_()
        row.click()
    expect(page.locator("#history details[open]")).to_have_count(1)
    expect(numbers).to_be_visible()
    assert row.bounding_box() == place
    for each in asked:
        each.continue_()
    button(page, "Why this event?").click()
    expect(page.get_by_role("dialog").get_by_role("listitem")).to_contain_text(
        ["Event type is Health check: does not match, the event has MCP status change"]
    )
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Live", exact=True).click()
    expect(lines(page)).to_have_count(0)
    expect(page.locator("#cards .card")).to_contain_text("Health check")


def test_what_cannot_be_loaded_to_send_an_event_again_is_said(visit: Visit, shared_server: ServerProcess) -> None:
    emit(shared_server, "mcp_status_change", mcp_name="not_sent", new_status="active")
    page = visit("admin", shared_server, "/events/history")
    page.route("**/again.*.js", lambda route: route.abort())
    page.get_by_role("feed").locator("summary", has_text="not_sent").click()
    button(page, "Send again …").click()
    expect(page.get_by_text("Not now: the server cannot be reached.")).to_be_visible()
    page.unroute("**/again.*.js")


def test_a_range_of_time_is_chosen_in_ones_own_zone_which_is_said(visit: Visit, shared_server: ServerProcess) -> None:
    emit_many(shared_server, ["now_mcp"])
    page = visit("alice", shared_server, "/events/history?event_type=mcp_status_change", timezone_id="Pacific/Auckland")
    expect(page.get_by_role("feed").locator("summary")).not_to_have_count(0)
    page.get_by_label("Time", exact=True).select_option("Between…")
    expect(page.locator("#history [data-slot=zone]")).to_have_text(re.compile(r"^Pacific/Auckland \(GMT\+1[23]\)$"))

    def moment(hours: int) -> str:
        moved = f"new Date(Date.now() + {hours} * 3600_000)"
        return str(page.evaluate(f"{moved}.toLocaleString('sv').replace(' ', 'T')"))

    begin, end = moment(-2), moment(-1)
    page.get_by_label("from", exact=True).fill(begin)
    page.get_by_label("to", exact=True).fill(end)
    expect(page.get_by_text("The log has no such event.")).to_be_visible()
    expect(page).to_have_url(re.compile(r"since=[\dT%A-]+\.000Z&until=[\dT%A-]+\.000Z"))
    page.reload()
    expect(page.get_by_label("from", exact=True)).to_have_value(re.compile(f"^{begin[:16]}"))
    expect(page.get_by_label("to", exact=True)).to_have_value(re.compile(f"^{end[:16]}"))
    page.get_by_label("to", exact=True).fill("")
    expect(all_lines(page).first).to_have_text("now_mcp went active")
    assert "until" not in page.url


def test_hostile_payloads_are_text_in_the_history(visit: Visit, shared_server: ServerProcess) -> None:
    attack = "</script><script>document.title='owned'</script>\u202ertl"
    emit(shared_server, "mcp_status_change", mcp_name=attack, new_status="active", reason="x" * 60_000)
    page = visit("alice", shared_server, "/events/history?event_type=mcp_status_change")
    shown = attack.replace("\u202e", "\ufffd")
    expect(all_lines(page).first).to_have_text(f"{shown} went active")
    page.get_by_role("feed").locator("summary").first.click()
    expect(page.locator("#history pre").first).to_contain_text("\\u202ertl")
    assert page.title() == "History · eventhub"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_history_of_a_view_has_its_rows_numbers_and_values_to_narrow_by_and_leads_back(
    visit: Visit, shared_server: ServerProcess
) -> None:
    page = visit("alice", shared_server)
    subscribe(page, "Circuit breaker state")
    for server in ("of_view_a", "of_view_b"):
        emit(shared_server, "circuit_breaker_state", mcp_name=server, new_state="open")
    expect(lines(page)).to_have_count(2)
    page.locator("#cards .more summary").click()
    expect(button(page, "Duplicate")).to_be_visible()  # the server keeps it; before, its history is of no view
    page.get_by_role("link", name="History of Circuit breaker state").click()
    expect(page.get_by_role("checkbox", name="Circuit breaker state")).to_be_checked()
    expect(page.locator("#numbers [data-slot=events]")).not_to_have_text(re.compile("^[0…]$"))
    row = page.get_by_role("feed").locator("article", has_text="of_view_a")
    expect(row.locator(".kind")).to_have_text("Circuit breaker state")
    expect(row.locator(".subject")).to_have_text("of_view_a")
    row.locator("summary").click()
    button(page, "Only mcp_name: of_view_a").click()
    expect(page).to_have_url(re.compile(r"event_type=circuit_breaker_state&is\.mcp_name=of_view_a&view="))
    expect(page.locator("#numbers [data-slot=events]")).to_have_text("1")
    expect(all_lines(page)).to_have_count(1)
    page.reload()
    expect(all_lines(page)).to_have_count(1)
    assert "is.mcp_name=of_view_a" in (page.get_by_role("link", name="Export as CSV").get_attribute("href") or "")
    page.get_by_role("link", name="Watch live").click()
    expect(page.get_by_role("button", name="Circuit breaker state", exact=False, pressed=True)).to_be_visible()
