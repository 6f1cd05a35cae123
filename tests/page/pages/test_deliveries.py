"""From a card on /events to a delivery, and back to none."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.page.events_page import subscribe
from tests.page.looks import check, pictures
from tests.page.visit import Visit
from tests.servers import ServerProcess

pytestmark = pytest.mark.browser

RECEIVER = "https://93.184.215.14/hook"  # a number, so that no name is looked up; nothing is sent


def test_a_card_leads_to_a_delivery_whose_secret_is_shown_once(visit: Visit, shared_server: ServerProcess) -> None:
    page = visit("admin", shared_server)
    subscribe(page, "MCP status change")
    page.locator("#cards .more summary").click()
    page.get_by_role("link", name="Keep and deliver").click()
    expect(page.get_by_role("heading", name="MCP status change")).to_be_visible()
    page.get_by_label("Webhook").fill("http://127.0.0.1/hook")
    page.get_by_role("button", name="Deliver").click()
    expect(page.get_by_role("alert")).to_contain_text("EVENTHUB_DELIVERY_ALLOWED_NETWORKS=127.0.0.1/32")
    check(page)
    page.get_by_label("Webhook").fill(RECEIVER)
    page.get_by_label("Name", exact=True).fill("of the test")
    page.get_by_role("button", name="Deliver").click()
    expect(page.locator("#token")).to_contain_text("whsec_")
    check(page)
    pictures(page, "deliveries-made")
    page.goto("/deliveries")
    expect(page.get_by_text("whsec_")).to_have_count(0)
    delivery = page.get_by_role("region", name="of the test")
    delivery.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("status")).to_contain_text("is paused")
    check(page)
    delivery.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Yes").click()
    expect(page.get_by_role("status")).to_contain_text("“of the test” is deleted.")
    expect(delivery).to_have_count(0)
