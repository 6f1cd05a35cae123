"""The forms of bodies: strict JSON, and CloudEvents 1.0 in structured mode, for history and for emitting."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from events.core import strict_json
from events.core.limits import LIMITS
from events.core.problems import Problem, shown
from events.core.strict_json import NotJson
from events.http.problem_details import HttpProblem
from events.log import idempotency

CLOUD_EVENT, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
MAX_BODY = 4 * 1024 * 1024  # bytes; a thousand events of 4 KiB. Larger batches are sent in parts
JSON = "application/json"
ANYTHING = "*/*"  # what most clients accept
LOG, SCHEMAS = "/api/v1/events/", "/api/v1/events/schemas"
SPECVERSION = "1.0"
Text = Annotated[str, Meta(min_length=1)]


class CloudEvent(Struct):
    """An event of the log as a CloudEvent."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    time: str
    datacontenttype: str
    dataschema: str
    data: Any


class NewCloudEvent(Struct):
    """A CloudEvent to emit. The server sets its own time; attributes that are not named here are not kept."""

    specversion: Literal["1.0"]
    id: Text
    source: Text
    type: str
    data: dict[str, Any]
    datacontenttype: str | UnsetType = UNSET


def as_cloud_event(message: Mapping[str, Any], origin: str) -> CloudEvent:
    """Return an event as it is over the socket in this form. `origin` is this server's, as in http://localhost:8090."""
    schema = f"{origin}{SCHEMAS}#/$defs/{message['type']}/properties/data"
    return CloudEvent(
        "1.0",
        message["id"],
        f"{origin}{LOG}",
        message["type"],
        message["timestamp"],
        JSON,
        schema,
        message["data"],
    )


def as_new_events(sent: object) -> list[dict[str, Any]]:
    """Return a batch of CloudEvents as the call takes a list of events. Raises HttpProblem."""
    if not isinstance(sent, list):
        raise refused("", f"{shown(sent)} is not a list of CloudEvents")
    return [as_new_event(each, f"[{index}].") for index, each in enumerate(sent)]


def as_new_event(sent: object, place: str = "") -> dict[str, Any]:
    """Return a CloudEvent as the call takes events. Raises HttpProblem."""
    try:
        event = msgspec.convert(sent, NewCloudEvent)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$")
        field = path.rstrip("`").lstrip(".")
        allowed = f"; allowed: {SPECVERSION}" if field == "specversion" else ""
        raise refused(f"{place}{field}".rstrip("."), text + allowed) from None
    kind = event.datacontenttype
    if kind is not UNSET and kind.partition(";")[0].strip().lower() != JSON:
        raise refused(f"{place}datacontenttype", f"“{kind}” is not taken; allowed: {JSON}")
    return {"type": event.type, "data": event.data, "idempotency_key": key_of(event)}


def key_of(event: NewCloudEvent) -> str:
    """Return the idempotency key: two CloudEvents of one source and one id are the same event."""
    key = f"{event.source} {event.id}"
    return key if idempotency.is_valid(key) else hashlib.sha256(key.encode()).hexdigest()


def refused(field: str, problem: str) -> HttpProblem:
    field = field or "body"
    return HttpProblem(400, "invalid_message", f"{field}: {problem}.", [Problem(field, problem)])


class JsonBody(BaseParser):
    """Strict JSON of bounded size; Django's own limit does not hold for bodies that are read as a stream."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        body = stream.read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            raise HttpProblem(413, "limit_exceeded", f"The body is over {MAX_BODY:,} bytes; send it in parts.")
        try:
            return strict_json.decode(body)
        except RecursionError:
            raise HttpProblem(400, "invalid_json", f"Nested deeper than {LIMITS['nesting']} levels.") from None
        except NotJson as error:
            raise HttpProblem(400, "invalid_json", f"The body is not valid JSON: {error}.") from None


class CloudEventBody(JsonBody):
    media_type = CLOUD_EVENT

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        return as_new_event(super().parse(*args, **kwargs))


class CloudEventsBody(JsonBody):
    media_type = BATCH

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        return as_new_events(super().parse(*args, **kwargs))


class Json(BaseRenderer):
    """Payloads go out byte for byte as they were logged."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> bytes:
        return b"" if data is None else msgspec.json.encode(data)


class CloudEvents(Json):
    media_type = BATCH
    format = "cloudevents"


class Negotiation(DefaultContentNegotiation):
    """Gives nearly all requests the first form at once: to compare forms is dear. No address of ours has the form as
    its end."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        is_first = request.content_type == parsers[0].media_type
        return parsers[0] if is_first else super().select_parser(request, parsers)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        takes_anything = request.META.get("HTTP_ACCEPT", ANYTHING) == ANYTHING
        has_query = bool(request.META.get("QUERY_STRING"))
        if takes_anything and not (has_query and self.settings.URL_FORMAT_OVERRIDE in request.query_params):
            return renderers[0], renderers[0].media_type
        return super().select_renderer(request, renderers, format_suffix)
