"""What people are promised of the page as a whole."""

from __future__ import annotations

import gzip
import signal
import sqlite3
from contextlib import closing

import httpx
import pytest
from playwright.sync_api import expect

from tests.database.copies import SQLiteDatabase
from tests.emitting import emit
from tests.page.events_page import button, lines, subscribe
from tests.page.looks import look_at
from tests.page.visit import Visit
from tests.servers import ServerProcess
from tests.waiting import WITHIN_S

pytestmark = pytest.mark.browser

WEIGHT = 150_000  # bytes of everything that /events loads, compressed
# Each of these would change the title, if it were more than text.
ATTACK = "<script>document.title='owned'</script><img src=x onerror=document.title='owned'>"
EMOJI, ARABIC = "👩‍👩‍👧‍👦🏳️‍🌈", "حالة الخادم"
COUNT_INPUT = """
addEventListener("pointerdown", () => { window.clicks = (window.clicks ?? 0) + 1; }, true);
addEventListener("keydown", () => { window.typed = true; }, true);
"""
IS_AT = """name => {
    const at = document.activeElement;
    const isNamed = (each) => each?.textContent.toLowerCase().includes(name.toLowerCase());
    if (at === document.body) return false;
    return at.ariaLabel?.includes(name) || (at.tagName !== "PRE" && isNamed(at)) || isNamed(at.closest("label"));
}"""


def test_whoever_knows_nothing_subscribes_with_at_most_eight_clicks_and_no_key(
    visit: Visit, used_server: ServerProcess
) -> None:
    page = visit("alice", used_server)
    page.evaluate(COUNT_INPUT)
    page.get_by_role("tabpanel", name="MCP").get_by_text("MCP status change").click()
    page.get_by_text("MCP servers: any").click()
    page.get_by_role("group", name="MCP servers").get_by_text("oracle_mcp").click()
    page.get_by_text("Severity: any").click()
    severities = page.get_by_role("group", name="Severity")
    severities.get_by_text("error", exact=True).click()
    severities.get_by_text("critical", exact=True).click()
    button(page, "Subscribe to 1 type").click()
    expect(page.locator("#cards .card")).to_contain_text("0 events")
    assert page.evaluate("[window.clicks <= 8, window.typed]") == [True, None]

    for name, severity in (("oracle_mcp", "info"), ("mysql_mcp", "error"), ("oracle_mcp", "error")):
        emit(used_server, "mcp_status_change", mcp_name=name, new_status="inactive", severity=severity)
    expect(lines(page)).to_have_text(["oracle_mcp went inactive"])
    row = page.get_by_role("article").first
    for shown in ("🔴", ":", "error", "oracle_mcp went inactive"):
        expect(row).to_contain_text(shown)


def freeze(server: ServerProcess) -> None:
    """Stop it where it is, but not while it writes: nobody could write then."""
    assert isinstance(server.database, SQLiteDatabase)
    with closing(sqlite3.connect(server.database.path, timeout=WITHIN_S, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        server.send(signal.SIGSTOP)
        connection.execute("ROLLBACK")


def test_a_socket_that_froze_is_noticed_and_mended(visit: Visit, shared_server: ServerProcess) -> None:
    server = shared_server
    page = visit("alice", server, alone=True)
    page.clock.install()
    page.reload()
    subscribe(page, "MCP status change")
    freeze(server)  # as after sleep: nothing says that the connection is dead
    try:
        server.manage("emit_event", "mcp_status_change", "mcp_name=meanwhile", "new_status=active")
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        page.clock.run_for(11_000)
        expect(page.get_by_text("The connection is lost; reconnecting.")).to_be_visible()
    finally:
        server.send(signal.SIGCONT)
    for _ in range(10):
        page.clock.run_for(3_000)
        if page.locator("#presence").get_attribute("data-state") == "live":
            break
    expect(lines(page)).to_have_text(["meanwhile went active"])
    expect(page.locator("#feed .remark")).to_have_text("resumed, 1 replayed, 0 lost")


def test_everything_is_done_by_keyboard_alone(visit: Visit, shared_server: ServerProcess) -> None:
    page = visit("alice", shared_server)

    def tab_to(name: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate(IS_AT, name):
                return
        raise AssertionError(f"{name} cannot be reached")

    tab_to("MCP status change")
    page.keyboard.press("Space")
    tab_to("Severity: any")
    page.keyboard.press("Enter")
    tab_to("critical")
    page.keyboard.press("Space")
    tab_to("Subscribe to 1 type")
    page.keyboard.press("Enter")
    expect(page.locator("#cards .card")).to_contain_text("Severity: critical")
    expect(page.locator("#cards .card")).to_contain_text("0 events")
    emit(shared_server, "mcp_status_change", mcp_name="keyed", new_status="active", severity="critical")
    expect(lines(page)).to_have_text(["keyed went active"])
    tab_to("keyed went active")
    page.keyboard.press("Enter")
    tab_to('"keyed"')
    page.keyboard.press("Enter")
    expect(button(page, "Do not narrow by mcp_name: keyed")).to_be_visible()
    tab_to("Do not narrow")
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")
    page.locator("#new").focus()
    tab_to("More of")
    page.keyboard.press("Enter")
    for name, dialog in (("Code for", "Use in code"), ("Why not?", "Why not?")):
        page.locator("#new").focus()
        tab_to(name)
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog", name=dialog)).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
    tab_to("Unsubscribe from")
    page.keyboard.press("Enter")
    expect(page.locator("#cards .card")).to_have_count(0)


def test_hostile_payloads_are_shown_safely_and_legibly(visit: Visit, shared_server: ServerProcess) -> None:
    page = visit("alice", shared_server)
    look_at(page, "narrow", "light")
    subscribe(page, "MCP status change")
    nested: object = "deepest <b>"
    for _ in range(20):
        nested = {"inner": [nested]} if _ % 3 == 0 else {"inner": nested}
    hostile = {
        "mcp_name": ATTACK,
        "new_status": "active",
        "reason": "\u202egnisrever",
        "__proto__": {"polluted": True},
        "<b>member</b>": ATTACK,
        "emoji": EMOJI,
        "arabic": ARABIC,
        "long": "x" * 60_000,
        "empty": {},
    }
    emit(shared_server, "mcp_status_change", **hostile)
    emit(shared_server, "mcp_status_change", mcp_name="deep", new_status="active", nested=nested)
    expect(lines(page)).to_have_text(["deep went active", f"{ATTACK} went active"])
    for row in page.locator("#feed article:not([data-log]) summary").all():
        row.click()
    expect(page.locator("#feed article:not([data-log]) pre").first).to_contain_text("deepest <b>")
    expect(page.locator("#feed article:not([data-log]) pre").nth(1)).to_contain_text("<b>member</b>")
    text = page.locator("#feed article:not([data-log]) pre").nth(1).text_content() or ""
    for shown in (
        f'"mcp_name": "{ATTACK}"',
        f'"<b>member</b>": "{ATTACK}"',
        "\\u202egnisrever",
        "👩‍👩‍👧‍👦🏳️‍🌈",
        "حالة الخادم",
        "x" * 60_000,
    ):
        assert shown in text
    for size in ("narrow", "wide"):
        look_at(page, size, "light")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), size
    assert page.title() == "Events · eventhub"
    assert page.evaluate("({}).polluted") is None
    assert page.locator("#feed b, #feed img, #feed pre script").count() == 0
    page.get_by_role("searchbox").fill("GNISREVER")
    expect(lines(page)).to_have_count(1)


def test_the_page_weighs_at_most_150_kilobytes(visit: Visit, shared_server: ServerProcess) -> None:
    page = visit("admin", shared_server)
    expect(page.locator("#presence")).to_have_attribute("data-state", "live")
    urls = page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
    with httpx.Client(headers={"Accept-Encoding": "gzip"}) as client:
        weights = {url: compressed(client, url) for url in urls if "/static/" in url}
    weights["page"] = len(gzip.compress(page.content().encode()))
    assert len(weights) > 5
    assert sum(weights.values()) <= WEIGHT, weights


def compressed(client: httpx.Client, url: str) -> int:
    answer = client.get(url)
    assert answer.status_code == 200, url
    return int(answer.headers["content-length"])
