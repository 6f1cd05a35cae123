"""Views: what a person watches is on the server, so that it is there in another browser, and for a colleague."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.emitting import emit, emit_many, emit_text, passed
from tests.page.events_page import all_lines, button, lines, press, subscribe
from tests.page.looks import check, pictures
from tests.page.visit import Visit
from tests.servers import ServerProcess
from tests.waiting import eventually

pytestmark = pytest.mark.browser

TOGETHER = """
from django.contrib.auth.models import Group, User
group, _ = Group.objects.get_or_create(name="night shift")
for name in ("alice", "bob"):
    User.objects.get_or_create(username=name)[0].groups.add(group)
"""
KEPT_IN_FORMER_TIMES = """
subscriptions => {
  const viewer = JSON.parse(document.getElementById("page-data").textContent).viewer;
  sessionStorage.setItem(`eventhub.subscriptions.${viewer}`, JSON.stringify({ position: null, subscriptions }));
}
"""
# How high a card is, with titles of many lengths: with no event, and with very many and the sparkline.
HEIGHTS = """(card) => [true, false].map((isNew) => {
    card.querySelector("[data-slot=count]").textContent = isNew ? "0 events" : "10,000 events";
    card.querySelector(".sparkline").hidden = isNew;
    return Array.from({ length: 40 }, (_, length) => {
        card.querySelector("[data-slot=title]").textContent = "so ".repeat(length + 1);
        return card.getBoundingClientRect().height;
    });
})"""


def cards(page: Page) -> Locator:
    return page.locator("#cards .card")


def more(page: Page, names: str) -> Locator:
    page.get_by_label(f"More of {names}").click()
    return page.locator("#cards .more[open]")


@contextmanager
def saved(page: Page) -> Iterator[None]:
    """Wait until the server has what is changed meanwhile; the page shows it sooner."""
    with page.expect_response(lambda answer: answer.request.method in ("PATCH", "POST")):
        yield


def kept(page: Page, name: str) -> None:
    """Wait until the server keeps the view that was just subscribed to, and give it a name."""
    menu = more(page, "MCP status change")
    menu.get_by_label("Name").fill(name)
    with saved(page):
        menu.get_by_label("Name").press("Enter")
    expect(cards(page).locator("strong")).to_have_text(name)


def test_a_view_is_there_in_another_browser_with_its_name_colour_and_state_and_no_older_form_overwrites_what_it_saves(
    visit: Visit, shared_server: ServerProcess
) -> None:
    page = visit("alice", shared_server)
    subscribe(page, "MCP status change")
    kept(page, "Prod")
    page.get_by_role("radio", name="red").check()
    expect(cards(page)).to_have_attribute("data-colour", "red")
    press(page, "Mute")
    expect(cards(page)).to_contain_text("0 events, muted")
    emit(shared_server, "mcp_status_change", mcp_name="viewed", new_status="active", severity="info")
    expect(cards(page)).to_contain_text("1 event, muted")
    expect(lines(page).filter(has_text="viewed")).to_have_count(0)
    check(page, within="#cards")
    pictures(page, "view")

    other = visit("alice", shared_server)
    expect(cards(other)).to_contain_text("Prod")
    expect(cards(other)).to_have_attribute("data-colour", "red")
    expect(cards(other)).to_contain_text("muted")
    with saved(other):
        press(other, "Pause")
    expect(cards(other)).to_contain_text("paused")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # somebody looks at the first again
    expect(cards(page)).to_contain_text("paused")
    emit(shared_server, "mcp_status_change", mcp_name="unheard", new_status="active", severity="info")
    passed(shared_server)
    with saved(other):
        press(other, "Resume")
    expect(cards(other)).to_contain_text("0 events")

    menu = cards(other).locator(".more[open]")
    menu.get_by_label("Name").fill("Second")
    with saved(other):
        menu.get_by_label("Name").press("Enter")
    expect(cards(other).locator("strong")).to_have_text("Second")
    page.get_by_role("radio", name="blue").click()
    expect(page.locator("#notices")).to_contain_text("was changed elsewhere")
    expect(cards(page).locator("strong")).to_have_text("Second")
    expect(cards(page)).to_have_attribute("data-colour", "red")


def test_a_view_is_shared_by_one_choice_and_a_colleague_watches_and_duplicates_it_but_cannot_change_it(
    visit: Visit, shared_server: ServerProcess
) -> None:
    shared_server.manage("shell", "--no-imports", "--command", TOGETHER)
    page = visit("alice", shared_server)
    subscribe(page, "MCP status change")
    kept(page, "On call")
    with saved(page):
        page.locator("#cards").get_by_label("Shared with").select_option("night shift")
    colleague = visit("bob", shared_server)
    shared = colleague.locator("#shared .card")
    expect(shared).to_contain_text("On call")
    expect(shared).to_contain_text("by alice")
    button(colleague, "Watch On call").click()
    expect(cards(colleague)).to_contain_text("0 events")
    expect(cards(colleague).get_by_role("button", name=re.compile("^Edit"))).to_have_count(0)
    expect(colleague).to_have_url(re.compile(r"[?&]view=\w{12}"))
    colleague.reload()
    expect(cards(colleague)).to_contain_text("shared by alice")
    emit(shared_server, "mcp_status_change", mcp_name="watched", new_status="active", severity="info")
    expect(lines(colleague).first).to_have_text("watched went active")

    press(colleague, "Duplicate")
    expect(cards(colleague)).to_have_count(2)
    button(colleague, "Stop watching On call").click()
    expect(cards(colleague)).to_have_count(1)
    expect(button(colleague, "Edit the subscription to On call")).to_be_visible()


def test_a_selected_view_is_in_the_address_alone_in_the_feed_back_by_undo_and_says_what_the_last_hour_had(
    visit: Visit, shared_server: ServerProcess
) -> None:
    page = visit("alice", shared_server)
    subscribe(page, "MCP status change")
    kept(page, "Status")
    subscribe(page, "Health check")
    page.get_by_title("Show only the events of Status").click()
    expect(page).to_have_url(re.compile("view="))
    for event_type, of in (("mcp_health_check", "health_status"), ("mcp_status_change", "new_status")):
        emit(
            shared_server,
            event_type,
            mcp_name="chosen",
            severity="info",
            **{of: "active" if "new" in of else "healthy"},
        )
    expect(lines(page).first).to_have_text("chosen went active")
    expect(lines(page).filter(has_text="chosen is healthy")).to_have_count(0)
    page.get_by_title("Show only the events of Status").click()
    expect(lines(page).filter(has_text="chosen is healthy")).to_have_count(1)
    page.goto("/events?view=nosuchview12")
    expect(page.locator("#notices")).to_contain_text("There is no such view")

    card = cards(page).filter(has_text="Status")
    button(page, "Unsubscribe from Status").click()
    expect(card).to_have_count(0)
    page.locator("#toast").hover()  # whoever is about to press has all the time
    check(page, within="#toast")
    with saved(page):
        button(page, "Undo").click()
    expect(card).to_contain_text("0 events")
    emit_many(shared_server, ["sparks"], "info")
    emit_many(shared_server, ["sparks"], "error")
    page.reload()
    sparkline = card.locator(".sparkline svg")
    expect(sparkline).to_have_accessible_name(re.compile("^[0-9,]+ events in the last hour, [0-9,]+ of them errors"))
    expect(sparkline.locator("path.worse")).to_have_attribute("d", re.compile("v-"))
    without, with_both = card.evaluate(HEIGHTS)
    assert with_both == without
    check(page, within="#cards")
    pictures(page, "sparkline")


def test_what_a_tab_kept_in_former_times_is_taken_over_once(visit: Visit, shared_server: ServerProcess) -> None:
    page = visit("alice", shared_server, "/events/history")
    asked = [{"eventTypes": ["mcp_status_change"], "filters": {"severity": ["error"]}}]
    page.evaluate(KEPT_IN_FORMER_TIMES, asked)
    page.goto("/events")
    expect(cards(page)).to_contain_text("Severity: error")
    page.get_by_label("More of MCP status change").click()
    expect(button(page, "Duplicate")).to_be_visible()  # the server keeps it
    page.goto("/events/history")
    left = "Object.entries(sessionStorage).find(([key]) => key.startsWith('eventhub.subscriptions'))[1]"
    assert json.loads(page.evaluate(left))["subscriptions"] == []
    page.goto("/events")
    expect(cards(page)).to_have_count(1)


def test_a_subscription_begins_with_its_newest_and_reload_history_and_back_lose_no_row(
    visit: Visit, server: ServerProcess
) -> None:
    emit_many(server, [f"old{number}" for number in range(60)])
    page = visit("alice", server)
    subscribe(page, "MCP status change")
    expect(all_lines(page)).to_have_count(50)
    expect(all_lines(page).first).to_have_text("old59 went active")
    emit_many(server, ["live0", "live1"])
    expect(all_lines(page)).to_have_count(52)
    expect(page.get_by_text("Live from here")).to_be_visible()
    check(page, within="#feed")
    pictures(page, "newest")
    page.reload()
    expect(all_lines(page)).to_have_count(50)
    expect(all_lines(page).first).to_have_text("live1 went active")
    page.get_by_role("link", name="History", exact=True).click()
    emit_many(server, ["missed"])
    page.go_back()
    expect(all_lines(page).first).to_have_text("missed went active")
    expect(all_lines(page).nth(1)).to_have_text("live1 went active")
    button(page, "Load older from the log").click()
    expect(all_lines(page)).to_have_count(63)

    # A second view begins with its newest, too, and what is between stays in order.
    emit(server, "mcp_health_check", mcp_name="between", health_status="healthy", severity="info")
    emit_many(server, ["last"])
    expect(all_lines(page).first).to_have_text("last went active")
    subscribe(page, "Health check")
    expect(all_lines(page).nth(1)).to_have_text("between is healthy")


def test_whoever_was_away_is_told_what_happened_meanwhile(visit: Visit, server: ServerProcess) -> None:
    page = visit("alice", server)
    subscribe(page, "MCP status change")
    button(page, "Load older from the log").wait_for(state="hidden")
    page.get_by_label("More of MCP status change").click()
    expect(button(page, "Duplicate")).to_be_visible()
    for name, severity in (("a", "critical"), ("b", "error"), ("c", "error"), ("d", "info")):
        emit(server, "mcp_status_change", mcp_name=name, new_status="inactive", severity=severity)
    server.database.change("UPDATE events_savedview SET seen = '2026-01-01 00:00:00'")
    page.goto("/events")
    expect(page.locator("#away")).to_contain_text("Since you were away")
    expect(page.locator("#away")).to_contain_text("1 critical, 2 errors, of 4 events")
    check(page, within="#feed")
    place = all_lines(page).first.bounding_box()
    button(page, "Dismiss").click()
    expect(page.locator("#away")).to_be_hidden()
    assert all_lines(page).first.bounding_box() == place
    page.evaluate("""() => {
        Object.defineProperty(document, "visibilityState", { get: () => "hidden" });
        document.dispatchEvent(new Event("visibilitychange"));
    }""")
    eventually(lambda: not server.database.rows("SELECT 1 FROM events_savedview WHERE seen < '2026-01-02'"))


def test_a_view_calls_for_attention_as_it_was_told_while_nobody_looks_and_once_for_many(
    visit: Visit, shared_server: ServerProcess
) -> None:
    page = visit("alice", shared_server, alone=True, permissions=["notifications"])
    page.add_init_script("""
        window.shown = [];
        window.Notification = class {
            static permission = "granted";
            static requestPermission = async () => "granted";
            constructor(title, { body }) { window.shown.push(`${title} | ${body}`); }
        };
    """)
    page.reload()
    subscribe(page, "MCP status change")
    kept(page, "Prod")
    emit_many(shared_server, ["unasked"])
    expect(lines(page).first).to_have_text("unasked went active")
    for alert in ("Notify", "Mark the icon"):
        with page.expect_response(lambda answer: answer.request.method == "PATCH") as saved:
            page.get_by_label(alert).check()
        saved.value.finished()  # what comes before calls nobody
    hidden = "value => Object.defineProperty(document, 'hidden', { configurable: true, get: () => value })"
    page.evaluate(hidden, True)
    emit_many(shared_server, ["first"])
    eventually(lambda: page.evaluate("shown.length") == 1)
    two = [{"mcp_name": "mild", "severity": "info"}, {"mcp_name": "grave", "severity": "critical"}]
    changes = [("mcp_status_change", json.dumps({**each, "new_status": "active"})) for each in two]
    emit_text(shared_server, *changes)  # at once: the page waits for more of them for five seconds
    eventually(lambda: page.evaluate("shown.length") == 2)
    assert page.evaluate("shown") == [
        "Prod: 1 event | info: first went active",
        "Prod: 2 events | critical: grave went active",
    ]
    icon = page.locator("link[rel=icon]")
    expect(icon).to_have_attribute("href", re.compile("icon_badge"))
    page.evaluate(hidden, False)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(icon).not_to_have_attribute("href", re.compile("icon_badge"))
