"""One call of the HTTP API, as the OpenAPI document describes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

JSON = "application/json"


class Parameter(NamedTuple):
    name: str
    told: str
    schema: dict[str, Any]
    place: str = "query"


class Body(NamedTuple):
    """What is sent: a struct, or a union of them, for each content type."""

    shapes: Mapping[str, Any]
    required: bool = True


class Answer(NamedTuple):
    told: str
    shapes: Mapping[str, Any] = {}  # by content type: a struct, a union of them, or a schema


class Call(NamedTuple):
    """`refused` are the statuses of the problems that belong to this call alone."""

    method: str
    path: str
    tag: str
    told: str
    answers: Mapping[int, Answer]
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    refused: tuple[int, ...] = ()
    public: bool = False  # may be open to everybody
    session_only: bool = False


def ok(shape: Any, told: str = "The answer.") -> Mapping[int, Answer]:
    return {200: Answer(told, {JSON: shape})}
