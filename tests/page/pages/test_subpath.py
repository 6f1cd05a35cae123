"""A site below a path of its host."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import expect

from tests.conftest import MakeServer
from tests.emitting import emit
from tests.page.events_page import lines, subscribe
from tests.page.visit import Visit
from tests.servers import ServerProcess

pytestmark = pytest.mark.browser
PATH = "/eventhub"


@pytest.fixture(scope="module")
def server(make_lasting_server: MakeServer) -> ServerProcess:
    return make_lasting_server(env={"EVENTHUB_PATH": PATH})


def test_below_a_path_the_page_its_links_and_its_socket_work(visit: Visit, server: ServerProcess) -> None:
    page = visit("admin", server, PATH)
    expect(page).to_have_url(f"{server.url}{PATH}/events")
    subscribe(page, "MCP status change")
    emit(server, "mcp_status_change", mcp_name="oracle_mcp", new_status="inactive", severity="error")
    expect(lines(page)).to_have_text(["oracle_mcp went inactive"])
    page.get_by_role("article").first.click()
    elsewhere = page.evaluate(
        """path => [...document.querySelectorAll("a[href], form[action]")]
               .map((each) => each.getAttribute("href") ?? each.getAttribute("action"))
               .filter((address) => address.startsWith("/") && !address.startsWith(`${path}/`))""",
        PATH,
    )
    assert elsewhere == []
    page.keyboard.press("Control+k")
    page.keyboard.type("oracle")
    expect(page.locator("#jump-status")).not_to_contain_text("does not answer")
    expect(page.locator("#jump-status")).not_to_be_empty()

    for address in ("history", "fleet", "account", "events/types/mcp_status_change", "admin/events/event/"):
        page.goto(f"{PATH}/{address}")
        expect(page).to_have_url(f"{server.url}{PATH}/{address}")
        wrong = page.evaluate(
            "path => [...document.links].map((link) => link.pathname).filter((each) => !each.startsWith(path))", PATH
        )
        assert wrong == [], address


def test_below_a_path_one_signs_in_and_goes_where_one_wanted(server: ServerProcess) -> None:
    with httpx.Client(base_url=server.url, headers={"Origin": server.url}) as browser:
        asked = browser.get(f"{PATH}/fleet")
        assert asked.headers["location"] == f"{PATH}/login/?next={PATH}/fleet"
        browser.get(asked.headers["location"])
        form = {"username": "alice", "password": "pw-alice", "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        signed_in = browser.post(asked.headers["location"], data=form)
        assert signed_in.headers["location"] == f"{PATH}/fleet"
        assert {cookie.path for cookie in browser.cookies.jar} == {f"{PATH}/"}
        assert browser.get(signed_in.headers["location"]).status_code == 200


def test_a_proxy_may_take_the_path_off_and_a_probe_need_not_know_it(server: ServerProcess) -> None:
    assert httpx.get(f"{server.url}/readyz").text == httpx.get(f"{server.url}{PATH}/readyz").text
    assert httpx.get(f"{server.url}/fleet").headers["location"] == f"{PATH}/login/?next={PATH}/fleet"
    assert httpx.get(f"{server.url}{PATH}elsewhere").status_code == 404
    assert httpx.get(f"{server.url}{PATH}/api/v1/events/stream").json()["code"] == "unauthorized"
