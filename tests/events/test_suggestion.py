"""“Did you mean”: what is suggested for a word that is not known."""

from __future__ import annotations

import pytest

from events.core.suggestion import MAX_LENGTH, did_you_mean, is_slip, similar
from tests.cases import each_case

TYPES = ["mcp_status_change", "user_login", "user_logout"]


def test_the_word_that_is_most_alike_is_suggested() -> None:
    assert did_you_mean("user_logn", TYPES) == " (did you mean “user_login”?)"
    assert did_you_mean("MCP_Status_Change", TYPES) == " (did you mean “mcp_status_change”?)"


@pytest.mark.parametrize("word", ["", "zzz", "zzz" * 1000])
def test_nothing_is_suggested_for_what_is_like_nothing(word: str) -> None:
    assert did_you_mean(word, TYPES) == ""
    assert did_you_mean(word, []) == ""


def test_similar_words_come_best_first() -> None:
    assert similar("user_logi", TYPES) == ["user_login", "user_logout"]


def test_of_a_very_long_word_only_the_beginning_is_looked_at() -> None:
    assert similar("x" * MAX_LENGTH + "user_login", ["x" * MAX_LENGTH]) == ["x" * MAX_LENGTH]


@each_case("written", ["severit", "severityy", "sseverity", "sevarity", "sevreity", "everity", "Severity"])
def test_one_wrong_letter_is_a_slip(written: str) -> None:
    assert is_slip(written, "severity")


@each_case("written", ["sev", "sevriyt", "verity", "max_severity", "", "severities"])
def test_more_than_one_is_none(written: str) -> None:
    assert not is_slip(written, "severity")
