"""The catalogue in a browser: from the list to a type, its code, and a subscription."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from playwright.sync_api import Page, expect

from tests.page.looks import check, pictures
from tests.page.visit import Visit
from tests.servers import ServerProcess
from tests.waiting import WITHIN_S

pytestmark = pytest.mark.browser

TYPE = "/events/types/mcp_status_change"


def shown_code(page: Page, panel: str, language: str) -> str:
    region = page.get_by_role("region", name=panel)
    region.get_by_role("radio", name=language, exact=True).check()
    return region.get_by_label("Code", exact=True).inner_text()


def test_one_goes_from_the_list_to_a_type_and_subscribes_to_it(visit: Visit, used_server: ServerProcess) -> None:
    page = visit("looker", used_server)
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Catalogue").click()
    check(page)
    pictures(page, "catalogue")
    page.get_by_label("Name or description").fill("health check")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Health check").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Health check")
    expect(page.get_by_role("heading", name="The newest event")).to_be_visible()
    check(page)
    pictures(page, "catalogue-type")
    page.get_by_role("link", name="Subscribe", exact=True).click()
    expect(page.get_by_role("checkbox", name="Health check")).to_be_checked()


def test_the_code_of_a_type_sends_events_as_it_stands(visit: Visit, used_server: ServerProcess) -> None:
    page = visit("admin", used_server, TYPE)
    token = used_server.token("admin")
    environment = {**os.environ, "EVENTHUB_TOKEN": token}
    for command in (
        ["sh", "-c", shown_code(page, "Send by code", "curl")],
        [sys.executable, "-c", shown_code(page, "Send by code", "Python")],
    ):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=WITHIN_S, check=True)
        assert '"type":"mcp_status_change"' in done.stdout, done
    code = shown_code(page, "Send by code", "JavaScript").replace("YOUR TOKEN", token)
    answer = page.evaluate(f"async () => {{ console.log = () => {{}}; {code}; return answer.status; }}")
    assert answer == 201
    assert shown_code(page, "Subscribe by code", "websocat").startswith("printf '%s\\n' '{\"action\"")


def test_without_javascript_all_but_the_code_is_there(visit: Visit, used_server: ServerProcess) -> None:
    page = visit("alice", used_server, TYPE, java_script_enabled=False)
    expect(page.get_by_role("row", name="MCP servers")).to_contain_text("is one of")
    expect(page.get_by_label("Payload")).to_contain_text('"mcp_name"')
    expect(page.get_by_text("The code is written by a script")).to_have_count(2)
    expect(page.get_by_text('{"action": "subscribe", "event_types": ["mcp_status_change"]}')).to_be_visible()
