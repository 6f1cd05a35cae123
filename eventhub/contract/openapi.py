"""The OpenAPI 3.1 document of the HTTP calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from http import HTTPStatus
from types import UnionType
from typing import Any, get_args, get_origin

import msgspec

from eventhub.contract import calls, fleet_calls, own_calls
from eventhub.contract.answers import Problem
from eventhub.contract.call import Answer, Body, Call, Parameter
from events.http.problem_details import CONTENT_TYPE

CALLS = (*calls.CALLS, *fleet_calls.CALLS, *own_calls.CALLS)
REF = "#/components/schemas/{name}"
API_VERSION = "1"  # of the calls: whoever is not signed in need not know which release this is
TOKEN, SESSION = "token", "session"
ALWAYS = (401, 403, 429, 503)  # what any call may be refused with
DESCRIPTION = (
    "Events of an eventhub over HTTP. Errors are problem documents of RFC 9457. A change that comes with a session "
    "needs Django's CSRF token. The payloads of the event types are in GET /api/v1/events/schemas; the WebSocket is in "
    "asyncapi.json."
)
SCHEMES = {
    TOKEN: {"type": "http", "scheme": "bearer", "description": "A token from /account."},
    SESSION: {"type": "apiKey", "in": "cookie", "name": "sessionid"},
}


@cache
def openapi(site: str) -> dict[str, Any]:
    """Return the document of a site that is below this path: "/", if it has its host for itself."""
    paths: dict[str, dict[str, Any]] = {}
    for call in CALLS:
        paths.setdefault(call.path, {})[call.method] = operation(call)
    _, components = msgspec.json.schema_components(structs_of(CALLS), ref_template=REF)
    return {
        "openapi": "3.1.0",
        "info": {"title": "eventhub", "version": API_VERSION, "description": DESCRIPTION},
        "servers": [{"url": site}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": SCHEMES},
    }


def operation(call: Call) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation_id(call),
        "summary": call.told,
        "tags": [call.tag],
        "responses": {str(status): response(answer) for status, answer in call.answers.items()},
        "security": security(call),
    }
    if call.parameters:
        described["parameters"] = [parameter(each) for each in call.parameters]
    if call.body:
        described["requestBody"] = request_body(call.body)
    for status in sorted({*call.refused, *ALWAYS}):
        described["responses"][str(status)] = response(Answer(HTTPStatus(status).phrase, {CONTENT_TYPE: Problem}))
    return described


def operation_id(call: Call) -> str:
    """Return a name for the call in generated code: `get_events_by_id_explain`."""
    words = call.path.removeprefix("/api/v1/").replace("{", "by_").translate(str.maketrans("/.-", "___", "}"))
    return f"{call.method}_{words.strip('_')}"


def security(call: Call) -> list[dict[str, list[str]]]:
    named: list[dict[str, list[str]]] = [{SESSION: []}] if call.session_only else [{TOKEN: []}, {SESSION: []}]
    return [*named, {}] if call.public else named


def parameter(told: Parameter) -> dict[str, Any]:
    described = {"name": told.name, "in": told.place, "description": told.told, "schema": told.schema}
    return described | ({"required": True} if told.place == "path" else {"style": "form", "explode": True})


def request_body(body: Body) -> dict[str, Any]:
    return {"required": body.required, "content": content(body.shapes)}


def response(answer: Answer) -> dict[str, Any]:
    return {"description": answer.told} | ({"content": content(answer.shapes)} if answer.shapes else {})


def content(shapes: Mapping[str, Any]) -> dict[str, Any]:
    return {content_type: {"schema": schema_of(shape)} for content_type, shape in shapes.items()}


def schema_of(shape: Any) -> Mapping[str, Any]:
    if isinstance(shape, Mapping):
        return shape
    if isinstance(shape, UnionType):
        return {"oneOf": [schema_of(each) for each in get_args(shape)]}
    (schema,), _ = msgspec.json.schema_components([shape], ref_template=REF)
    return schema


def structs_of(listed: Iterable[Call]) -> list[Any]:
    """Return all structs that calls name, each once."""
    found: dict[Any, None] = {Problem: None}
    for call in listed:
        shapes = [shape for answer in call.answers.values() for shape in answer.shapes.values()]
        shapes += call.body.shapes.values() if call.body else ()
        for shape in shapes:
            for each in get_args(shape) if isinstance(shape, UnionType) else (shape,):
                if not isinstance(each, Mapping):
                    found[get_args(each)[0] if get_origin(each) is list else each] = None
    return list(found)
