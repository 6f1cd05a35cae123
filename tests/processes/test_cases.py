"""A table of cases in one test leaves none out, and says which of them fails."""

from __future__ import annotations

import pytest

from tests.cases import each_case


async def test_each_case_is_tried_with_each_of_another_table_and_the_one_that_fails_is_named() -> None:
    tried = []

    @each_case("number", [1, 2])
    @each_case(("text", "right"), [("a", True), ("b", True)])
    def whole(text: str, number: int, right: bool) -> None:
        tried.append((text, number, right))

    @each_case("right", [True, False, True])
    async def broken(right: bool) -> None:
        assert right

    whole()
    assert tried == [("a", 1, True), ("b", 1, True), ("a", 2, True), ("b", 2, True)]
    with pytest.raises(AssertionError) as failed:
        await broken()
    assert failed.value.__notes__ == ["in the case right = False"]


def test_a_table_without_cases_is_refused() -> None:
    with pytest.raises(AssertionError, match="no case of number"):
        each_case("number", [])
