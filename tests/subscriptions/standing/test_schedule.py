"""When a delivery that failed is tried again."""

from __future__ import annotations

import pytest

from subscriptions.standing.schedule import MAX_ASKED, WAITS, asked_wait, wait_after


def test_waits_grow_to_a_day_and_then_it_is_given_up() -> None:
    assert [wait_after(attempts, 0.5) for attempts in range(1, 9)] == [5, 30, 120, 600, 3600, 10800, 28800, 86400]
    assert wait_after(len(WAITS) + 1, 0.5) is None


def test_waits_are_spread_by_a_fifth_either_way() -> None:
    assert wait_after(2, 0.0) == pytest.approx(24)
    assert wait_after(2, 1.0) == pytest.approx(36)


def test_what_a_destination_asks_for_counts_if_it_is_more_up_to_a_day() -> None:
    assert wait_after(1, 0.5, asked=100) == 100
    assert wait_after(3, 0.5, asked=100) == 120
    assert wait_after(1, 0.5, asked=10**9) == MAX_ASKED


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("Thu, 01 Jan 1970 00:03:20 GMT", 100.0),
        ("Thu, 01 Jan 1970 00:00:10 GMT", 0.0),
        (None, None),
        ("soon", None),
        ("-5", None),
        ("9" * 400, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert asked_wait(header, now=100.0) == seconds
