"""The calls about events, and the one about MCP servers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eventhub.contract.answers import (
    Around,
    Counts,
    Explanation,
    History,
    McpServer,
    Metadata,
    NewEvent,
    Preview,
    Receipt,
    Ticket,
)
from eventhub.contract.call import JSON, Answer, Body, Call, Parameter, ok
from events.broadcast import MAX_BATCH
from events.core.event_types import SEVERITIES
from events.http.bodies import BATCH, CLOUD_EVENT, CloudEvent, NewCloudEvent
from events.http.counts import MAX_PARTS
from events.http.parameters import MAX_LIMIT
from subscriptions.protocol.commands import MAX_LAST

EVENTS, STREAM = "events", "/api/v1/events/stream"
TEXT = {"type": "string"}
OBJECT: Mapping[str, Any] = {"type": "object"}
NOT_CHANGED = Answer("Nothing has changed since the ETag that was sent.")

EVENT_ID = Parameter("id", "The id of an event.", TEXT, "path")
TYPES = Parameter("event_type", "An event type; may be repeated.", {"type": "array", "items": TEXT})
# With `explode`, the members of this object are parameters of their own.
FILTERS = Parameter(
    "filters",
    "A parameter `filter.<name>` for each filter, which may be repeated: any of the values.",
    {
        "type": "object",
        "propertyNames": {"pattern": r"^filter\.[a-z][a-z0-9_]*$"},
        "additionalProperties": TEXT,
    },
)
SEVERITY = Parameter(
    "severity",
    "A severity; may be repeated: any of them.",
    {"type": "array", "items": {"enum": list(SEVERITIES)}},
)
SINCE = Parameter("since", "The first moment, ISO 8601.", TEXT)
UNTIL = Parameter("until", "The last moment, ISO 8601.", TEXT)
AFTER = Parameter("after", "Send first what came after this position; the header `Last-Event-ID` does, too.", TEXT)
LAST = Parameter("last", "Send first so many of the newest.", {"type": "integer", "minimum": 1, "maximum": MAX_LAST})
TICKET = Parameter("ticket", "A ticket, where no header can be sent.", TEXT)
LIMIT = Parameter("limit", "Events of a page.", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT})
CURSOR = Parameter("cursor", "`next` of the page before.", TEXT)
PARTS = Parameter("parts", "Parts of the time.", {"type": "integer", "minimum": 1, "maximum": MAX_PARTS})

ASKED = (TYPES, FILTERS)
SEARCH = (*ASKED, SEVERITY, SINCE, UNTIL)
BAD_SEARCH = (400, 422)

CALLS = (
    Call(
        "get",
        "/api/v1/events/metadata",
        EVENTS,
        "The event types, their filters and the limits, for this viewer.",
        {**ok(Metadata), 304: NOT_CHANGED},
        public=True,
    ),
    Call(
        "get",
        "/api/v1/events/schemas",
        EVENTS,
        "The event types that this viewer may see, as JSON Schema.",
        {200: Answer("A JSON Schema that each event fits.", {"application/schema+json": OBJECT}), 304: NOT_CHANGED},
        public=True,
    ),
    Call("get", "/api/v1/events/mcp-list", EVENTS, "All MCP servers, by name.", ok(list[McpServer]), public=True),
    Call(
        "get",
        "/api/v1/events/",
        EVENTS,
        "The history: what is in the log, newest first.",
        {200: Answer("A page of the log.", {JSON: History, BATCH: list[CloudEvent]})},
        (*SEARCH, LIMIT, CURSOR),
        refused=(*BAD_SEARCH, 406),
    ),
    Call(
        "post",
        "/api/v1/events/",
        EVENTS,
        f"Emit an event, or up to {MAX_BATCH:,}: all or none.",
        {201: Answer("What was emitted, in the same order.", {JSON: Receipt | list[Receipt]})},
        body=Body(
            {
                JSON: NewEvent | list[NewEvent],
                CLOUD_EVENT: NewCloudEvent,
                BATCH: list[NewCloudEvent],
            }
        ),
        refused=(400, 409, 411, 413, 415, 422),
    ),
    Call(
        "get",
        STREAM,
        EVENTS,
        "Events as they happen, as server-sent events.",
        {200: Answer("A stream that goes on.", {"text/event-stream": TEXT})},
        (*ASKED, AFTER, LAST, TICKET),
        refused=(400, 422),
    ),
    Call(
        "post",
        "/api/v1/tickets/",
        EVENTS,
        "Make a ticket, which lets in one WebSocket or stream.",
        {201: Answer("The ticket.", {JSON: Ticket})},
    ),
    *(
        Call(
            "get",
            f"/api/v1/events/export.{name}",
            EVENTS,
            f"All that history shows, as {told}.",
            {200: Answer("The file.", {content_type: TEXT})},
            SEARCH,
            refused=BAD_SEARCH,
        )
        for name, told, content_type in (("csv", "CSV", "text/csv"), ("ndjson", "JSON lines", "application/x-ndjson"))
    ),
    Call(
        "get",
        "/api/v1/events/preview",
        EVENTS,
        "What a subscription would bring.",
        ok(Preview),
        SEARCH,
        refused=BAD_SEARCH,
    ),
    Call(
        "get",
        "/api/v1/events/counts",
        EVENTS,
        "How many events there were, by time and severity.",
        ok(Counts),
        (*SEARCH, PARTS),
        refused=BAD_SEARCH,
    ),
    Call(
        "get",
        "/api/v1/events/{id}/explain",
        EVENTS,
        "Why a subscription gets an event, or does not.",
        ok(Explanation),
        (EVENT_ID, *ASKED),
        refused=(*BAD_SEARCH, 404),
    ),
    Call(
        "get",
        "/api/v1/events/{id}/around",
        EVENTS,
        "What else happened to the same subject.",
        ok(Around),
        (EVENT_ID,),
        refused=(400, 404),
    ),
)
