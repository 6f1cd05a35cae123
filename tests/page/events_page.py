"""The parts of the page /events that tests use."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.waiting import eventually


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def open_builder(page: Page) -> None:
    """Open it where it is a drawer, since there are views."""
    if page.locator("#builder").is_hidden():
        button(page, "+ New subscription").click()


def tick(page: Page, *labels: str) -> None:
    open_builder(page)
    for label in labels:
        page.get_by_role("tabpanel").get_by_role("checkbox", name=label).check()


def subscribe(page: Page, *labels: str) -> None:
    """Tick these event types, subscribe to what is chosen, and wait until it is subscribed to."""
    tick(page, *labels)
    page.locator("#builder button[type=submit]").click()
    expect(page.locator("#cards .card").last).to_contain_text("0 events")


def press(page: Page, name: str) -> None:
    """Press a button that a card has behind “More”."""
    found = page.get_by_role("button", name=name, exact=True, include_hidden=True)
    menu = page.locator("#cards .more").filter(has=found)
    if menu.get_attribute("open") is None:
        menu.locator("summary").click()
    menu.get_by_role("button", name=name, exact=True).click()


def lines(page: Page) -> Locator:
    """Return the lines of what came live, without the rows of the log below them."""
    return page.get_by_role("feed").locator("article:not([data-log]) .line")


def all_lines(page: Page) -> Locator:
    return page.get_by_role("feed").locator(".line")


def copied(page: Page, name: str) -> str:
    """Click a button that copies, which must say so, if only for two seconds; return what it has copied."""
    copies = button(page, name)
    copies.evaluate("""copies => {
        window.said = [];
        new MutationObserver(() => window.said.push(copies.textContent)).observe(copies, { childList: true });
    }""")
    copies.click()
    eventually(lambda: page.evaluate("window.said.includes('Copied')"))
    return str(page.evaluate("navigator.clipboard.readText()"))
