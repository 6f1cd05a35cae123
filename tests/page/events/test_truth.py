"""What the log has is what the page shows: the same digits, any name, the server's verdict; and nothing stops it."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import payloads
from tests.conftest import MakeServer
from tests.emitting import emit_text
from tests.page.events_page import button, copied, lines, press, subscribe, tick
from tests.page.looks import look_at, picture
from tests.page.session import session_of
from tests.page.visit import Visit
from tests.servers import ServerProcess

pytestmark = pytest.mark.browser

TYPES = """
from events.models import Category, EventField, EventType, FieldOption
Category.objects.create(id="odd", label="Odd", order=90)
def make(id, label, summary, fields):
    made = EventType.objects.create(id=id, category_id="odd", label=label, summary=summary, payload_check="off")
    for name, type, operator, key in fields:
        EventField.objects.create(event_type=made, name=name, label=name, type=type, operator=operator, data_key=key)
    return made
make("f1", "Race", "{driver} of {constructor} finished", [("constructor", "text", "contains", "constructor")])
make("odd_text", "Text", "{what}", [("what", "text", "contains", "what"), ("n", "number", "eq", "n")])
named = make("named", "Named", "{toString}", [("toString", "select", "eq", "toString")])
for value in ("constructor", "toString", "__proto__"):
    FieldOption.objects.create(field=named.fields.get(), value=value, label=value)
"""
MANY = """
from events.models import Category, EventType
Category.objects.create(id="many", label="Many", order=91)
EventType.objects.bulk_create(
    EventType(id=f"many_{n}", category_id="many", label=f"Many {n}", summary="{what}", severity_levels=["info"])
    for n in range(300)
)
EventType.objects.get(id="many_0").save()
"""
LINES = """
from events.models import EventType
for id, line in {!r}:
    EventType.objects.create(id=id, category_id="odd", label=id, summary=line, payload_check="off")
"""
EXACT = '{"what":9007199254740993,"big":123456789012345678901234567890,"f":1.0,"z":-0.0,"e":1e16,"n":9007199254740993}'
DIGITS = ["9007199254740993", "123456789012345678901234567890", "1.0", "-0.0", "1e16"]

FAST_CLOCK = "const now = Date.now; window.ahead = 3 * 3_600_000; Date.now = () => now() + window.ahead;"


@pytest.fixture(scope="module")
def odd_server(make_lasting_server: MakeServer) -> ServerProcess:
    server = make_lasting_server()
    shell(server, TYPES)
    return server


@pytest.fixture(scope="module")
def crowded_server(make_lasting_server: MakeServer) -> ServerProcess:
    server = make_lasting_server()
    shell(server, MANY)
    return server


def shell(server: ServerProcess, code: str) -> None:
    server.manage("shell", "--no-imports", "--command", code)


def on_tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def test_names_of_javascript_itself_are_names_as_any_other(visit: Visit, odd_server: ServerProcess) -> None:
    page = visit("alice", odd_server)
    on_tab(page, "Odd")
    subscribe(page, "Race", "Named")
    expect(page.locator("#cards .card")).to_contain_text("all events")
    emit_text(
        odd_server,
        ("f1", '{"driver":"Lando"}'),
        ("f1", '{"driver":"Max","constructor":"Red"}'),
        ("f1", '{"__proto__":{"driver":"x"},"hasOwnProperty":1,"then":2}'),
        ("named", '{"toString":"constructor"}'),
        ("named", "{}"),
    )
    newest = ["?", "constructor", "? of ? finished", "Max of Red finished", "Lando of ? finished"]
    expect(lines(page)).to_have_text(newest)
    expect(page.locator("#cards .card")).to_contain_text("5 events")
    expect(page.locator("#presence")).to_contain_text("live · last event")
    for summary in page.locator("#feed article:not([data-log]) summary").all():
        summary.click()
    expect(page.locator("#feed article:not([data-log]) pre").nth(2)).to_contain_text('"__proto__": {')
    page.goto("/events/history?event_type=f1&event_type=named")
    assert page.locator("#history .line").all_text_contents()[:5] == newest


def test_options_and_addresses_may_have_such_names(visit: Visit, odd_server: ServerProcess) -> None:
    query = "tab=constructor&event_type=__proto__&event_type=named&filter.__proto__=x&filter.toString=toString"
    page = visit("alice", odd_server, f"/events?{query}")
    expect(page.locator("#builder")).to_contain_text("toString: toString")
    page.get_by_text("toString: toString").click()
    options = page.get_by_role("group", name="toString").get_by_role("listitem")
    expect(options).to_have_text(["constructor", "toString", "__proto__"])
    subscribe(page)
    expect(page.locator("#cards .card")).to_contain_text("toString: toString")
    emit_text(odd_server, ("named", '{"toString":"constructor"}'), ("named", '{"toString":"toString"}'))
    expect(lines(page)).to_have_text(["toString"])
    expect(page.locator("#cards .card")).to_contain_text("1 event")


def test_what_another_program_left_in_the_storage_does_not_break_the_page(
    visit: Visit, odd_server: ServerProcess
) -> None:
    page = visit("alice", odd_server, alone=True)
    broken = '{"position":5,"subscriptions":[{"eventTypes":null,"filters":null}]}'
    page.add_init_script(f"for (const n of [1,2,3,4]) sessionStorage['eventhub.subscriptions.' + n] = '{broken}'")
    page.reload()
    expect(page.locator("#presence")).to_contain_text("live")
    expect(page.get_by_text("None yet.")).to_be_visible()


def test_numbers_have_the_digits_that_came_wherever_they_are_shown_copied_exported_and_asked_for(
    visit: Visit, odd_server: ServerProcess, tmp_path: Path
) -> None:
    page = visit("admin", odd_server, permissions=["clipboard-read", "clipboard-write"])
    on_tab(page, "Odd")
    subscribe(page, "Text")
    emit_text(odd_server, ("odd_text", EXACT), ("odd_text", EXACT.replace("0993", "0992")))
    expect(lines(page)).to_have_text(["9007199254740992", "9007199254740993"])
    page.locator("#feed article:not([data-log]) summary").nth(1).click()
    shown = page.locator("#feed details[open] pre")
    for digits in DIGITS:
        expect(shown).to_contain_text(f": {digits}")
    for kind in ("JSON", "curl", "command"):
        code = copied(page, f"Copy as {kind}")
        assert [digits for digits in DIGITS if digits not in code] == [], code
        expect(button(page, f"Copy as {kind}")).to_be_visible()
    with page.expect_download() as download:
        button(page, "Export").click()
    download.value.save_as(tmp_path / "exported.ndjson")
    assert f'"data":{EXACT[:-1]},"severity":"info"}}}}\n' in (tmp_path / "exported.ndjson").read_text()

    page.locator("#feed .detail").get_by_role("button", name="9007199254740993", exact=True).last.click()
    expect(lines(page)).to_have_text(["9007199254740993"])
    button(page, "Use as filters").click()
    expect(page).to_have_url(re.compile(r"filter\.n=9007199254740993"))
    page.locator("#builder button[type=submit]").click()
    expect(page.locator("#cards .card")).to_have_count(2)
    expect(page.locator("#cards .card").last).to_contain_text("0 events")
    emit_text(odd_server, ("odd_text", EXACT), ("odd_text", EXACT.replace("0993", "0992")))
    expect(page.locator("#cards .card").first).to_contain_text("4 events")
    expect(page.locator("#cards .card").last).to_contain_text("1 event")


def test_the_count_and_the_first_verdict_are_those_of_the_server(visit: Visit, odd_server: ServerProcess) -> None:
    page = visit("alice", odd_server)
    on_tab(page, "Odd")
    for asked, data in (
        ("strasse", '{"what":"Hauptstraße 5"}'),
        ("9007199254740993", '{"what":9007199254740993}'),
        ("fi", '{"what":"ﬁle"}'),
    ):
        tick(page, "Text")
        page.locator("#builder").get_by_label("what").fill(asked)
        page.locator("#builder button[type=submit]").click()
        expect(page.locator("#cards .card"), asked).to_contain_text("0 events")
        emit_text(odd_server, ("odd_text", '{"what":"other"}'), ("odd_text", data))
        expect(page.locator("#cards .card"), asked).to_contain_text("1 event")
        press(page, "Why not? Newest events of Text")
        cases = page.get_by_role("dialog", name="Why not?").locator("details summary")
        expect(cases.first, asked).to_contain_text("✗ does not match")  # what does not match stands first
        expect(cases.filter(has_text="✓ matches").first, asked).to_contain_text(str(json.loads(data)["what"]))
        page.keyboard.press("Escape")
        button(page, "Unsubscribe from Text").click()
        expect(page.locator("#cards .card")).to_have_count(0)


def test_a_member_neither_turns_the_words_around_it_nor_hides_what_it_is(
    visit: Visit, odd_server: ServerProcess
) -> None:
    page = visit("alice", odd_server)
    on_tab(page, "Odd")
    subscribe(page, "Race")
    names = ("invoice\u202egnp.exe", "أحمد", "\x1b[31mred\nline")
    emit_text(odd_server, *(("f1", json.dumps({"driver": name, "constructor": "Red"})) for name in names))
    shown = ["\ufffd[31mred\ufffdline", "أحمد", "invoice\ufffdgnp.exe"]
    expect(lines(page)).to_have_text([f"{name} of Red finished" for name in shown])
    assert page.locator("#feed article:not([data-log]) .line").nth(1).locator("bdi").all_text_contents() == [
        "أحمد",
        "Red",
    ]
    # The admin's words stay where they are: after the name, from left to right.
    at = (
        page.locator("#feed article:not([data-log]) .line")
        .nth(1)
        .evaluate(
            """line => [...line.childNodes].map((node) => {
            const range = document.createRange();
            range.selectNode(node);
            return range.getBoundingClientRect().left;
        })"""
        )
    )
    assert at == sorted(at)
    picture(page, "directions")
    page.goto("/events/history?event_type=f1")
    found = page.locator("#history .line")
    assert found.all_text_contents()[:3] == [f"{name} of Red finished" for name in shown]
    assert found.nth(1).locator("bdi").all_text_contents() == ["أحمد", "Red"]


def test_ages_rest_on_the_clock_of_the_server_and_at_midnight_a_row_gets_its_date(
    visit: Visit, shared_server: ServerProcess
) -> None:
    page = visit(None, shared_server, "/login/", alone=True)
    page.add_init_script(FAST_CLOCK)
    page.context.add_cookies(
        [{"name": "sessionid", "value": session_of(shared_server, "alice"), "url": shared_server.url}]
    )
    page.goto("/events")
    subscribe(page, "MCP status change")
    emit_text(shared_server, ("mcp_status_change", '{"mcp_name":"clock","new_status":"active"}'))
    row = page.get_by_role("article").filter(has=page.get_by_text("clock went active"))
    expect(row.locator(".age")).to_have_text(re.compile(r"^(now|\d+ (s|min))$"))
    expect(row.locator("time")).to_have_text(re.compile(r"^\d+:"))
    page.route("**/api/v1/events/counts?*", lambda route: route.abort())  # whose answer would say which day it is
    page.evaluate("window.ahead += 24 * 3_600_000")
    expect(row.locator("time")).to_have_text(re.compile(r"^[^:]+ \d+:"))
    expect(row.locator(".age")).to_have_text("1 d")


def test_while_the_page_fails_to_draw_it_does_not_call_itself_live_and_goes_on_past_a_row_that_cannot_be_drawn(
    visit: Visit, odd_server: ServerProcess, complaints: list[str]
) -> None:
    page = visit("alice", odd_server)
    on_tab(page, "Odd")
    subscribe(page, "Text")
    page.evaluate(
        """() => {
            const { prepend } = Element.prototype;
            Element.prototype.prepend = function (...nodes) {
                if (window.mended) return prepend.apply(this, nodes);
                throw new Error("no room");
            };
        }"""
    )
    emit_text(odd_server, ("odd_text", '{"what":"one"}'))
    expect(page.locator("#presence")).to_have_text("this page fails to show events: reload it")
    expect(page.locator("#presence")).to_have_attribute("data-state", "broken")
    page.evaluate("window.mended = true")
    emit_text(odd_server, ("odd_text", '{"what":"two"}'))
    expect(lines(page)).to_have_text(["two", "one"])
    expect(page.locator("#presence")).to_contain_text("live · last event")
    assert complaints
    assert {each for each in complaints if "no room" not in each} == set()
    complaints.clear()

    page.evaluate(
        """() => {
            const { set } = Object.getOwnPropertyDescriptor(HTMLTimeElement.prototype, "dateTime");
            Object.defineProperty(HTMLTimeElement.prototype, "dateTime", { set(value) {
                if (this.closest("article")?.textContent.includes("undrawable")) throw new Error("it is broken");
                set.call(this, value);
            } });
        }"""
    )
    emit_text(odd_server, *(("odd_text", json.dumps({"what": name})) for name in ("one", "undrawable", "three")))
    expect(lines(page)).to_have_count(4)
    expect(page.locator("#feed .remark")).to_contain_text("cannot be shown here (it is broken)")
    emit_text(odd_server, ("odd_text", '{"what":"four"}'))
    expect(lines(page).first).to_have_text("four")
    expect(page.locator("#presence")).to_contain_text("live · last event")
    assert "it is broken" in complaints.pop()


def test_whatever_is_emitted_the_page_shows_as_the_history_does_and_goes_on(
    visit: Visit, odd_server: ServerProcess
) -> None:
    chance = random.Random(random.random())
    number = chance.randrange(10**6)
    summaries = [payloads.summary(chance)[:200] for _ in range(8)]
    ids = [f"random_{number}_{place}" for place in range(len(summaries))]
    shell(odd_server, LINES.format(list(zip(ids, summaries, strict=True))))
    query = "&".join(f"event_type={id}" for id in ids)
    page = visit("alice", odd_server, f"/events?tab=odd&{query}")
    page.locator("#builder button[type=submit]").click()
    expect(page.locator("#cards .card")).to_contain_text("0 events")
    events = [(chance.choice(ids), payloads.payload(chance)) for _ in range(150)]
    emit_text(odd_server, *events)
    expect(page.locator("#cards .card")).to_contain_text("150 events")
    expect(lines(page)).to_have_count(150)
    history = visit("alice", odd_server, f"/events/history?limit=150&{query}", java_script_enabled=False)
    opened = "all => all.map((details) => { details.name = ''; details.open = true; })"  # all at once
    page.locator("#feed details").evaluate_all(opened)
    expect(page.locator("#feed article:not([data-log]) pre").last).not_to_be_empty()
    assert of(page, "#feed") == of(history, "#history")
    page.goto("/events")
    assert page.evaluate("window.location.pathname") == "/events"


def of(page: Page, feed: str) -> list[list[Any]]:
    """Each row: its line, the line's members, and the payload."""
    read = """rows => rows.map((row) => {
        const line = row.querySelector(".line");
        const members = [...line.querySelectorAll("bdi")].map((bdi) => bdi.textContent);
        return [line.textContent, members, row.querySelector("pre").textContent];
    })"""
    rows: list[list[Any]] = page.locator(f"{feed} article.row").evaluate_all(read)
    return rows


def test_three_hundred_types_of_a_category_are_searched_and_subscribed_to_at_once(
    visit: Visit, crowded_server: ServerProcess
) -> None:
    page = visit("alice", crowded_server)
    look_at(page, "wide", "light")
    on_tab(page, "Many")
    submit = page.locator("#builder button[type=submit]")
    expect(submit).to_be_in_viewport()
    picture(page, "many-types")
    page.get_by_role("searchbox", name="Search event types").fill("many 299")
    expect(page.get_by_role("tabpanel").get_by_role("checkbox")).to_have_count(1)
    tick(page, "Many 299")
    page.get_by_role("searchbox", name="Search event types").fill("no such")
    expect(page.get_by_role("tabpanel").get_by_text("No event type has that in its name.")).to_be_visible()
    button(page, "Subscribe to all Many events").click()
    expect(page.locator("#cards .card")).to_have_count(3)
    expect(page.locator("#cards .card").last).to_contain_text("0 events")
    emit_text(crowded_server, ("many_0", '{"what":"first"}'), ("many_299", '{"what":"last"}'))
    expect(lines(page)).to_have_text(["last", "first"])


def test_a_button_says_beforehand_what_the_limits_have_no_room_for(visit: Visit, crowded_server: ServerProcess) -> None:
    query = "&".join(f"event_type=many_{n}" for n in range(150))
    page = visit("alice", crowded_server, f"/events?tab=many&{query}")
    expect(button(page, "Subscribe to 150 types")).to_be_enabled()
    expect(page.get_by_text("at most 100 event types, so this makes 2.")).to_be_visible()
    expect(button(page, "Use in code")).to_be_hidden()
    button(page, "Subscribe to 150 types").click()
    expect(page.locator("#cards .card")).to_have_count(2)
    page.locator("#cards").get_by_role("button", name="Edit").last.click()
    fifty_one_more = "all => all.filter((box) => !box.checked).slice(0, 51).map((box) => box.click())"
    page.get_by_role("tabpanel").get_by_role("checkbox").evaluate_all(fifty_one_more)
    expect(button(page, "Save changes")).to_be_disabled()
    expect(page.get_by_text("One subscription can ask for at most 100 event types; 101 are ticked.")).to_be_visible()
