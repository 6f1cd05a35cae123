"""Django's middleware of sessions, for whoever may have one: a call of the API that brings a token has none, and its
user is found out by the view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest

if TYPE_CHECKING:
    from django.utils.deprecation import MiddlewareMixin
else:
    MiddlewareMixin = object

BEARER = "bearer "


def brings_token(request: HttpRequest) -> bool:
    """Return whether this is a call of the API whose only credential is a token, right or wrong."""
    begins = request.META.get("HTTP_AUTHORIZATION", "")[: len(BEARER)].lower()
    return begins == BEARER and request.path.startswith(f"{settings.EVENTHUB_PATH}/api/")


class UnlessTokenIsBrought(MiddlewareMixin):
    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request) if brings_token(request) else super().__call__(request)


class Sessions(UnlessTokenIsBrought, SessionMiddleware):
    """Give the request its session."""


class Users(UnlessTokenIsBrought, AuthenticationMiddleware):
    """Give the request its user, by the session."""
