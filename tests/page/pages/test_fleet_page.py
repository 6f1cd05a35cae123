"""The page /fleet in a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.page.fleet import set_state
from tests.page.looks import check, check_long_names, pictures
from tests.page.visit import SIZE, Visit
from tests.servers import ServerProcess

pytestmark = pytest.mark.browser


def test_the_fleet_is_accessible_keeps_up_and_says_when_it_does_not(visit: Visit, used_server: ServerProcess) -> None:
    set_state(used_server, "oracle_mcp", "unhealthy", "open")
    set_state(used_server, "mysql_mcp", "healthy", "closed")
    set_state(used_server, "search_mcp", "unhealthy", "half_open")
    set_state(used_server, "postgres_mcp", "degraded", "closed")
    page = visit("admin", used_server, "/fleet", alone=True)
    check(page)
    pictures(page, "fleet")
    oracle = page.get_by_role("row", name="oracle_mcp")
    expect(oracle).to_contain_text("down")
    expect(page).to_have_title("(3) Fleet · eventhub")

    history = page.get_by_role("link", name="History", exact=True)
    place = history.bounding_box()
    page.locator("#fleet-link .troubled").evaluate("each => each.remove()")
    assert history.bounding_box() == place

    page.locator("#states").evaluate("each => each.remove()")  # as if there had been no servers when it was opened
    set_state(used_server, "oracle_mcp", "healthy", "closed")
    expect(oracle).to_contain_text("healthy")
    expect(page).to_have_title("(2) Fleet · eventhub")

    page.set_viewport_size({"width": 360, "height": 740})
    place = oracle.bounding_box()
    page.context.set_offline(True)
    expect(page.locator("#as-of")).to_have_class("quiet stale")
    assert oracle.bounding_box() == place
    page.set_viewport_size(SIZE)
    expect(oracle).to_contain_text("healthy")
    page.context.set_offline(False)
    expect(page.locator("#as-of")).to_have_class("quiet")
    oracle.get_by_role("button", name="Disable oracle_mcp").click()
    expect(page.get_by_role("status")).to_have_text("oracle_mcp is disabled.")
    expect(oracle).to_contain_text("disabled")
    oracle.get_by_role("button", name="Enable oracle_mcp").click()
    expect(page.get_by_role("status")).to_have_text("oracle_mcp is enabled.")
    page.context.clear_cookies()
    expect(page).to_have_url(f"{used_server.url}/login/?next=/fleet")  # what was seen does not stay to be read


DRIFT = """
from django.utils import timezone
from events.mcp.models import McpServer, ToolList
from events.mcp.tools.definitions import listed
row = ToolList(server=McpServer.objects.get(name="mysql_mcp"), era="modern", seen_at=timezone.now())
row.see(*listed([{"name": "add", "description": "Add two numbers."}], ""))
row.approve("first seen", timezone.now())
row.see(*listed([{"name": "add", "description": "Add two" + chr(0x200B) + " numbers."}, {"name": "drop"}], ""))
row.save()
"""


def test_tools_that_have_changed_are_looked_at_and_approved(visit: Visit, used_server: ServerProcess) -> None:
    used_server.manage("shell", "-v", "0", "-c", DRIFT)
    page = visit("admin", used_server, "/fleet")
    page.get_by_role("row", name="mysql_mcp").get_by_role("link", name="mysql_mcp").click()
    expect(page.get_by_text("Not as approved: 1 tool changed, 1 tool added.")).to_be_visible()
    expect(page.locator(".character")).to_have_text("U+200B")
    check(page)
    pictures(page, "server")
    page.get_by_role("button", name="Approve these tools").click()
    expect(page.get_by_role("status")).to_have_text("The tools of mysql_mcp are approved.")
    expect(page.get_by_text("Not as approved")).to_have_count(0)
    check_long_names(page, "h1", ".fleet-head .quiet")


def test_what_is_typed_is_tried_before_it_is_saved(visit: Visit, used_server: ServerProcess) -> None:
    page = visit("admin", used_server, "/admin/mcp/mcpserver/add/")
    page.get_by_label("URL").fill("ftp://example.org/")
    page.get_by_role("button", name="Test connection").click()
    answer = page.locator("#connection-shown")
    expect(answer).to_contain_text("URL:")
    expect(answer).to_have_attribute("data-level", "error")
    expect(page.get_by_label("URL")).to_have_value("ftp://example.org/")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Test connection").click()
    expect(answer).to_contain_text("You are signed out.")
    expect(page.get_by_label("URL")).to_have_value("ftp://example.org/")
