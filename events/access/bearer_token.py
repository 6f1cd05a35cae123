"""Tokens of knox in the HTTP API."""

from __future__ import annotations

from typing import Any

from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from knox.models import AuthToken
from rest_framework.exceptions import AuthenticationFailed, ErrorDetail, PermissionDenied, Throttled
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from events.access import attempts, token_terms
from events.access.known_tokens import find_token
from events.models.token_terms import EMIT, READ, TokenTerms

BEARER = b"bearer"


class TooManyWrongTokens(Throttled):
    def __init__(self, wait: int) -> None:
        super().__init__(wait)
        self.detail = ErrorDetail(attempts.too_many_wrong_tokens(wait), self.default_code)


class BearerToken(TokenAuthentication):
    is_of_agents = False  # here come agents, so that tokens for them alone are taken, too

    def authenticate(self, request: Request) -> Any:
        """Return user and token. Raises PermissionDenied for a token that was not made for such a request."""
        try:
            found = self.found(request)
        except AuthenticationFailed:
            if wait := attempts.wrong_token(request.META.get("REMOTE_ADDR", "")):
                raise TooManyWrongTokens(wait) from None
            raise
        if found is not None:
            _, token = found
            terms = TokenTerms.of(token)
            if terms.agents_only and not self.is_of_agents:
                raise PermissionDenied(token_terms.is_for_agents())
            for scope in self.scopes_for(request):
                if scope not in terms.scopes:
                    raise PermissionDenied(token_terms.lacks(scope))
            token_terms.note_use([token.digest])
        return found

    def found(self, request: Request) -> tuple[Any, AuthToken] | None:
        """Return what knox does, which makes an object of all headers to find one. Raises AuthenticationFailed."""
        words = request.META.get("HTTP_AUTHORIZATION", "").encode("latin-1").split()
        if len(words) == 2 and words[0].lower() == BEARER:
            return self.authenticate_credentials(words[1])
        return super().authenticate(request) if words else None

    def authenticate_header(self, request: Request) -> str:
        """Return our own word, whatever tokens knox has besides ours."""
        return "Bearer"

    def scopes_for(self, request: Request) -> tuple[str, ...]:
        """Return what a token must have been made for."""
        return (READ,) if request.method in SAFE_METHODS else (EMIT,)

    def authenticate_credentials(self, token: bytes) -> tuple[Any, AuthToken]:
        """Authenticate as knox does, but only refuse a token that has expired, and do not delete it: a clock may be
        wrong."""
        found = find_token(hash_token(token.decode("latin-1")))
        if found is None:
            raise AuthenticationFailed("Invalid token.")
        return self.validate_user(found)  # type: ignore[no-any-return]
