"""What a destination made of a delivery."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Verdict(Enum):
    ACCEPTED = "accepted"
    AGAIN = "again"  # it is tried again
    TOO_LARGE = "too large"  # this event is given up, the others go on
    GONE = "gone"  # the destination wants nothing more


class Answer(NamedTuple):
    """`error` is for people: it holds nothing of the address but the host, and no secret."""

    verdict: Verdict
    error_class: str = ""
    error: str = ""
    retry_after_s: float | None = None


ACCEPTED = Answer(Verdict.ACCEPTED)


def failed(error_class: str, error: str) -> Answer:
    return Answer(Verdict.AGAIN, error_class, error)


def answer_of_status(status: int, retry_after_s: float | None) -> Answer:
    """Return what an HTTP status means. Redirects are failures: they would lead around the guard of addresses."""
    if 200 <= status < 300:
        return ACCEPTED
    if status == 410:
        return Answer(Verdict.GONE, "gone", "HTTP 410: it wants nothing more.")
    if status == 413:
        return Answer(Verdict.TOO_LARGE, "too_large", "HTTP 413: the event is too large for it.")
    if 300 <= status < 400:
        return failed("redirect", f"HTTP {status}: redirects are not followed; enter the address that it leads to.")
    return Answer(Verdict.AGAIN, "http", f"HTTP {status}.", retry_after_s)
