"""Bars of hours and days, and lines of latencies, as pictures: one path for each kind, since a thousand elements would
take a browser long."""

from __future__ import annotations

from functools import lru_cache

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from events.mcp.reliability.figures import DOWN, MAINTENANCE, MOSTLY, UNKNOWN, UP, in_words
from events.mcp.reliability.latency import bucket_in, middle

CLASSES = {UP: "up", MOSTLY: "mostly", DOWN: "down", MAINTENANCE: "maintenance", UNKNOWN: "unknown"}
# Not by colour alone: the worse, the shorter the bar.
HEIGHTS = {UP: 14, MOSTLY: 10, DOWN: 6, MAINTENANCE: 3, UNKNOWN: 1}
HEIGHT, STEP = 14, 3
TOP, BOTTOM = 3, 13  # of a line; beyond them is the room of its strokes
LEAST_RANGE = 5  # buckets from the bottom of a line to its top: what only wavers shall not look like what leaps
REMEMBERED = 1024  # pictures, of some 1 kB; those of servers that are as they should be are the same


@lru_cache(REMEMBERED)
def picture(bars: str, unit: str) -> SafeString:
    """Return the bars as SVG, with the same in words."""
    paths = "".join(f'<path class="{name}" d="{path(bars, mark)}"/>' for mark, name in CLASSES.items() if mark in bars)
    return drawn("spans", len(bars), in_words(bars, unit), paths)


def path(bars: str, mark: str) -> str:
    return "".join(f"M{x(place)} {HEIGHT}v-{HEIGHTS[mark]}" for place, each in enumerate(bars) if each == mark)


@lru_cache(REMEMBERED)
def line(latencies: str) -> SafeString | str:
    """Return the latencies of hours as a line in SVG, with the same in words; nothing while only one is known.

    Its lowest point is the lowest of them, and its height is in factors: from 10 ms to 20 ms is as far as from 1 s to
    2 s. Where nothing is known, the line has a gap.
    """
    known = {place: bucket for place, mark in enumerate(latencies) if (bucket := bucket_in(mark)) is not None}
    if len(known) < 2:
        return ""
    lowest, highest = min(known.values()), max(known.values())
    scale = (BOTTOM - TOP) / max(highest - lowest, LEAST_RANGE)
    points = {place: f"{x(place)} {BOTTOM - (bucket - lowest) * scale:.3g}" for place, bucket in known.items()}
    # An hour between two gaps is a point, which is what a line without a length looks like if its ends are round.
    drawing = "".join(
        f"L{point}" if place - 1 in points else f"M{point}" if place + 1 in points else f"M{point}h0"
        for place, point in points.items()
    )
    end = f'<path class="end" d="M{points[len(latencies) - 1]}h0"/>' if len(latencies) - 1 in points else ""
    now = known.get(len(latencies) - 1)
    least, most = latency(middle(lowest)), latency(middle(highest))
    words = f"p95 of the last {len(latencies)} hours: " + (least if least == most else f"{least} to {most}")
    words += f", in this hour {latency(middle(now))}" if now is not None else ", in this hour unknown"
    return drawn("line", len(latencies), words, f'<path d="{drawing}"/>{end}')


def x(place: int) -> int:
    return place * STEP + STEP // 2


def drawn(name: str, count: int, words: str, paths: str) -> SafeString:
    """Return a picture of so many hours or days; `paths` are of our own making."""
    return format_html(
        '<span title="{}"><svg class="{}" width="{}" height="{}" viewBox="0 0 {} {}" preserveAspectRatio="none" '
        'role="img" aria-label="{}">{}</svg></span>',
        *(words, name, count * STEP, HEIGHT, count * STEP, HEIGHT, words, mark_safe(paths)),  # noqa: S308
    )


def percent(share: float | None) -> str:
    """Return an uptime as people write it, never rounded up to 100 %."""
    if share is None:
        return "–"
    return "100 %" if share == 1 else f"{min(share * 100, 99.99):.2f} %"


def latency(ms: float | None) -> str:
    return "–" if ms is None else f"{ms:,.0f} ms" if ms >= 10 else f"{ms:.1f} ms"
