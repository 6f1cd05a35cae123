"""The web process lists its static files when the first of them is asked for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.http import HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from eventhub.static import StaticMiddleware

AT_ONCE = 8


def test_all_who_ask_first_at_the_same_time_get_their_file(tmp_path: Path, settings: Settings) -> None:
    settings.STATIC_ROOT = tmp_path
    middleware = StaticMiddleware(lambda request: HttpResponse("a page"))
    (tmp_path / "late.txt").write_text("made after the server has started")

    def answer(path: str) -> str:
        return middleware(RequestFactory().get(path)).content.decode()

    assert answer("/events") == "a page"
    (tmp_path / "later.txt").write_text("made after a page was asked for")
    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(answer, ["/static/late.txt", "/static/later.txt"] * (AT_ONCE // 2)))
    assert answers == ["made after the server has started", "made after a page was asked for"] * (AT_ONCE // 2)
    assert answer("/static/none.txt") == "a page"
