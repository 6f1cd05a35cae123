"""Errors of the HTTP API: RFC 9457 problem documents with the codes of the protocol."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from events.core.problems import Problem
from events.database.trouble import is_away
from events.log.records import LogUnavailable

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
DATABASE_BACK_IN = "1"  # seconds; a database that is locked or restarting is soon back

CODES = {
    400: "invalid_message",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    415: "unsupported_media_type",
    429: "too_many_requests",
}


class HttpProblem(Exception):
    """A request that is answered with a problem; `detail` is one sentence that names the value and what is allowed."""

    def __init__(self, status: int, code: str, detail: str, problems: Sequence[Problem] = ()) -> None:
        self.status = status
        self.code = code
        self.detail = detail
        self.problems = tuple(problems)
        self.headers: dict[str, str] = {}
        super().__init__(detail)

    def response(self) -> Response:
        document: dict[str, Any] = {
            "type": "about:blank",  # RFC 9457: the status tells the kind; `code` tells it to programs
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        if self.problems:
            document["details"] = [problem._asdict() for problem in self.problems]
        return Response(document, self.status, headers=self.headers, content_type=CONTENT_TYPE)


def too_many_requests(detail: str) -> HttpProblem:
    problem = HttpProblem(429, "too_many_requests", detail)
    problem.headers["Retry-After"] = DATABASE_BACK_IN
    return problem


def problem_response(error: Exception, context: Mapping[str, Any]) -> Response:
    """Answer any exception of an API view; the one place where the unexpected is logged instead of shown."""
    return refusal_of(error, context).response()


def refusal_of(error: Exception, context: Mapping[str, Any]) -> HttpProblem:
    if isinstance(error, HttpProblem):
        return error
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, SuspiciousOperation):  # such as more parameters than Django reads
        return HttpProblem(400, "invalid_message", "The request is over a limit of the server.")
    if isinstance(error, exceptions.APIException):
        return refusal_of_framework(error, context)
    if isinstance(error, LogUnavailable) or is_away(error):
        logger.warning("%s could not be answered: %s", path_of(context), error.__cause__ or error)
        refusal = HttpProblem(503, "unavailable", "The database is not available at the moment; try again.")
        refusal.headers["Retry-After"] = DATABASE_BACK_IN
        return refusal
    logger.error("%s failed.", path_of(context), exc_info=error)
    return HttpProblem(500, "internal_error", "The server failed at this request; its operators can read why.")


def refusal_of_framework(error: exceptions.APIException, context: Mapping[str, Any]) -> HttpProblem:
    status = error.status_code
    refusal = HttpProblem(status, CODES.get(status, "internal_error"), sentence(error, context))
    if challenge := getattr(error, "auth_header", None):
        refusal.headers["WWW-Authenticate"] = challenge
    if (wait := getattr(error, "wait", None)) is not None:
        refusal.headers["Retry-After"] = str(int(wait))
    return refusal


def sentence(error: exceptions.APIException, context: Mapping[str, Any]) -> str:
    detail = str(error.detail)
    if isinstance(error, exceptions.NotAuthenticated):
        return "Sign in, or send a token: “Authorization: Bearer …”."
    if isinstance(error, exceptions.MethodNotAllowed):
        return f"{detail} Allowed: {', '.join(context['view'].allowed_methods)}."
    if isinstance(error, exceptions.UnsupportedMediaType):
        allowed = ", ".join(parser.media_type for parser in context["view"].parser_classes)
        return f"{detail} Allowed: {allowed}."
    return detail


def path_of(context: Mapping[str, Any]) -> str:
    request = context.get("request")
    return f"{request.method} {request.path}" if request is not None else "A request"
