"""One state of a page in all its looks, wide and narrow, light and dark: accessible, and whole in its window."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import Page, ViewportSize

SIZES: dict[str, ViewportSize] = {"wide": {"width": 1440, "height": 900}, "narrow": {"width": 360, "height": 740}}
SCHEMES = ("light", "dark")
# What a page that is dark and narrow may break of axe's rules, where the same page, light and wide, breaks none.
OF_LOOKS = ("color-contrast", "scrollable-region-focusable")
END_TRANSITIONS = """
for (const each of document.getAnimations()) if (each instanceof CSSTransition) each.finish();
"""
# Where an element has ::before or ::after, axe cannot tell its contrast and says no more than that. To look for them
# takes three quarters of its time. Without, it judges such elements by what is behind them.
CONFIGURE_AXE = """
axe.configure({ checks: [{ id: "color-contrast", options: { ignorePseudo: true } }] });
"""
# What passes is not described, and style sheets are not read for the one rule, about sounds, that would ask for them.
RUN_AXE = """
async ([rules, within, without]) => {
    const options = { resultTypes: ["violations"], preload: false, ...(rules.length && { runOnly: rules }) };
    const { violations } = await axe.run({ include: [within], exclude: without }, options);
    return { violations };
}
"""


def look_at(page: Page, size: str, scheme: str) -> None:
    page.set_viewport_size(SIZES[size])
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.evaluate(END_TRANSITIONS)  # to the colours of the scheme


def check(page: Page, *, within: str = "html", without: Sequence[str] = ()) -> None:
    """Demand that axe finds nothing, and that the page fits its window; leave it wide and light.

    Colours do not hang on the size, nor the layout on the colours: two of the four looks say it all. What is as it was
    when axe looked at it last, it need not look at again: it looks `within` one part of the page, or `without` some.
    """
    for size, scheme, rules in (("narrow", "dark", OF_LOOKS), ("wide", "light", ())):
        look_at(page, size, scheme)
        found = violations(page, *rules, within=within, without=without)
        assert found.violations_count == 0, f"{page.url}, {size}, {scheme}:\n{found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{page.url}, {size}"


def check_long_names(page: Page, *named: str) -> None:
    """Demand that names of many letters without a blank fit a narrow window, too."""
    look_at(page, "narrow", "light")
    lengthen = "named => { for (const each of document.querySelectorAll(named)) each.textContent = 'W'.repeat(80); }"
    page.evaluate(lengthen, ", ".join(named))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url


def violations(page: Page, *rules: str, within: str = "html", without: Sequence[str] = ()) -> AxeResults:
    """Return what axe finds on the page, by these of its rules or by all."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE_SCRIPT)
        page.evaluate(CONFIGURE_AXE)
    return AxeResults(page.evaluate(RUN_AXE, [rules, within, list(without)]))


def picture(page: Page, name: str) -> None:
    """Keep a screenshot in the folder that SCREENSHOTS names, if it does."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def pictures(page: Page, name: str) -> None:
    """Keep one of each look; leave the page wide and light."""
    if "SCREENSHOTS" in os.environ:
        for size, scheme in (*product(SIZES, SCHEMES), ("wide", "light")):
            look_at(page, size, scheme)
            page.evaluate("scrollTo(0, 0)")
            picture(page, f"{name}-{scheme}-{size}")
