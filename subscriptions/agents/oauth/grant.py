"""The two requests of OAuth, from Django's to oauthlib's and back: to be allowed something, and to exchange a code."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from oauthlib.common import add_params_to_uri
from oauthlib.oauth2 import AuthorizationCodeGrant, AuthorizationEndpoint, BearerToken, TokenEndpoint
from oauthlib.oauth2.rfc6749 import errors

from events.models.token_terms import EMIT
from subscriptions.agents.oauth import addresses
from subscriptions.agents.oauth.client import Client, ClientRefused
from subscriptions.agents.oauth.rules import Rules


class Asked(NamedTuple):
    """What a host asks somebody to allow, after all of it was judged."""

    client: Client
    redirect_uri: str
    wants_emit: bool


def read_request(request: HttpRequest) -> Asked:
    """Return what is asked for by the address of this request. Raises ClientRefused, and OAuth2Error where the host may
    be told."""
    try:
        scopes, told = authorization(request).validate_authorization_request(address_of(request))
    except errors.FatalClientError as error:
        raise ClientRefused(f"This request of a program cannot be answered. {error.description}") from None
    return Asked(told["request"].client, told["redirect_uri"], EMIT in scopes)


def allow(request: HttpRequest, *, may_emit: bool, token_ends_at: datetime) -> str:
    """Return where to send the browser, with a code. Raises what `read_request` raises, and TooManyCodes."""
    allowed = {"user": request.user, "may_emit": may_emit, "token_ends_at": token_ends_at}
    answer = authorization(request).create_authorization_response(address_of(request), credentials=allowed)
    return str(answer[0]["Location"])


def told_host(request: HttpRequest, error: errors.OAuth2Error) -> str:
    """Return where a host is told of an error, in the address that the browser goes to."""
    return str(add_params_to_uri(error.redirect_uri, [*error.twotuples, ("iss", addresses.issuer(request))]))


def exchange(request: HttpRequest) -> tuple[str, int, bool]:
    """Return the body and the status of the answer to a host that has a code, and whether the code is nobody's. Call it
    in a transaction."""
    rules = Rules(request)
    grant = AuthorizationCodeGrant(rules, pre_token=[rules.only_here, rules.only_plain_verifier], refresh_token=False)
    bearer = BearerToken(rules, token_generator=rules.make_token, expires_in=rules.seconds_of_token)
    endpoint = TokenEndpoint("authorization_code", bearer, {"authorization_code": grant})
    try:
        _, body, status = endpoint.create_token_response(
            f"{addresses.issuer(request)}/oauth/token?{encoded(request.GET)}".rstrip("?"), "POST", encoded(request.POST)
        )
    except errors.OAuth2Error as error:
        body, status = error.json, error.status_code
    return body, status, rules.is_guess


def authorization(request: HttpRequest) -> AuthorizationEndpoint:
    rules = Rules(request)
    grant = AuthorizationCodeGrant(rules, post_auth=[rules.only_here, rules.only_s256])
    grant.register_code_modifier(lambda code, bearer, asked: {**code, "iss": addresses.issuer(request)})
    return AuthorizationEndpoint("code", BearerToken(rules), {"code": grant})


def address_of(request: HttpRequest) -> str:
    return f"{addresses.issuer(request)}/oauth/authorize?{encoded(request.GET)}"


def encoded(sent: QueryDict) -> str:
    """Return parameters as oauthlib reads them: as if those without a value had not been sent (RFC 6749, 3.1)."""
    return urlencode([(name, value) for name, values in sent.lists() for value in values if value])
