"""The parts of the page /events that tests use."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def tick(page: Page, *labels: str) -> None:
    for label in labels:
        page.get_by_role("tabpanel").get_by_role("checkbox", name=label).check()


def subscribe(page: Page, *labels: str) -> None:
    """Tick these event types, subscribe to what is chosen, and wait until it is subscribed to."""
    tick(page, *labels)
    page.locator("#builder button[type=submit]").click()
    expect(page.locator("#cards .card").last).to_contain_text("0 events")


def lines(page: Page) -> Locator:
    return page.get_by_role("feed").locator(".line")
