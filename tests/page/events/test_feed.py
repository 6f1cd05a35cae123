"""What can be done with the events that are there: searched, narrowed, exported, explained, continued from the log."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.emitting import emit, emit_many
from tests.page.events_page import all_lines, button, lines, press, subscribe, tick
from tests.page.looks import check, pictures
from tests.page.visit import SIZE, Visit
from tests.servers import ServerProcess
from tests.waiting import eventually

pytestmark = pytest.mark.browser

LOG = re.compile(r"/events/\?event_type=")  # how the page asks for what is logged
# Where the chart stands below numbers that say little, and much.
SAY_IN_NUMBERS = """() => ["0", "as in the hour before", "▲ 1,234,567 more than the hour before"].map((words) => {
    for (const each of document.querySelectorAll("#numbers dd")) {
        each.textContent = each.matches(".quiet") ? words : words.slice(0, 11);
    }
    return document.querySelector("#chart").getBoundingClientRect().top;
})"""
# Where stands what is below the buttons of an event's page, before the script brings them and afterwards.
BEFORE_AND_AFTER = """(actions) => {
    const buttons = [...actions.childNodes];
    return [true, false].map((isBefore) => {
        actions.hidden = isBefore;
        actions.replaceChildren(...(isBefore ? [] : buttons));
        return actions.nextElementSibling.getBoundingClientRect().top;
    });
}"""


def search(page: Page, text: str) -> None:
    page.get_by_role("searchbox", name="Search the events that are here").fill(text)


def exported(page: Page, name: str, folder: Path) -> list[dict[str, dict[str, str]]]:
    with page.expect_download() as download:
        button(page, name).click()
    assert re.fullmatch(r"eventhub-[\dTZ.-]+\.ndjson", download.value.suggested_filename)
    path = folder / "exported.ndjson"
    download.value.save_as(path)
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_feed_is_searched_in_all_that_is_kept_and_what_was_found_is_exported(
    visit: Visit, shared_server: ServerProcess, tmp_path: Path
) -> None:
    emit_many(shared_server, ["logged"] * 60)
    page = visit("alice", shared_server)

    def late(route: Route) -> None:
        expect(lines(page)).to_have_count(480)
        route.continue_()

    page.route(LOG, late)
    subscribe(page, "MCP status change")
    names = [f"mcp_{number}_" for number in range(700)]
    emit_many(shared_server, names[:480])
    expect(all_lines(page)).to_have_count(500)  # what is late fills up what room there is, and pauses nothing
    page.unroute(LOG)
    emit_many(shared_server, names[480:])
    expect(page.locator("#cards .card")).to_contain_text("700 events")
    expect(lines(page)).to_have_count(500)
    search(page, "MCP_7_")
    expect(lines(page)).to_have_text(["mcp_7_ went active"])  # among those that are no longer shown
    expect(page.get_by_text("1 of 700 that came live")).to_be_visible()
    emit_many(shared_server, ["new_mcp_7_", "new_mcp_8_"])
    expect(lines(page)).to_have_text(["new_mcp_7_ went active", "mcp_7_ went active"])
    found = exported(page, "Export these", tmp_path)
    assert [event["data"]["mcp_name"] for event in found] == ["mcp_7_", "new_mcp_7_"]
    search(page, "")
    expect(lines(page)).to_have_count(500)
    everything = exported(page, "Export", tmp_path)
    assert [event["data"]["mcp_name"] for event in everything][-702:] == [*names, "new_mcp_7_", "new_mcp_8_"]


def test_a_value_that_is_clicked_narrows_the_feed_becomes_a_filter_or_is_left_out_and_the_address_keeps_what_narrows(
    visit: Visit, shared_server: ServerProcess
) -> None:
    page = visit("alice", shared_server)
    subscribe(page, "MCP status change")
    emit_many(shared_server, ["one", "other"])
    row = page.locator("#feed article:not([data-log]) summary", has_text="one went active")
    row.locator(".age").evaluate("(age) => (age.dataset.of -= 3 * 60_000)")
    expect(row.locator(".age")).to_have_text(re.compile(r"^\d+ min$"))  # it goes on by itself
    row.click()
    expect(page.locator("#feed .detail")).to_contain_text(re.compile(r"\d\d:\d\d:\d\d\.\d\d\d "))
    page.locator("#feed .detail").get_by_role("button", name='"one"', exact=True).click()
    expect(lines(page)).to_have_text(["one went active"])
    emit_many(shared_server, ["other", "one"])
    expect(lines(page)).to_have_text(["one went active"] * 2)
    button(page, "Use as filters").click()
    expect(page.locator("#builder").get_by_text("MCP servers: one")).to_be_visible()
    expect(button(page, "Subscribe to 1 type")).to_be_enabled()
    button(page, "Do not narrow by mcp_name: one").click()
    expect(lines(page)).to_have_count(4)

    row.first.click()
    button(page, "Not mcp_name: one").click()
    expect(lines(page)).to_have_text(["other went active"] * 2)
    expect(page).to_have_url(re.compile(r"not\.mcp_name=one"))
    search(page, "OTHER")
    expect(page).to_have_url(re.compile("q=other"))
    page.reload()
    expect(button(page, "Do not narrow by not mcp_name: one")).to_be_visible()
    expect(page.get_by_role("searchbox", name="Search the events that are here")).to_have_value("other")
    expect(all_lines(page).first).to_have_text("other went active")


def test_older_events_are_loaded_from_the_log_down_to_the_first(visit: Visit, server: ServerProcess) -> None:
    emit_many(server, [f"old_{number}" for number in range(250)])
    emit_many(server, [f"grave_{number}" for number in range(3)], "error")
    page = visit("alice", server)
    subscribe(page, "MCP status change")
    tick(page, "Circuit breaker state")
    page.get_by_text("Severity: any").click()
    page.get_by_role("checkbox", name="error", exact=True).check()
    page.locator("#builder button[type=submit]").click()  # what both ask for comes once
    expect(page.locator("#cards .card")).to_contain_text(["0 events"] * 2)
    emit_many(server, ["live"])
    expect(lines(page)).to_have_text(["live went active"])
    expect(all_lines(page)).to_have_count(51)
    button(page, "Load older from the log").click()
    expect(all_lines(page)).to_have_count(251)
    newest = ["live", "grave_2", "grave_1", "grave_0", "old_249"]
    assert all_lines(page).all_text_contents()[:5] == [f"{name} went active" for name in newest]
    button(page, "Load older from the log").click()
    expect(page.get_by_text("The log has nothing older of this.")).to_be_visible()
    expect(all_lines(page)).to_have_count(254)
    expect(all_lines(page).last).to_have_text("old_0 went active")
    expect(button(page, "Load older from the log")).to_be_hidden()
    page.locator("#feed .rows").evaluate("rows => { rows.scrollTop = 0; }")
    emit_many(server, ["newer"])
    expect(lines(page).first).to_have_text("newer went active")


def test_before_the_first_live_event_the_log_can_be_looked_into(visit: Visit, shared_server: ServerProcess) -> None:
    # Of a type that no other test here has events of.
    emit(shared_server, "user_action", username="before", action_type="added", target_name="one")
    emit(shared_server, "mcp_health_check", mcp_name="newer", health_status="healthy", severity="info")
    page = visit("alice", shared_server)
    page.get_by_role("tab", name="User").click()
    subscribe(page, "User action")
    expect(all_lines(page)).to_have_text(["before: added one"])
    page.locator("#new").click()
    page.get_by_role("tab", name="MCP").click()
    subscribe(page, "Health check")
    expect(all_lines(page).first).to_have_text("newer is healthy")  # also above what was there already
    expect(all_lines(page).nth(1)).to_have_text("before: added one")
    emit(shared_server, "user_action", username="after", action_type="added", target_name="two")
    expect(all_lines(page).first).to_have_text("after: added two")
    expect(all_lines(page).nth(1)).to_have_text("newer is healthy")


def test_whoever_scrolls_away_or_looks_elsewhere_is_told_how_many_are_new_and_returns_by_one_click(
    visit: Visit, shared_server: ServerProcess
) -> None:
    page = visit("alice", shared_server)
    subscribe(page, "MCP status change")
    emit_many(shared_server, [f"mcp_{number}" for number in range(60)], "error")  # mild ones would be folded
    expect(lines(page)).to_have_count(60)
    page.locator("#feed .rows").evaluate("rows => { rows.scrollTop = 400; }")
    expect(page.locator("#feed")).to_have_attribute("data-paused", "true")
    emit_many(shared_server, [f"new_{number}" for number in range(12)], "error")
    button(page, "12 new · resume").click()
    expect(lines(page).first).to_have_text("new_11 went active")
    expect(lines(page)).to_have_count(72)
    hide = "Object.defineProperty(document, 'hidden', {configurable: true, get: () => %s});"
    page.evaluate(hide % "true")
    emit_many(shared_server, ["one", "two"])
    expect(page).to_have_title("(2) Events · eventhub")
    page.evaluate(hide % "false")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page).to_have_title("Events · eventhub")


def test_the_last_hour_is_drawn_and_said_in_numbers_and_words_and_dragging_chooses_a_time(
    visit: Visit, server: ServerProcess
) -> None:
    emit_many(server, ["calm"] * 3)
    page = visit("alice", server)
    expect(page.locator("#chart")).to_be_hidden()
    counting: list[Route] = []
    page.route("**/counts?*", lambda route: counting.append(route))
    with page.expect_request("**/counts?*"):
        subscribe(page, "MCP status change")
    emit_many(server, ["grave"] * 2, "error")  # while the server counts
    expect(lines(page)).to_have_count(2)
    for each in counting:
        each.continue_()
    page.unroute("**/counts?*")
    expect(page.locator("#chart figcaption")).to_have_text("5 events last hour (2 error, 3 info).")
    expect(page.locator("#numbers")).to_contain_text("2 more than the hour before")
    colours = page.locator("#chart canvas").evaluate(
        """canvas => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const colours = new Set();
            for (let at = 0; at < data.length; at += 4) {
                if (data[at + 3] === 255) colours.add(data.slice(at, at + 3).join());
            }
            return colours.size;
        }"""
    )
    assert colours >= 2  # one for each severity
    for width in (1280, 1000, 360):
        page.set_viewport_size({"width": width, "height": 720})
        places = page.evaluate(SAY_IN_NUMBERS)
        assert places == [places[0]] * 3, width
    page.set_viewport_size(SIZE)

    box = page.locator("#chart canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 20, steps=3)
    page.mouse.up()
    expect(page).to_have_url(re.compile("since=.*until="))
    expect(page.get_by_text("Nothing that you watch happened in this time.")).to_be_visible()
    expect(page.locator("#chart figcaption")).to_contain_text("0 events in this time")
    page.get_by_label("Time", exact=True).select_option("Last hour")
    expect(all_lines(page)).to_have_count(5)
    page.reload()
    expect(page.get_by_label("Time", exact=True)).to_have_value("between")
    button(page, "Show live events again").click()
    expect(page).not_to_have_url(re.compile("since="))


def test_an_event_has_a_page_of_its_own_that_says_what_happened_around_it(
    visit: Visit, shared_server: ServerProcess
) -> None:
    page = visit("alice", shared_server)
    subscribe(page, "MCP status change")
    emit(shared_server, "mcp_health_check", mcp_name="linked", health_status="unhealthy", severity="error")
    emit_many(shared_server, ["linked"])
    held: list[Route] = []
    page.route("**/around?*", lambda route: held.append(route))
    lines(page).filter(has_text="linked went active").click()
    eventually(lambda: page.title() and held)
    place = button(page, "Copy link").bounding_box()
    held.pop().continue_()
    page.unroute("**/around?*")
    expect(page.locator("#feed article:not([data-log]) details[open] .around")).to_contain_text("linked is unhealthy")
    assert button(page, "Copy link").bounding_box() == place
    page.get_by_role("button", name="Open its page").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("linked went active")
    expect(button(page, "Copy link")).to_be_visible()
    before, after = page.locator("#actions").evaluate(BEFORE_AND_AFTER)
    assert before == after
    expect(page.locator(".around .past")).to_have_count(2)
    expect(page.get_by_text(", from the HTTP API")).to_be_visible()
    check(page)
    pictures(page, "event")
    page.get_by_label("No events with this mcp_name").click()
    expect(page).to_have_url(re.compile(r"/events\?not\.mcp_name=linked"))


def test_an_event_is_sent_again_once_and_after_asking_by_whoever_may_emit_and_others_are_offered_no_event_to_send(
    visit: Visit, shared_server: ServerProcess
) -> None:
    page = visit("admin", shared_server)
    subscribe(page, "MCP status change")
    emit(shared_server, "mcp_status_change", mcp_name="again", new_status="active", run=1.0)
    lines(page).filter(has_text="again went active").click()
    button(page, "Send again …").click()
    expect(button(page, "Cancel").last).to_be_visible()
    check(page, within="#feed details[open] .detail")
    button(page, "Cancel").last.click()
    button(page, "Send again …").click()
    page.evaluate("() => { const each = document.querySelector('[data-slot=send]'); each.click(); each.click(); }")
    expect(page.get_by_text("Sent as ")).to_be_visible()
    expect(page.locator("#cards .card")).to_contain_text("2 events")
    page.goto(page.get_by_role("link", name=re.compile("-[0-9]+$")).first.get_attribute("href") or "")
    expect(page.locator(".members div", has_text="run")).to_contain_text("1.0")
    alice = visit("alice", shared_server)
    subscribe(alice, "MCP status change")
    alice.get_by_role("feed").locator("summary").first.click()
    expect(button(alice, "Copy link")).to_be_visible()
    expect(button(alice, "Send again …")).to_have_count(0)
    alice.locator("#cards .more summary").click()
    expect(button(alice, "Duplicate")).to_be_visible()
    expect(alice.get_by_role("button", name="Send a test event")).to_have_count(0)


def test_why_not_tells_condition_by_condition(visit: Visit, shared_server: ServerProcess) -> None:
    page = visit("alice", shared_server)
    tick(page, "MCP status change")
    page.get_by_text("Severity: any").click()
    page.get_by_role("checkbox", name="error", exact=True).check()
    subscribe(page)
    emit_many(shared_server, ["rejected"])
    emit_many(shared_server, ["accepted"], "error")
    expect(lines(page)).to_have_text(["accepted went active"])
    press(page, "Why not? Newest events of MCP status change")
    dialog = page.get_by_role("dialog", name="Why not?")
    rejected = dialog.locator("details", has_text="rejected went active").first
    expect(rejected.locator("summary")).to_contain_text("does not match")
    rejected.locator("summary").click()
    expect(rejected.get_by_role("listitem")).to_contain_text(
        [
            "Event type is MCP status change: matches, the event has MCP status change",
            "Severity is error: does not match, the event has info",
        ]
    )
    expect(dialog.locator("details", has_text="accepted went active").first).to_contain_text("✓ matches")
    page.keyboard.press("Escape")
    page.locator("#feed article:not([data-log]) summary").click()
    button(page, "Why this event?").click()
    expect(page.get_by_role("dialog", name="Why this event?").get_by_role("listitem")).to_have_count(2)


def test_what_is_chosen_is_previewed_before_one_subscribes(visit: Visit, server: ServerProcess) -> None:
    emit_many(server, [f"mcp_{number}" for number in range(30)])
    emit_many(server, [f"grave_{number}" for number in range(4)], "error")
    page = visit("alice", server)
    preview = page.locator("[data-slot=preview]")
    expect(preview).to_be_hidden()
    page.set_viewport_size({"width": 1280, "height": 1400})  # in which it is not held at the window's edge
    subscribe_button = page.locator("#builder button[type=submit]")
    with page.expect_response(lambda response: "/preview" in response.url):
        tick(page, "MCP status change")
        place = dict(subscribe_button.bounding_box() or {})
    expect(preview).to_contain_text("Would have matched 34 of the last 34 events of the chosen types")
    assert subscribe_button.bounding_box() == pytest.approx(place, abs=0.5)  # whoever is pressing it does not miss it
    full = "There can be at most 50 subscriptions at a time: unsubscribe from some first."
    for name, text in (("preview", "No preview: long. " * 10), ("problem", full), ("problem", "")):
        page.locator(f"#builder [data-slot={name}]").evaluate("(line, text) => { line.textContent = text; }", text)
        assert subscribe_button.bounding_box() == pytest.approx(place, abs=0.5), text
    page.get_by_text("Severity: any").click()
    page.get_by_role("checkbox", name="error", exact=True).check()
    expect(preview).to_contain_text("Would have matched 4 of the last 34 events")
    button(page, "Reset").click()
    expect(preview).to_be_hidden()
    tick(page, "Health check")
    expect(preview).to_have_text("No such event has been logged yet.")


def test_without_mcp_servers_their_filter_offers_names_of_recent_events_and_leads_staff_to_add_one(
    visit: Visit, shared_server: ServerProcess
) -> None:
    emit_many(shared_server, ["seen_mcp", "other_mcp"])
    page = visit("alice", shared_server)
    tick(page, "MCP status change")
    page.get_by_text("MCP servers: any").click()
    choice = page.locator("details", has_text="MCP servers:")
    expect(choice).to_contain_text("None yet. These were in recent events:")
    choice.get_by_role("checkbox", name="seen_mcp").check()
    expect(choice.locator("summary")).to_have_text("MCP servers: seen_mcp")
    expect(choice.get_by_role("checkbox", name="other_mcp")).to_be_visible()
    expect(choice.get_by_role("link", name="Add one in the admin")).to_be_hidden()
    staff = visit("admin", shared_server)
    tick(staff, "Health check")
    staff.get_by_text("MCP servers: any").click()
    staff.get_by_role("link", name="Add one in the admin").click()
    expect(staff).to_have_url(f"{shared_server.url}/admin/mcp/mcpserver/add/")


def test_a_flood_is_sampled_and_said_to_be_and_nothing_of_it_is_lost(
    visit: Visit, shared_server: ServerProcess, tmp_path: Path
) -> None:
    page = visit("alice", shared_server, alone=True)
    page.clock.install()
    came: list[int] = []

    def count(frame: str | bytes) -> None:
        came.append(str(frame).count('"mcp_name":"mcp_'))

    page.on("websocket", lambda socket: socket.on("framereceived", count))
    page.reload()
    subscribe(page, "MCP status change")
    # A thousand a second, however fast this machine is: the clock goes on when a thousand have come.
    page.clock.pause_at(page.evaluate("Date.now() / 1000 + 1"))
    names = [f"mcp_{number}" for number in range(5_000)]
    notice = page.get_by_text(re.compile("Too many to read: showing 1 of [2-9]"))
    for start in range(0, len(names), 1_000):
        emit_many(shared_server, names[start : start + 1_000])
        eventually(partial(have_come, page, came, start + 1_000))
        page.clock.run_for(1_000)
        eventually(partial(shows_count, page, start + 1_000))
    expect(notice).to_be_visible()
    top = "rows => rows.getBoundingClientRect().top"
    place = page.locator("#feed .rows").evaluate(top)
    page.clock.run_for(6_000)
    expect(notice).to_be_hidden()
    assert page.locator("#feed .rows").evaluate(top) == place
    expect(lines(page)).to_have_count(500)
    events = exported(page, "Export", tmp_path)
    assert [event["data"]["mcp_name"] for event in events][-len(names) :] == names  # before them, those of the log


def have_come(page: Page, came: list[int], events: int) -> bool:
    page.evaluate("0")  # Playwright tells of frames while it is asked for something
    return sum(came) >= events


def shows_count(page: Page, events: int) -> bool:
    page.clock.run_for(50)
    return f"{events:,} events" in page.locator("#cards .card").inner_text()


def test_a_run_of_alike_events_and_the_story_of_one_server_are_a_row_until_somebody_unfolds_it(
    visit: Visit, shared_server: ServerProcess
) -> None:
    page = visit("alice", shared_server)
    subscribe(page, "MCP status change", "Circuit breaker state")
    emit(shared_server, "mcp_status_change", mcp_name="broken", new_status="inactive", severity="error")
    emit_many(shared_server, [f"alike{number}" for number in range(6)])
    seen = lines(page).locator("visible=true")
    expect(seen).to_have_text(["alike5 went active", "broken went inactive"])
    fold = page.get_by_role("button", name="5 more like this: alike5, alike4, alike3 and 3 more")
    check(page, within="#feed")
    pictures(page, "folded")
    fold.click()
    expect(seen).to_have_count(7)
    emit_many(shared_server, ["alike6"])
    expect(seen).to_have_count(8)
    page.locator("#feed .fold").first.click()
    expect(seen).to_have_count(2)

    button(page, "Clear").click()
    emit(shared_server, "mcp_status_change", mcp_name="calm", new_status="active", severity="info")
    emit(shared_server, "mcp_status_change", mcp_name="ailing", new_status="inactive", severity="critical")
    for state in ("half_open", "closed"):
        circuit = {"mcp_name": "ailing", "state": state, "cycles": 2, "severity": "warning"}
        emit(shared_server, "circuit_breaker_state", **circuit)
    expect(seen).to_have_text(["ailing went inactive", "calm went active"])  # the gravest stands for its story
    fold = page.get_by_role("button", name=re.compile("2 more of ailing. Newest: .*closed"))
    fold.click()
    expect(seen).to_have_count(4)
    fold.click()
    expect(seen).to_have_count(2)


def test_letters_are_keys_of_the_feed_and_a_dialog_lists_them(visit: Visit, shared_server: ServerProcess) -> None:
    page = visit("alice", shared_server)
    subscribe(page, "MCP status change")
    emit_many(shared_server, ["key0", "key1"])
    expect(lines(page)).to_have_count(2)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("e")
    expect(page.locator("#feed details[open] .line")).to_have_text("key0 went active")
    page.keyboard.press("e")
    page.keyboard.press("k")
    expect(page.locator("#feed summary:focus .line")).to_have_text("key1 went active")
    page.keyboard.press("/")
    page.keyboard.type("jke?")
    expect(page.get_by_role("searchbox", name="Search the events that are here")).to_have_value("jke?")
    page.locator("#feed").focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    check(page, within="#keys")
    pictures(page, "keys")
    page.get_by_role("checkbox", name="Letters are keys").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_have_count(0)


def test_an_open_event_stands_beside_the_rows_keys_go_on_to_the_next_and_its_views_are_told_by_colour_and_name(
    visit: Visit, shared_server: ServerProcess
) -> None:
    page = visit("alice", shared_server)
    subscribe(page, "MCP status change")
    emit_many(shared_server, ["of_one"])
    expect(lines(page)).to_have_count(1)
    subscribe(page, "Health check")
    emit(shared_server, "mcp_health_check", mcp_name="of_other", health_status="healthy", severity="info")
    rows = page.get_by_role("feed").locator("article.row")
    expect(lines(page)).to_have_count(2)
    expect(rows.nth(0).locator(".views .mark")).to_have_attribute("data-colour", "blue")
    expect(rows.nth(1).locator(".views .mark")).to_have_attribute("data-colour", "teal")
    expect(rows.nth(0).locator(".views")).to_have_text("of Health check: ")
    rows.nth(0).locator("summary").click()
    expect(page.get_by_role("heading", name="of_other is healthy")).to_be_visible()
    line, pane = rows.nth(0).locator("summary").bounding_box(), rows.nth(0).locator(".detail").bounding_box()
    assert line is not None
    assert pane is not None
    assert pane["x"] >= line["x"] + line["width"]
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("heading", name="of_one went active")).to_be_visible()
    expect(page.locator("#feed details[open]")).to_have_count(1)
    expect(rows.nth(1).locator(".of-views")).to_have_text("MCP status change")
    page.keyboard.press("Escape")
    expect(page.locator("#feed details[open]")).to_have_count(0)
    expect(rows.nth(1).locator("summary")).to_be_focused()
