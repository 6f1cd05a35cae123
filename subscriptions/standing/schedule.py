"""When a delivery that failed is tried again. Pure: the caller has the clock and the dice."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

MINUTE, HOUR = 60.0, 3600.0
WAITS = (5.0, 30.0, 2 * MINUTE, 10 * MINUTE, HOUR, 3 * HOUR, 8 * HOUR, 24 * HOUR)  # seconds; after the last: given up
JITTER = 0.2  # of a wait, so that destinations that failed together do not come back together
MAX_ASKED = 24 * HOUR  # seconds that a destination may ask for


def wait_after(attempts: int, dice: float, asked: float | None = None) -> float | None:
    """Return the seconds until the next attempt, None after the last one. `dice` is from 0 to 1; `asked` is what the
    destination asked for, which counts if it is more."""
    if attempts > len(WAITS):
        return None
    wait = WAITS[attempts - 1] * (1 - JITTER + 2 * JITTER * dice)
    return max(wait, min(asked or 0.0, MAX_ASKED))


def asked_wait(header: str | None, now: float) -> float | None:
    """Return the seconds that a Retry-After asks for, in either of its forms; None for anything else."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None
