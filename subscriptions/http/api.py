"""The HTTP API of standing subscriptions: everybody's own, and nobody else's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.http import Http404
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from events.access.bearer_token import BearerToken
from events.core.problems import Problem, shown
from events.http.api import ApiView
from events.http.parameters import NOT_POSSIBLE
from events.http.problem_details import HttpProblem, too_many_requests
from events.log import reading
from events.models.token_terms import EMIT, READ
from subscriptions.models import FailedDelivery, StandingSubscription
from subscriptions.protocol.commands import Refusal
from subscriptions.standing.answer import Verdict
from subscriptions.standing.requests import asked, described, making, operations

MAX_ATTEMPTS = 1_000  # that are listed; a subscription has not many more
STATUS_OF = {"forbidden": 403, "limit_exceeded": 403} | dict.fromkeys(NOT_POSSIBLE, 422)


class TokenToSubscribe(BearerToken):
    """A change needs both scopes of a token: what it makes goes on reading when the token is gone."""

    def scopes_for(self, request: Request) -> tuple[str, ...]:
        return (READ,) if request.method in SAFE_METHODS else (READ, EMIT)


@contextmanager
def refusals_as_problems() -> Iterator[None]:
    try:
        yield
    except Refusal as refusal:
        status = STATUS_OF.get(refusal.code, 400)
        raise HttpProblem(status, refusal.code, str(refusal), refusal.problems) from None


class StandingApiView(ApiView):
    authentication_classes = (TokenToSubscribe, SessionAuthentication)

    def own(self, request: Request, id: str) -> StandingSubscription:
        """Return the caller's subscription. Somebody else's is answered like one that does not exist."""
        rows = described.with_counts(StandingSubscription.objects.filter(owner_id=request.user.pk, pk=int(id)))
        if (standing := rows.first()) is None:
            raise HttpProblem(404, "not_found", f"You have no standing subscription {id}.")
        return standing

    def answer(self, request: Request, pk: int, status: int = 200, secret: str = "") -> Response:
        told = described.described(self.own(request, str(pk)), reading.head())
        if secret:
            told["destination"]["secret"] = secret
        return Response(told, status)


class StandingListView(StandingApiView):
    def get(self, request: Request) -> Response:
        rows = described.with_counts(StandingSubscription.objects.filter(owner_id=request.user.pk))
        head = reading.head()
        return Response({"standing": [described.described(each, head) for each in rows]})

    def post(self, request: Request) -> Response:
        with refusals_as_problems():
            standing, secret = making.make(request.user, asked.read(request.data, asked.Asked))
        return self.answer(request, standing.pk, 201, secret)


class StandingView(StandingApiView):
    def get(self, request: Request, id: str) -> Response:
        return self.answer(request, int(id))

    def patch(self, request: Request, id: str) -> Response:
        with refusals_as_problems():
            secret = making.change(self.own(request, id), asked.read(request.data, asked.Changed))
        return self.answer(request, int(id), secret=secret)

    def delete(self, request: Request, id: str) -> Response:
        operations.delete(self.own(request, id))
        return Response(status=204)


class AttemptsView(StandingApiView):
    def get(self, request: Request, id: str) -> Response:
        failed = self.own(request, id).failed.all()[:MAX_ATTEMPTS]
        return Response({"attempts": [described.described_failure(each) for each in failed]})


class ActionView(StandingApiView):
    def post(self, request: Request, id: str, action: str) -> Response:
        if action not in ACTIONS:
            raise Http404
        standing = self.own(request, id)
        body = request.data if request.META.get("CONTENT_LENGTH") not in (None, "", "0") else {}
        with refusals_as_problems():
            told = ACTIONS[action](standing, body, request.user)
        return self.answer(request, standing.pk) if told is None else Response(told)


Told = dict[str, Any] | None


def pause(standing: StandingSubscription, body: Any, user: Any) -> Told:
    members(body)
    operations.pause(standing)
    return None


def resume(standing: StandingSubscription, body: Any, user: Any) -> Told:
    members(body)
    operations.resume(standing)
    return None


def replay(standing: StandingSubscription, body: Any, user: Any) -> Told:
    after = members(body, "after").get("after")
    if not isinstance(after, str):
        raise asked.refusal(
            "after", f"{shown(after)} is not the id of an event, or a time such as 2026-01-31T23:59:00Z"
        )
    operations.replay(standing, after)
    return None


def test(standing: StandingSubscription, body: Any, user: Any) -> Told:
    members(body)
    try:
        answer = operations.send_test(standing)
    except TimeoutError:
        raise too_many_requests("Another test is under way; try again.") from None
    if answer is None:
        return {"accepted": None, "error": None}
    return {"accepted": answer.verdict is Verdict.ACCEPTED, "error": answer.error or None}


def send_again(standing: StandingSubscription, body: Any, user: Any) -> Told:
    return {"sent_again": operations.send_again(standing, chosen(standing, body))}


def forget(standing: StandingSubscription, body: Any, user: Any) -> Told:
    return {"forgotten": operations.forget(standing, chosen(standing, body))}


def chosen(standing: StandingSubscription, body: Any) -> Any:
    """Return the attempts that a body names, or all."""
    given = members(body, "attempts")
    if "attempts" not in given:
        return standing.failed.all()
    ids = given["attempts"]
    if not isinstance(ids, list) or not all(isinstance(each, int) and 0 < each < 2**63 for each in ids):
        raise asked.refusal("attempts", f"{shown(ids)} is not a list of ids of attempts")
    return FailedDelivery.objects.filter(standing=standing, pk__in=ids[:MAX_ATTEMPTS])


def members(body: Any, *allowed: str) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Refusal("invalid_message", f"{shown(body)} is not a JSON object.")
    problems = [Problem(name, f"no such member; allowed: {', '.join(allowed) or 'none'}") for name in body]
    problems = [each for each in problems if each.field not in allowed]
    if problems:
        raise Refusal("invalid_message", f"{problems[0].field}: {problems[0].problem}.", problems)
    return body


ACTIONS: dict[str, Callable[[StandingSubscription, Any, Any], Told]] = {
    "pause": pause,
    "resume": resume,
    "replay": replay,
    "test": test,
    "send-again": send_again,
    "forget": forget,
}
