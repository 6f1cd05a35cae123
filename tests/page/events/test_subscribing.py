"""What a person does on /events, with clicks and keys alone."""

from __future__ import annotations

import re
import shlex

import pytest
from playwright.sync_api import Route, expect

from tests.emitting import emit
from tests.page.events_page import all_lines, button, lines, open_builder, press, subscribe, tick
from tests.page.looks import check, check_long_names, look_at, picture
from tests.page.visit import SIZE, Visit
from tests.servers import ServerProcess

pytestmark = pytest.mark.browser

HOLD_SUBSCRIBE = """() => {
    const { send } = WebSocket.prototype;
    WebSocket.prototype.send = function (text) {
        if (text.includes('"action":"subscribe"')) window.sendHeld = () => send.call(this, text);
        else send.call(this, text);
    };
}"""


def test_with_clicks_alone_a_person_sees_the_events_asked_for_and_no_other(
    visit: Visit, shared_server: ServerProcess
) -> None:
    page = visit("alice", shared_server, timezone_id="Asia/Tokyo")
    tick(page, "MCP status change")
    page.get_by_text("Severity: any").click()
    page.get_by_role("checkbox", name="error", exact=True).check()
    page.get_by_role("checkbox", name="critical", exact=True).check()
    button(page, "Subscribe to 1 type").click()
    card = page.locator("#cards .card")
    expect(card).to_contain_text("MCP status change")
    expect(card).to_contain_text("Severity: error, critical")
    expect(card).to_contain_text("0 events")

    for name, severity in (
        ("quiet_mcp", "info"),
        ("oracle_mcp", "error"),
        ("other_mcp", "warning"),
        ("last_mcp", "critical"),
    ):
        emit(shared_server, "mcp_status_change", mcp_name=name, new_status="inactive", severity=severity)
    emit(
        shared_server, "circuit_breaker_state", mcp_name="oracle_mcp", new_state="open", state="open", severity="error"
    )

    expect(lines(page)).to_have_text(["last_mcp went inactive", "oracle_mcp went inactive"])
    expect(card).to_contain_text("2 events")
    newest = page.get_by_role("article").first
    expect(newest).to_contain_text("🔴")
    expect(newest).to_contain_text("critical")
    time = newest.locator("time")
    local = page.evaluate("iso => new Date(iso).toTimeString().slice(0, 8)", time.get_attribute("datetime"))
    expect(time).to_have_text(local)
    newest.locator("summary").click()
    expect(newest.locator("pre")).to_contain_text('"mcp_name": "last_mcp"')
    expect(page.locator("#presence")).to_contain_text("live · last event")
    picture(page, "subscribed")


def test_what_is_ticked_before_the_script_has_come_stays_ticked(visit: Visit, shared_server: ServerProcess) -> None:
    page = visit("alice", shared_server, "/account")
    held: list[Route] = []
    page.route(re.compile(r"/page(\.\w+)?\.js"), lambda route: held.append(route))  # which Playwright marks
    with page.expect_request(re.compile(r"/page(\.\w+)?\.js")):
        page.goto("/events", wait_until="domcontentloaded")
    box = page.get_by_role("checkbox", name="MCP status change")
    box.check()
    held.pop().continue_()
    expect(button(page, "Subscribe to 1 type")).to_be_enabled()
    expect(box).to_be_checked()
    look_at(page, "narrow", "light")
    button(page, "Subscribe to 1 type").hover(trial=True)  # nothing covers it, such as the bar of the pages
    page.evaluate("scrollTo(0, 0)")
    bar, subscribes = page.locator(".pages").bounding_box(), button(page, "Subscribe to 1 type").bounding_box()
    assert bar
    assert subscribes
    assert subscribes["y"] + subscribes["height"] <= bar["y"]
    check_long_names(page, ".tab [data-slot=label]", ".filter [data-slot=label]", "[data-slot=subscribe-all]")


def test_a_subscription_may_mix_tabs_whose_ticks_stay_and_one_may_choose_the_next_before_the_server_has_answered(
    visit: Visit, shared_server: ServerProcess
) -> None:
    page = visit("alice", shared_server)
    expect(page.get_by_role("tab")).to_have_text(["MCP 8", "User 3", "System 3"])
    tick(page, "MCP status change")
    page.get_by_role("tab", name="MCP").press("ArrowRight")
    expect(page.get_by_role("tab", name="User")).to_be_focused()
    tick(page, "User login", "User logout")
    page.get_by_role("tab", name="User").press("Home")
    expect(page.get_by_role("checkbox", name="MCP status change")).to_be_checked()
    expect(page.locator("#presence")).to_have_text("live")  # what is asked for before it is, is sent later
    page.evaluate(HOLD_SUBSCRIBE)
    button(page, "Subscribe to 3 types").click()
    for label in ("MCP status change", "User login", "User logout"):
        expect(page.locator("#cards .card")).to_contain_text(label)
    button(page, "+ New subscription").click()  # before the server has answered, which closes nothing
    page.evaluate("window.sendHeld()")
    expect(page.locator("#cards .card")).to_contain_text("0 events")
    expect(button(page, "Tick event types to subscribe")).to_be_disabled()  # the next one begins with nothing
    tick(page, "MCP status change")
    page.get_by_role("tab", name="User").click()
    tick(page, "User login", "User logout")
    expect(button(page, "Subscribed to this")).to_be_disabled()
    page.get_by_role("checkbox", name="User logout").uncheck()
    button(page, "Subscribe to 2 types").click()
    expect(button(page, "Subscribed to this")).to_be_disabled()
    page.get_by_role("checkbox", name="User login").uncheck()  # again before the server has answered
    page.evaluate("window.sendHeld()")
    expect(page.locator("#cards .card").nth(1)).to_contain_text("0 events")
    button(page, "Subscribe to 1 type").click()
    expect(page.locator("#cards .card")).to_have_count(3)


def test_the_page_below_the_head_stays_where_it_is_whatever_is_said_of_the_connection(
    visit: Visit, shared_server: ServerProcess
) -> None:
    page = visit("alice", shared_server)
    expect(page.locator("#presence")).to_have_text("live")
    for width in (1280, 1180, 1000, 768):
        page.set_viewport_size({"width": width, "height": 720})
        places = page.evaluate("""() => ["", " · last event now", " · last event 59 min ago"].map((words) => {
            document.querySelector("#presence [data-slot=last]").textContent = words;
            return document.querySelector("main").getBoundingClientRect().top;
        })""")
        assert places == [places[0]] * 3, width


def test_a_filter_says_what_is_chosen_and_which_types_it_binds_and_a_number_is_typed_and_sent_with_the_enter_key(
    visit: Visit, shared_server: ServerProcess
) -> None:
    page = visit("alice", shared_server)
    tick(page, "Health check", "Fleet summary")
    severity = page.locator("details", has_text="Severity:")
    health = page.locator("details", has_text="Health:")
    expect(health.locator("summary")).to_contain_text("only for Health check")
    expect(severity.locator("summary")).not_to_contain_text("only for")
    severity.locator("summary").press("Enter")
    severity.get_by_role("button", name="Select all").press("Enter")
    expect(severity.locator("summary")).to_have_text("Severity: info, warning, error")
    severity.get_by_role("checkbox", name="info").press("Space")
    expect(severity.locator("summary")).to_have_text("Severity: warning, error")
    severity.get_by_role("button", name="Clear").press("Enter")
    expect(severity.locator("summary")).to_have_text("Severity: any")
    severity.get_by_role("checkbox", name="info").press("Escape")
    expect(severity.locator("summary")).to_be_focused()
    expect(severity.get_by_role("checkbox", name="info")).to_be_hidden()

    button(page, "Reset").click()
    tick(page, "MCP auto-disabled")
    page.get_by_role("spinbutton").fill("3")
    page.get_by_role("spinbutton").press("Enter")
    expect(page.locator("#cards .card")).to_contain_text("≥ 3")
    expect(page.locator("#cards .card")).to_contain_text("0 events")
    for name, cycles in (("few_mcp", 2), ("many_mcp", 5)):
        emit(shared_server, "mcp_auto_disabled", mcp_name=name, failure_cycles=cycles, severity="critical")
    expect(lines(page)).to_contain_text(["many_mcp"])
    expect(lines(page)).to_have_count(1)


def test_what_was_chosen_is_in_the_address_and_comes_with_it(visit: Visit, shared_server: ServerProcess) -> None:
    page = visit("alice", shared_server)
    page.get_by_role("tab", name="User").click()
    tick(page, "User login")
    page.get_by_role("tab", name="MCP").click()
    tick(page, "MCP status change")
    page.get_by_text("Severity: any").click()
    page.get_by_role("checkbox", name="critical", exact=True).check()
    other = visit("admin", shared_server, page.url.removeprefix(shared_server.url))
    expect(other.get_by_role("tab", name="MCP")).to_have_attribute("aria-selected", "true")
    expect(other.get_by_text("Severity: critical")).to_be_visible()
    expect(button(other, "Subscribe to 2 types")).to_be_enabled()


def test_a_reload_keeps_the_subscriptions_and_misses_nothing(visit: Visit, shared_server: ServerProcess) -> None:
    page = visit("alice", shared_server)
    subscribe(page, "Circuit breaker state")
    emit(shared_server, "circuit_breaker_state", mcp_name="before", state="open", severity="error")
    expect(lines(page)).to_have_count(1)
    page.goto("about:blank")
    for name in ("first_missed", "second_missed"):
        emit(shared_server, "circuit_breaker_state", mcp_name=name, state="open", severity="error")
    page.go_back()
    expect(lines(page)).to_contain_text(["second_missed", "first_missed"])
    expect(page.locator("#feed .remark")).to_have_text("resumed, 2 replayed, 0 lost")
    expect(page.locator("#cards .card")).to_contain_text("2 events")

    page.reload()
    expect(page.locator("#cards .card")).to_contain_text("0 events")
    expect(all_lines(page)).to_contain_text(["second_missed", "first_missed", "before"])
    emit(shared_server, "circuit_breaker_state", mcp_name="after", state="open", severity="error")
    expect(lines(page)).to_contain_text(["after"])
    expect(lines(page)).to_have_count(1)


def test_an_edited_subscription_asks_for_something_else_at_once(visit: Visit, shared_server: ServerProcess) -> None:
    page = visit("alice", shared_server)
    tick(page, "MCP status change")
    page.get_by_text("Severity: any").click()
    page.get_by_role("checkbox", name="critical", exact=True).check()
    subscribe(page)
    emit(shared_server, "mcp_status_change", mcp_name="one", new_status="active", severity="critical")
    card = page.locator("#cards .card")
    expect(card).to_contain_text("1 event")
    open_builder(page)
    page.get_by_role("tab", name="User").click()
    tick(page, "User logout")

    button(page, "Edit the subscription to MCP status change").click()
    expect(page.get_by_role("heading", name="Change subscription")).to_be_focused()
    expect(page.get_by_role("tab", name="MCP")).to_have_attribute("aria-selected", "true")
    page.locator("#builder").get_by_text("Severity: critical").click()
    page.get_by_role("checkbox", name="critical", exact=True).uncheck()
    page.get_by_role("checkbox", name="error", exact=True).check()
    picture(page, "editing")
    button(page, "Save changes").click()
    expect(card).to_contain_text("Severity: error")
    expect(card).to_contain_text("1 event")
    expect(button(page, "Edit the subscription to MCP status change")).to_be_focused()
    expect(page.get_by_role("checkbox", name="User logout")).to_be_checked()
    for name, severity in (("two", "critical"), ("three", "error")):
        emit(shared_server, "mcp_status_change", mcp_name=name, new_status="active", severity=severity)
    expect(lines(page)).to_have_text(["three went active", "one went active"])
    expect(card).to_contain_text("2 events")


def test_an_edit_can_be_cancelled_and_ends_with_its_subscription_of_which_nothing_more_arrives(
    visit: Visit, shared_server: ServerProcess
) -> None:
    page = visit("alice", shared_server)
    subscribe(page, "Health check")
    tick(page, "Fleet summary")
    button(page, "Edit the subscription to Health check").click()
    page.get_by_role("checkbox", name="Health check").uncheck()
    expect(button(page, "Tick event types to save")).to_be_disabled()
    button(page, "Cancel").click()
    expect(button(page, "Subscribe to 1 type")).to_be_enabled()
    expect(page.locator("#cards .card")).not_to_contain_text("Fleet summary")
    button(page, "Edit the subscription to Health check").click()
    button(page, "Unsubscribe from Health check").click()
    expect(page.get_by_role("heading", name="Subscribe", exact=True)).to_be_visible()
    expect(button(page, "Cancel")).to_be_hidden()
    expect(page.get_by_role("status").last).to_have_text("Unsubscribed from Health check.")
    expect(button(page, "Subscribe to 1 type")).to_be_enabled()
    builder, toast = page.locator("#builder").bounding_box(), page.locator("#toast").bounding_box()
    assert builder
    assert toast
    assert builder["x"] + builder["width"] <= toast["x"]  # it covers no button there
    subscribe(page)
    expect(page.locator("#cards .card")).to_have_count(1)
    emit(shared_server, "mcp_health_check", mcp_name="a_mcp", health_status="healthy")
    emit(shared_server, "mcp_fleet_summary", total=4, healthy=3, severity="info")
    expect(lines(page)).to_have_count(1)
    expect(lines(page)).to_contain_text("3")


def test_a_feed_is_empty_for_two_different_reasons_and_says_which_with_a_way_forward(
    visit: Visit, server: ServerProcess
) -> None:
    page = visit("admin", server)
    expect(page.get_by_text("You have not subscribed to anything yet.")).to_be_visible()
    picture(page, "nothing-subscribed")
    button(page, "Subscribe to all MCP events").click()
    expect(page.get_by_text("Waiting for the first event.")).to_be_visible()
    expect(page.get_by_text("You have not subscribed to anything yet.")).to_be_hidden()
    expect(page.locator("#chart")).to_be_visible()  # what is below it has its place now
    expect(page.locator("#cards .card")).to_contain_text("0 events")
    command = page.locator("[data-slot=command]").inner_text()
    assert command.startswith(".venv/bin/python manage.py emit_event mcp_status_change mcp_name=")
    server.manage(*shlex.split(command)[2:])
    expect(lines(page)).to_have_count(1)
    expect(page.get_by_text("Waiting for the first event.")).to_be_hidden()


def test_whoever_may_emit_sends_a_test_event_from_the_page_and_reads_its_line_before(
    visit: Visit, server: ServerProcess
) -> None:
    page = visit("emitter", server)
    subscribe(page, "MCP status change")
    page.locator("#feed").get_by_role("button", name="Send a test event").click()
    dialog = page.get_by_role("dialog", name="Send a test event")
    expect(dialog.get_by_label("Event type")).to_have_value("mcp_status_change")
    dialog.get_by_label("Event type").select_option("MCP auto-disabled")
    dialog.get_by_label("failure_cycles").fill("many")
    button(page, "Send").click()
    expect(dialog.get_by_role("status")).to_contain_text('"many" is not a number')
    dialog.get_by_label("Event type").select_option("MCP status change")
    dialog.get_by_label("MCP servers").fill("tried_mcp")
    dialog.get_by_label("New status").select_option("inactive")
    expect(dialog.locator("[data-slot=line]")).to_have_text("tried_mcp went inactive")
    check(page, within="#trial")
    button(page, "Send").click()
    expect(dialog.get_by_role("status")).to_contain_text("Sent as ")
    expect(lines(page)).to_have_text(["tried_mcp went inactive"])
    page.keyboard.press("Escape")
    press(page, "Send a test event")
    expect(dialog).to_be_visible()


def test_the_feed_disturbs_nobody_who_reads_keeps_what_comes_while_it_is_paused_and_is_walked_with_arrow_keys(
    visit: Visit, shared_server: ServerProcess
) -> None:
    page = visit("alice", shared_server)
    subscribe(page, "MCP status change")
    rows = page.locator("#feed article:not([data-log]) summary")
    emit(shared_server, "mcp_status_change", mcp_name="read", new_status="active")
    rows.click()
    page.set_viewport_size({"width": 1000, "height": 720})
    place = rows.bounding_box()
    emit(shared_server, "mcp_status_change", mcp_name="new", new_status="active")
    expect(button(page, "1 new · resume")).to_be_visible()
    assert rows.bounding_box() == place  # what is read stays where it is
    page.set_viewport_size(SIZE)
    expect(lines(page)).to_have_text(["read went active"])
    rows.click()
    expect(lines(page)).to_have_text(["new went active", "read went active"])

    button(page, "Pause").click()
    for name in ("one", "two"):
        emit(shared_server, "mcp_status_change", mcp_name=name, new_status="active")
    expect(button(page, "2 new · resume")).to_be_visible()
    expect(lines(page)).to_have_text(["new went active", "read went active"])
    button(page, "Clear").click()  # which forgets only what was shown
    expect(lines(page)).to_have_count(0)
    button(page, "2 new · resume").click()
    expect(lines(page)).to_have_text(["two went active", "one went active"])
    expect(button(page, "Pause")).to_be_visible()

    emit(shared_server, "mcp_status_change", mcp_name="three", new_status="active")
    expect(rows).to_have_count(3)
    page.get_by_role("searchbox").press("Tab")
    expect(rows.nth(0)).to_be_focused()  # all of them are one tab stop
    page.keyboard.press("End")
    expect(page.locator("#feed article:not([hidden]) summary").last).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#feed details[open] pre")).to_contain_text("two")
