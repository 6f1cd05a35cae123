"""The strip of MCP servers above the page /events."""

from __future__ import annotations

import pytest
from playwright.sync_api import APIResponse, Locator, Page, Route, expect

from tests.emitting import emit
from tests.page.events_page import button, lines, subscribe
from tests.page.fleet import set_state
from tests.page.visit import Visit
from tests.servers import ServerProcess
from tests.waiting import eventually

pytestmark = pytest.mark.browser

ADD = "from events.mcp.models import McpServer; McpServer(name='new_mcp', url='http://127.0.0.1:9/').save()"


def tile(page: Page, name: str) -> Locator:
    return page.locator("#fleet .tile", has_text=name)


def test_each_mcp_server_has_a_tile_that_keeps_up_and_never_touches_the_feed(
    visit: Visit, used_server: ServerProcess
) -> None:
    set_state(used_server, "oracle_mcp", "healthy", "closed")
    emit(used_server, "mcp_health_check", mcp_name="oracle_mcp", health_status="healthy", changed=True)
    page = visit("alice", used_server)
    oracle, new = tile(page, "oracle_mcp"), tile(page, "new_mcp")
    expect(oracle).to_have_attribute("data-health", "healthy")
    expect(oracle).to_contain_text("oracle_mcp is healthy")
    expect(new).to_have_count(0)

    set_state(used_server, "mysql_mcp", "healthy", "closed")
    set_state(used_server, "oracle_mcp", "unhealthy", "open")
    emit(used_server, "circuit_breaker_state", mcp_name="oracle_mcp", state="open")
    expect(oracle).to_contain_text("unhealthy circuit open")
    after_it = page.locator("#fleet li", has_text="oracle_mcp").locator("~ li", has_text="mysql_mcp")
    expect(after_it).to_have_count(1)  # which stands before it by name
    expect(oracle).to_contain_text("oracle_mcp circuit is open")
    expect(oracle).to_have_attribute("data-health", "unhealthy")
    expect(lines(page)).to_have_count(0)
    expect(page.locator("#presence")).to_have_text("live")

    used_server.manage("shell", "--no-imports", "--command", ADD)
    expect(new).to_contain_text("no event lately")
    subscribe(page, "Health check")
    emit(used_server, "circuit_breaker_state", mcp_name="oracle_mcp", state="half_open")
    emit(used_server, "mcp_health_check", mcp_name="new_mcp", health_status="degraded", changed=True)
    expect(new).to_contain_text("new_mcp is degraded")
    expect(lines(page)).to_have_text(["new_mcp is degraded"])
    expect(page.locator("#cards .card")).to_contain_text("1 event")


def test_a_tile_prepares_a_subscription_to_the_events_of_its_server(visit: Visit, used_server: ServerProcess) -> None:
    page = visit("alice", used_server)
    tile(page, "oracle_mcp").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("MCP servers: oracle_mcp")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Fleet summary")).not_to_be_checked()
    subscribe(page)
    for name in ("mysql_mcp", "oracle_mcp"):
        emit(used_server, "mcp_status_change", mcp_name=name, new_status="inactive")
    expect(lines(page)).to_have_text(["oracle_mcp went inactive"])


def test_the_tiles_are_there_on_the_tab_of_mcp_servers_alone_and_come_back_true(
    visit: Visit, used_server: ServerProcess
) -> None:
    set_state(used_server, "oracle_mcp", "healthy", "closed")
    page = visit("alice", used_server)
    expect(tile(page, "oracle_mcp")).to_have_attribute("data-health", "healthy")
    page.get_by_role("tab", name="System").click()
    expect(page.locator("#fleet")).to_be_hidden()
    set_state(used_server, "oracle_mcp", "unhealthy", "open")
    emit(used_server, "mcp_status_change", mcp_name="oracle_mcp", new_status="active")
    page.get_by_role("tab", name="MCP").click()
    expect(tile(page, "oracle_mcp")).to_contain_text("unhealthy circuit open")
    expect(tile(page, "oracle_mcp")).to_contain_text("oracle_mcp went active")


def test_tiles_have_their_room_before_the_first_answer_and_a_late_one_does_not_bring_back_how_a_server_was(
    visit: Visit, used_server: ServerProcess
) -> None:
    set_state(used_server, "oracle_mcp", "unhealthy", "half_open")
    page = visit("alice", used_server, "/account")
    held: list[Route] = []
    page.route("**/mcp-list?*", lambda route: held.append(route))
    page.goto("/events")
    subscribes = button(page, "Subscribe to all MCP events")
    expect(subscribes).to_be_visible()
    eventually(lambda: page.title() and held)
    place = subscribes.bounding_box()
    held.pop().continue_()
    page.unroute("**/mcp-list?*")
    expect(tile(page, "oracle_mcp")).to_contain_text("unhealthy circuit half-open")
    assert subscribes.bounding_box() == place  # whoever is pressing it does not miss it
    emit(used_server, "mcp_status_change", mcp_name="oracle_mcp", new_status="inactive")
    expect(tile(page, "oracle_mcp")).to_contain_text("oracle_mcp went inactive")
    late: list[tuple[Route, APIResponse]] = []

    def hold_the_first(route: Route) -> None:
        if late:
            route.continue_()
        else:
            late.append((route, route.fetch()))

    page.route("**/mcp-list?*", hold_the_first)
    emit(used_server, "mcp_health_check", mcp_name="oracle_mcp", health_status="unhealthy")
    expect(tile(page, "oracle_mcp")).to_contain_text("oracle_mcp is unhealthy")
    eventually(lambda: page.title() and late)
    set_state(used_server, "oracle_mcp", "healthy", "closed")
    emit(used_server, "mcp_status_change", mcp_name="oracle_mcp", new_status="active")
    expect(tile(page, "oracle_mcp")).to_have_attribute("data-health", "healthy")
    with page.expect_response("**/mcp-list?*") as came:
        route, answer = late[0]
        route.fulfill(response=answer)
    came.value.finished()
    emit(used_server, "mcp_health_check", mcp_name="oracle_mcp", health_status="degraded", changed=False)
    expect(tile(page, "oracle_mcp")).to_contain_text("oracle_mcp is degraded")  # it was drawn since
    expect(tile(page, "oracle_mcp")).to_have_attribute("data-health", "healthy")


def test_a_server_that_the_monitor_disabled_is_red(visit: Visit, used_server: ServerProcess) -> None:
    disable = "UPDATE mcp_mcpserver SET status = 'inactive', disabled_by = 'auto' WHERE name = 'search_mcp'"
    used_server.database.change(disable)
    page = visit("alice", used_server)
    disabled = tile(page, "search_mcp")
    expect(disabled).to_contain_text("auto-disabled")
    expect(disabled).to_have_attribute("data-health", "auto_disabled")
    used_server.database.change(
        "UPDATE mcp_mcpserver SET status = 'active', disabled_by = '' WHERE name = 'search_mcp'"
    )
