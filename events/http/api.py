"""The HTTP API: metadata, what has happened, and emitting events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import get_script_prefix
from django.utils.cache import patch_vary_headers
from django.utils.decorators import method_decorator
from django.views.decorators.http import conditional_page
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import NotFound
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events import ingest, registry_cache
from events.access import policy
from events.access.bearer_token import BearerToken
from events.access.identity import identity_of_request
from events.access.metadata import metadata_json
from events.broadcast import MAX_BATCH, BroadcastError, IdempotencyConflict
from events.core.problems import Problem, shown
from events.http import bodies, responses
from events.http.bodies import CloudEventBody, CloudEvents, CloudEventsBody, Json, JsonBody, Negotiation
from events.http.export import export, without_file
from events.http.problem_details import HttpProblem, problem_response
from events.ingest import Receipt
from events.models.revision import asked_once


class SignedInOrPublic(IsAuthenticated):
    """Everybody when the operator has made metadata public, else only those signed in."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return settings.EVENTHUB_PUBLIC_METADATA or super().has_permission(request, view)


class MayEmit(BasePermission):
    message = "Emitting events needs the permission “Can add event” (events.add_event); an admin can give it."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method != "POST" or request.user.has_perm("events.add_event")


# What one person may see must not reach another through a cache between.
PRIVATE, VARYING = "private, no-cache", ("Authorization", "Cookie")


class ApiView(APIView):
    authentication_classes: Sequence[Any] = (BearerToken, SessionAuthentication)
    permission_classes: Sequence[Any] = (IsAuthenticated,)
    parser_classes: Sequence[type[JsonBody]] = (JsonBody,)
    renderer_classes = (Json,)
    versioning_class = None  # another project may have one for its own API
    content_negotiation_class = Negotiation

    def get_exception_handler(self) -> Any:
        return problem_response

    def dispatch(self, *args: Any, **kwargs: Any) -> Any:
        with asked_once():
            return super().dispatch(*args, **kwargs)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response.setdefault("Cache-Control", PRIVATE)
        patch_vary_headers(response, VARYING)
        return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if request.method != "OPTIONS":  # which tells nothing, and browsers send it without credentials
            super().initial(request, *args, **kwargs)

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """Answer which methods there are. To the preflight of a page whose origin is not listed that is a no: it has no
        header of CORS."""
        return Response(status=204, headers={"Allow": ", ".join(self.allowed_methods)})


@method_decorator(conditional_page, "dispatch")
class MetadataView(ApiView):
    permission_classes = (SignedInOrPublic,)

    def get(self, request: Request) -> Response:
        return Response(metadata_json(policy.viewer_of(request.user), registry_cache.refresh()))


class EventsView(ApiView):
    """The collection of events: what has happened, and emitting."""

    permission_classes = (IsAuthenticated, MayEmit)
    parser_classes = (JsonBody, CloudEventBody, CloudEventsBody)

    def get_renderers(self) -> list[Any]:
        return [Json()] if self.request.method == "POST" else [Json(), CloudEvents()]

    def get(self, request: Request) -> Response:
        answer = responses.history_answer(request.query_params, request.user)
        if not isinstance(request.accepted_renderer, CloudEvents):
            return Response(answer)
        origin = request.build_absolute_uri(get_script_prefix()).rstrip("/")
        events = [bodies.as_cloud_event(each, origin) for each in answer["events"]]
        return Response(events, headers=link_to_next(request, answer["next"]))

    def post(self, request: Request) -> HttpResponse:
        if "CONTENT_LENGTH" not in request.META and "HTTP_TRANSFER_ENCODING" in request.META:
            raise HttpProblem(411, "invalid_message", "Send the body with a Content-Length.")
        check_encoding(request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower())
        body: Any = request.data
        is_list = isinstance(body, list)
        sent = body if is_list else [body]
        if len(sent) > MAX_BATCH:
            problem = f"{len(sent):,} events; at most {MAX_BATCH:,} are allowed in a list."
            raise HttpProblem(413, "limit_exceeded", problem)
        try:
            receipts = emit_sent(sent, request.user)
        except BroadcastError as error:
            raise problem_of_broadcast(error, is_list) from error
        answers = [answer(each) for each in receipts]
        told = Json().render(answers if is_list else answers[0])  # the one form that there is
        return HttpResponse(told, status=201, content_type=Json.media_type)


class PreviewView(ApiView):
    def get(self, request: Request) -> Response:
        return Response(responses.preview_answer(request.query_params, request.user))


class ExplainView(ApiView):
    def get(self, request: Request, id: str) -> Response:
        return Response(responses.explain_answer(id, request.query_params, request.user))


class ExportView(ApiView):
    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Take whatever is asked for: the address says the format, and problems are JSON."""
        return super().perform_content_negotiation(request, force=True)

    def get(self, request: Request, name: str) -> StreamingHttpResponse:
        return export(request.query_params, identity_of_request(request), name)

    def head(self, request: Request, name: str) -> HttpResponse:
        """Answer without reading the log, where Django would read all of it and drop it."""
        return without_file(request.query_params, name)


def link_to_next(request: Request, cursor: str | None) -> dict[str, str]:
    """Return the header by which RFC 8288 names the next page, for an answer that has no room for it."""
    if cursor is None:
        return {}
    query = request.query_params.copy()
    query["cursor"] = cursor
    return {"Link": f'<{request.path}?{query.urlencode()}>; rel="next"'}


def emit_sent(sent: list[Any], user: Any) -> list[Receipt]:
    source = f"api:{user.get_username()}"
    events = []
    for index, each in enumerate(sent):
        try:
            events.append(ingest.read(each, source))
        except BroadcastError as error:
            error.index = index
            raise
    return ingest.emit(events, policy.viewer_of(user))


def check_encoding(encoding: str) -> None:
    """Refuse a body that is encoded. As RFC 9110 has it, the answer names what would have been taken."""
    if encoding not in ("", "identity"):
        problem = f"Content-Encoding {shown(encoding)}: bodies are taken as they are, not compressed."
        refused = HttpProblem(415, "unsupported_media_type", problem)
        refused.headers["Accept-Encoding"] = "identity"
        raise refused


def answer(receipt: Receipt) -> dict[str, Any]:
    told: dict[str, Any] = {"id": receipt.id, "type": receipt.type, "timestamp": receipt.timestamp}
    return told | {"pending": True} if receipt.pending else told


def problem_of_broadcast(error: BroadcastError, is_list: bool) -> HttpProblem:
    """Return the problem document of an event that was refused; in a list, with its place there."""
    status = {ingest.MalformedEvent: 400, ingest.NotExternal: 403, IdempotencyConflict: 409}.get(type(error), 422)
    if not is_list:
        return HttpProblem(status, error.code, str(error), error.problems)
    place = f"[{error.index}]"
    problems = [Problem(f"{place}.{field}" if field else place, problem) for field, problem in error.problems]
    return HttpProblem(status, error.code, f"{place}: {error}", problems)


class NoSuchCall(APIView):
    """Every other path below /api/: a problem document, where Django would answer with a page."""

    authentication_classes = ()
    permission_classes = ()
    renderer_classes = (Json,)
    versioning_class = None

    def get_exception_handler(self) -> Any:
        return problem_response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound("There is no such API call.")
