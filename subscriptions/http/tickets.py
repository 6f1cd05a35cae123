"""The HTTP call that makes a ticket."""

from __future__ import annotations

from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from events.access.bearer_token import BearerToken
from events.access.identity import identity_of_request
from events.core.values import timestamp_text
from events.http.api import ApiView
from events.http.problem_details import too_many_requests
from events.models.token_terms import READ
from subscriptions.clients import tickets


class TokenToRead(BearerToken):
    """A ticket lets in to read."""

    def scopes_for(self, request: Request) -> tuple[str, ...]:
        return (READ,)


class TicketsView(ApiView):
    authentication_classes = (TokenToRead, SessionAuthentication)

    def post(self, request: Request) -> Response:
        try:
            ticket = tickets.make(identity_of_request(request))
        except tickets.TooManyTickets:
            sentence = f"You have {tickets.MAX_OF_USER} tickets that are not used; each is valid for 30 s."
            raise too_many_requests(sentence) from None
        told = {"ticket": ticket.text, "expires_at": timestamp_text(ticket.expires_at)}
        return Response(told, 201, headers={"Cache-Control": "no-store"})
