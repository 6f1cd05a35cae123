"""Messages to people are looked for when somebody asks, and are still there on the next page."""

from __future__ import annotations

from collections.abc import Callable
from unittest.mock import patch

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from eventhub.http.messages import MessagesOnDemand


def answered(view: Callable[[HttpRequest], HttpResponse], cookies: dict[str, str]) -> HttpResponse:
    request = RequestFactory().get("/")
    request.COOKIES.update(cookies)
    answer = MessagesOnDemand(view)(request)
    assert isinstance(answer, HttpResponse)
    return answer


def test_a_message_is_shown_on_the_next_page_and_only_there(settings: Settings) -> None:
    settings.MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

    def tell(request: HttpRequest) -> HttpResponse:
        messages.success(request, "It was saved.")
        return HttpResponse()

    def show(request: HttpRequest) -> HttpResponse:
        return HttpResponse(", ".join(map(str, messages.get_messages(request))))

    cookie = answered(tell, {}).cookies["messages"]
    shown = answered(show, {"messages": cookie.value})
    assert shown.content.decode() == "It was saved."
    assert shown.cookies["messages"].value == ""


def test_who_asks_for_no_messages_has_none_made_and_loses_none() -> None:
    with patch("eventhub.http.messages.default_storage", side_effect=AssertionError):
        assert "messages" not in answered(lambda request: HttpResponse(), {"messages": "kept"}).cookies
