"""Bars of hours and days as a picture: one path for each kind, since a thousand elements would take a browser long."""

from __future__ import annotations

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from events.mcp.reliability.figures import DOWN, MAINTENANCE, MOSTLY, UNKNOWN, UP, in_words

CLASSES = {UP: "up", MOSTLY: "mostly", DOWN: "down", MAINTENANCE: "maintenance", UNKNOWN: "unknown"}
# Not by colour alone: the worse, the shorter the bar.
HEIGHTS = {UP: 14, MOSTLY: 10, DOWN: 6, MAINTENANCE: 3, UNKNOWN: 1}
HEIGHT, STEP = 14, 3


def picture(bars: str, unit: str) -> SafeString:
    """Return the bars as SVG, with the same in words."""
    words = in_words(bars, unit)
    paths = format_html_join("", '<path class="{}" d="{}"/>', ((CLASSES[mark], path(bars, mark)) for mark in CLASSES))
    return format_html(
        '<span title="{}"><svg class="spans" width="{}" height="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}'
        "</svg></span>",
        *(words, len(bars) * STEP, HEIGHT, len(bars) * STEP, HEIGHT, words, paths),
    )


def path(bars: str, mark: str) -> str:
    return "".join(
        f"M{place * STEP + STEP // 2} {HEIGHT}v-{HEIGHTS[mark]}" for place, each in enumerate(bars) if each == mark
    )


def percent(share: float | None) -> str:
    """Return an uptime as people write it, never rounded up to 100 %."""
    if share is None:
        return "–"
    return "100 %" if share == 1 else f"{min(share * 100, 99.99):.2f} %"


def latency(ms: float | None) -> str:
    return "–" if ms is None else f"{ms:,.0f} ms" if ms >= 10 else f"{ms:.1f} ms"
