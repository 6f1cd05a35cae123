"""The strip of MCP servers above the page /events."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.page.conftest import Picture, Visit, emit
from tests.page.test_looks import NARROW, WIDE
from tests.page.test_subscribing import lines, subscribe
from tests.servers import ServerProcess

pytestmark = pytest.mark.browser

MAKE = """
from events.mcp.models import McpServer, McpServerState
for name in ("mysql_mcp", "oracle_mcp"):
    server, _ = McpServer.objects.get_or_create(name=name, defaults={"url": "http://127.0.0.1:9/"})
    McpServerState.objects.update_or_create(server=server, defaults={"health_status": "healthy"})
"""
FAIL = """
from events.mcp.models import McpServerState
McpServerState.objects.filter(server__name="oracle_mcp").update(health_status="unhealthy", circuit_state="open")
"""
ADD = "from events.mcp.models import McpServer; McpServer(name='new_mcp', url='http://127.0.0.1:9/').save()"


def shell(server: ServerProcess, code: str) -> None:
    server.manage("shell", "--no-imports", "--command", code)


def tile(page: Page, name: str) -> Locator:
    return page.locator("#fleet .tile", has_text=name)


def test_each_mcp_server_has_a_tile_that_keeps_up_and_never_touches_the_feed(
    visit: Visit, server: ServerProcess
) -> None:
    shell(server, MAKE)
    emit(server, "mcp_health_check", mcp_name="oracle_mcp", health_status="healthy", changed=True)
    page = visit("alice", server)
    oracle, mysql = tile(page, "oracle_mcp"), tile(page, "mysql_mcp")
    expect(oracle).to_contain_text("healthy, circuit closed")
    expect(oracle).to_contain_text("oracle_mcp is healthy")
    expect(mysql).to_contain_text("no event lately")

    shell(server, FAIL)
    emit(server, "circuit_breaker_state", mcp_name="oracle_mcp", state="open")
    expect(oracle).to_contain_text("unhealthy, circuit open")
    expect(oracle).to_contain_text("oracle_mcp circuit is open")
    expect(oracle).to_have_attribute("data-health", "unhealthy")
    expect(lines(page)).to_have_count(0)
    expect(page.locator("#presence")).to_have_text("live")

    shell(server, ADD)
    expect(page.locator("#fleet .tile")).to_have_count(3)
    subscribe(page, "Health check")
    emit(server, "circuit_breaker_state", mcp_name="oracle_mcp", state="half_open")
    emit(server, "mcp_health_check", mcp_name="mysql_mcp", health_status="degraded", changed=True)
    expect(mysql).to_contain_text("mysql_mcp is degraded")
    expect(lines(page)).to_have_text(["mysql_mcp is degraded"])
    expect(page.locator("#cards .card")).to_contain_text("1 event")


def test_a_tile_prepares_a_subscription_to_the_events_of_its_server(visit: Visit, shared_server: ServerProcess) -> None:
    shell(shared_server, MAKE)
    page = visit("alice", shared_server)
    tile(page, "oracle_mcp").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("MCP servers: oracle_mcp")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Fleet summary")).not_to_be_checked()
    page.locator("#builder button[type=submit]").click()
    for name in ("mysql_mcp", "oracle_mcp"):
        emit(shared_server, "mcp_status_change", mcp_name=name, new_status="inactive")
    expect(lines(page)).to_have_text(["oracle_mcp went inactive"])


def test_the_tiles_are_there_on_the_tab_of_mcp_servers_alone_and_come_back_true(
    visit: Visit, shared_server: ServerProcess
) -> None:
    shell(shared_server, MAKE)
    page = visit("alice", shared_server)
    expect(page.locator("#fleet")).to_be_visible()
    page.get_by_role("tab", name="System").click()
    expect(page.locator("#fleet")).to_be_hidden()
    shell(shared_server, FAIL)
    emit(shared_server, "mcp_status_change", mcp_name="oracle_mcp", new_status="active")
    page.get_by_role("tab", name="MCP").click()
    expect(tile(page, "oracle_mcp")).to_contain_text("unhealthy, circuit open")
    expect(tile(page, "oracle_mcp")).to_contain_text("oracle_mcp went active")


@pytest.mark.parametrize(("size", "scheme"), [("wide", "light"), ("narrow", "dark")])
def test_the_strip_is_accessible_and_fits_its_window(
    visit: Visit, shared_server: ServerProcess, picture: Picture, size: str, scheme: str
) -> None:
    shell(shared_server, MAKE)
    shell(shared_server, FAIL)
    page = visit("alice", shared_server, viewport=WIDE if size == "wide" else NARROW, color_scheme=scheme)
    expect(tile(page, "oracle_mcp")).to_contain_text("unhealthy")
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth")
    picture(page, f"fleet-{scheme}-{size}")
