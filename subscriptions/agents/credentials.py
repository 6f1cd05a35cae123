"""Who calls /mcp: the user of a token that was made for reading."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django_mcpz.jsonrpc import INVALID_REQUEST, error_response
from knox.models import AuthToken
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from events.access.bearer_token import BearerToken
from events.models.token_terms import EMIT, READ, TokenTerms
from subscriptions.agents.oauth.addresses import challenge


class TokenOfAgent(BearerToken):
    is_of_agents = True

    def scopes_for(self, request: Request) -> tuple[str, ...]:
        """Return what every call needs. A tool that changes something asks for more."""
        return (READ,)


def authenticate(request: HttpRequest) -> HttpResponse | None:
    """Note on the request who it is from; return the refusal if nobody is."""
    authentication: Any = TokenOfAgent()
    try:
        found = authentication.authenticate(request)
    except APIException as error:
        refusal = error_response(None, INVALID_REQUEST, str(error.detail), status=HTTPStatus(error.status_code))
        if error.status_code == HTTPStatus.UNAUTHORIZED:
            refusal["WWW-Authenticate"] = challenge(request, is_wrong=True)
        if (wait := getattr(error, "wait", None)) is not None:
            refusal["Retry-After"] = str(math.ceil(wait))
        return refusal
    if found is None:
        return refused_without_token(request)
    request.user, request.mcp_token = found  # type: ignore[attr-defined]
    return None


def refused_without_token(request: HttpRequest) -> HttpResponse:
    sentence = "Send a token: “Authorization: Bearer …”. Tokens are made at /account."
    refusal = error_response(None, INVALID_REQUEST, sentence, status=HTTPStatus.UNAUTHORIZED)
    refusal["WWW-Authenticate"] = challenge(request)
    return refusal


def token_of(request: HttpRequest) -> AuthToken:
    token: AuthToken = request.mcp_token  # type: ignore[attr-defined]
    return token


def user_of(request: HttpRequest) -> Any:
    return request.user


def may(request: HttpRequest, permission: str) -> bool:
    """Say whether the caller may change something: the user must have the permission, and the token be for it."""
    return EMIT in TokenTerms.of(token_of(request)).scopes and user_of(request).has_perm(permission)
