"""Durations as people write them: 30s, 15m, 12h, 90d, 4w."""

from __future__ import annotations

import re
from datetime import timedelta

UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400}  # seconds
LONGEST = timedelta(days=36_500)
WRITTEN = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)([smhdw]?)", re.ASCII)


def parse_duration(text: str, default_unit: str = "") -> timedelta:
    """Parse a duration. Raises ValueError, which says what is allowed."""
    match = WRITTEN.fullmatch(text.strip())
    unit = match and (match[2] or default_unit)
    seconds = float(match[1]) * UNITS[unit] if match and unit else 0
    if not 0 < seconds <= LONGEST.total_seconds():
        allowed = f"a number above 0 followed by one of {', '.join(UNITS)}, at most {LONGEST.days}d"
        raise ValueError(f"{text!r} is not a duration; allowed: {allowed}")
    return timedelta(seconds=seconds)
