"""Django's messages, for whoever is shown a page: they are looked for when somebody asks, and a call of HTTP never
does."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.messages.storage import default_storage
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject, empty

from eventhub.http.sessions import UnlessTokenIsBrought


class MessagesOnDemand(UnlessTokenIsBrought, MessageMiddleware):
    def process_request(self, request: HttpRequest) -> None:
        request._messages = SimpleLazyObject(partial(default_storage, request))  # type: ignore[attr-defined]

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        messages: Any = getattr(request, "_messages", None)
        if isinstance(messages, SimpleLazyObject) and messages._wrapped is empty:  # nobody has asked
            return response
        return super().process_response(request, response)
