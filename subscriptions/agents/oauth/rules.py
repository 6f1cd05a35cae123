"""The rules of OAuth: oauthlib knows what a request must have, and asks here what only we know.

Of what it allows besides, `only_s256` and `only_here` leave out what has no place in OAuth 2.1.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.utils import timezone
from oauthlib.common import Request
from oauthlib.oauth2 import RequestValidator
from oauthlib.oauth2.rfc6749 import errors

from events.core.problems import shown
from events.models.token_terms import SCOPES
from subscriptions.agents.oauth import addresses, codes, documents
from subscriptions.agents.oauth.client import ClientRefused
from subscriptions.models.authorization_code import CHALLENGE, AuthorizationCode

CODE_CHALLENGE = re.compile(rf"[A-Za-z0-9_-]{{{CHALLENGE}}}")
CODE_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class Sender(NamedTuple):
    """Whom a host names when it exchanges a code. It has no secret to prove that: the code's verifier does."""

    client_id: str


class Rules(RequestValidator):
    def __init__(self, request: HttpRequest) -> None:
        super().__init__()
        self._request = request
        self.is_guess = False  # of a code

    # --- What both calls must have ---

    def only_here(self, asked: Request) -> dict[str, Any]:
        """Refuse what is for another server (RFC 8707)."""
        if asked.resource is not None and (
            "resource" in asked.duplicate_params or not is_same(asked.resource, addresses.resource(self._request))
        ):
            told = f"The only resource here is {addresses.resource(self._request)}."
            raise errors.CustomOAuth2Error("invalid_target", description=told, request=asked)
        return {}

    # --- /oauth/authorize ---

    def validate_client_id(self, client_id: str, asked: Request, *_: Any, **__: Any) -> bool:
        asked.client = documents.client_of(client_id, self._request.user.pk)
        return True

    def get_default_redirect_uri(self, client_id: str, asked: Request, *_: Any, **__: Any) -> None:
        """Return none: hosts name it, so that there is something to compare."""

    def validate_redirect_uri(self, client_id: str, redirect_uri: str, asked: Request, *_: Any, **__: Any) -> bool:
        if not asked.client.accepts(redirect_uri):
            host = asked.client.host
            raise ClientRefused(f"{host} does not list the address {shown(redirect_uri, 200)} for answers to it.")
        return True

    def validate_response_type(self, client_id: str, response_type: str, *_: Any, **__: Any) -> bool:
        return response_type == "code"

    def is_pkce_required(self, client_id: str, asked: Request) -> bool:
        return True

    def get_default_scopes(self, client_id: str, asked: Request, *_: Any, **__: Any) -> list[str]:
        return list(SCOPES)

    def validate_scopes(self, client_id: str, scopes: list[str], client: Any, asked: Request, *_: Any) -> bool:
        if not set(scopes) <= set(SCOPES):
            raise errors.InvalidScopeError(description=f"The scopes here are {' and '.join(SCOPES)}.", request=asked)
        return True

    def only_s256(self, asked: Request) -> dict[str, Any]:
        """Refuse a challenge that shows the verifier, and answers in what only scripts read."""
        if asked.code_challenge_method != "S256" or not CODE_CHALLENGE.fullmatch(asked.code_challenge):
            told = f"Send a code_challenge of {CHALLENGE} characters with code_challenge_method=S256."
            raise errors.InvalidRequestError(description=told, request=asked)
        if asked.response_mode not in (None, "query"):
            asked.response_mode = "query"
            raise errors.InvalidRequestError(description="The only response_mode here is query.", request=asked)
        return {}

    def save_authorization_code(self, client_id: str, code: dict[str, str], asked: Request, *_: Any, **__: Any) -> None:
        codes.keep(
            code["code"],
            asked.user,
            asked.client,
            asked.redirect_uri,
            asked.code_challenge,
            may_emit=asked.may_emit,
            token_ends_at=asked.token_ends_at,
        )

    # --- /oauth/token ---

    def only_plain_verifier(self, asked: Request) -> None:
        if not CODE_VERIFIER.fullmatch(asked.code_verifier or ""):
            told = "Send the code_verifier: 43 to 128 letters, digits and -._~"
            raise errors.InvalidRequestError(description=told, request=asked)

    def client_authentication_required(self, asked: Request, *_: Any, **__: Any) -> bool:
        return False

    def authenticate_client_id(self, client_id: str | None, asked: Request, *_: Any, **__: Any) -> bool:
        if client_id is None:
            raise errors.InvalidRequestError(description="Missing client_id parameter.", request=asked)
        asked.client = Sender(client_id)
        return True

    def validate_grant_type(self, client_id: str, grant_type: str, *_: Any, **__: Any) -> bool:
        return grant_type == "authorization_code"

    def validate_code(self, client_id: str, code: str, client: Sender, asked: Request, *_: Any, **__: Any) -> bool:
        """Take the code, which nobody can use after that, whatever is wrong with this request."""
        row, is_first = codes.take(code)
        self.is_guess = row is None
        if row is None or row.client_id != client_id:
            raise errors.InvalidGrantError(description="This code is not one of this client.", request=asked)
        if not is_first:
            told = "This code was used before. What it was exchanged for has ended."
            raise errors.InvalidGrantError(description=told, request=asked)
        if row.expires_at <= timezone.now():
            raise errors.InvalidGrantError(description="This code has expired.", request=asked)
        if not row.user.is_active:
            raise errors.InvalidGrantError(description="The user of this code is not active.", request=asked)
        asked.allowed = row
        asked.scopes = codes.scopes_of(row)
        return True

    def get_code_challenge(self, code: str, asked: Request) -> str:
        row: AuthorizationCode = asked.allowed
        return row.challenge

    def get_code_challenge_method(self, code: str, asked: Request) -> str:
        return "S256"

    def confirm_redirect_uri(self, client_id: str, code: str, redirect_uri: str, client: Any, asked: Request) -> bool:
        row: AuthorizationCode = asked.allowed
        if redirect_uri != row.redirect_uri:  # oauthlib would call it another error than RFC 6749 does
            raise errors.InvalidGrantError(description="This code was sent to another redirect_uri.", request=asked)
        return True

    def seconds_of_token(self, asked: Request) -> int:
        return int((asked.allowed.token_ends_at - timezone.now()).total_seconds())

    def make_token(self, asked: Request) -> str:
        return codes.exchange(asked.allowed)

    def save_token(self, token: dict[str, Any], asked: Request, *_: Any, **__: Any) -> None:
        """Do nothing: `make_token` has kept it."""

    def invalidate_authorization_code(self, client_id: str, code: str, asked: Request, *_: Any, **__: Any) -> None:
        """Do nothing: `validate_code` has taken it."""


def is_same(resource: str, ours: str) -> bool:
    """Say whether a host means our address: it may write the host in capital letters, and a slash at the end."""
    try:
        theirs = urlsplit(resource)
    except ValueError:  # a bracket that nothing closes
        return False
    written = theirs._replace(netloc=theirs.netloc.lower(), path=theirs.path.rstrip("/"))
    return written.geturl() == ours
