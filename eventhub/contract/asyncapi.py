"""The AsyncAPI 3.0 document of the WebSocket and of the event stream."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from django.conf import settings

from eventhub.contract.calls import AFTER, LAST, STREAM, TICKET
from eventhub.contract.messages import BLOCKS, MESSAGES
from events.contract.schemas import Schema
from subscriptions.protocol.commands import COMMANDS

SOCKET_CHANNEL, SOCKET = "events", "/ws/events"
STREAM_CHANNEL = "stream"
PONG = "message_plain_pong"
SCHEMAS = "#/components/schemas/"
COMMAND, MESSAGE, BLOCK, EVENT = "command", "message", "block", "event"
DESCRIPTION = (
    "Clients subscribe and get events: over a WebSocket, in text frames with one JSON value each, or over HTTP, as an "
    "event stream."
)
STREAM_TOLD = (
    "An event stream (text/event-stream). The payload is the `data` of a block. A block that is no event has a name, "
    "which is that of the message; `id` is the position to come back from."
)
FILTER = {"type": "string", "description": "A parameter for each filter; given several times, any of the values."}
QUERY = {
    "type": "object",
    "required": ["event_type"],
    "properties": {
        "event_type": {"type": "string", "description": "An event type; may be given several times."},
        **{each.name: {**each.schema, "description": each.told} for each in (AFTER, LAST, TICKET)},
    },
    "patternProperties": {"^filter\\.": FILTER},
}
SCHEMES = {"token": {"type": "http", "scheme": "bearer", "description": "A token from /account, or a session."}}


def asyncapi(contract: Schema, host: str, site: str, *, secure: bool) -> dict[str, Any]:
    """Return the document. `contract` has the event types whose events may come, `site` the path of the site."""
    commands = {f"{COMMAND}_{name}": shape for name, shape in COMMANDS.items()}
    answers = {f"{MESSAGE}_{shape.__struct_config__.tag}": shape for shape in MESSAGES}
    blocks = {f"{BLOCK}_{name}": shape for name, shape in BLOCKS.items()}
    shapes = commands | answers | blocks
    schemas, components = msgspec.json.schema_components(shapes.values(), ref_template=f"{SCHEMAS}{{name}}")
    events = {f"{EVENT}_{id}": schema for id, schema in contract["$defs"].items()}
    messages = {name: message(name, schema) for name, schema in zip(shapes, schemas, strict=True)}
    messages |= {f"{BLOCK}_{name}": {**messages[f"{BLOCK}_{name}"], "name": name} for name in BLOCKS}
    messages[PONG] = message("pong", {"const": "pong"})
    messages |= {name: message(name, {"$ref": f"{SCHEMAS}{name}"}) for name in events}
    sent = [*answers, PONG, *events]
    streamed = [*blocks, *events]
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "eventhub", "version": settings.EVENTHUB_VERSION, "description": DESCRIPTION},
        "defaultContentType": "application/json",
        "servers": {
            SOCKET_CHANNEL: server(host, site, "wss" if secure else "ws"),
            STREAM_CHANNEL: server(host, site, "https" if secure else "http"),
        },
        "channels": {
            SOCKET_CHANNEL: channel(SOCKET_CHANNEL, SOCKET, "A WebSocket.", [*commands, *sent]),
            STREAM_CHANNEL: channel(STREAM_CHANNEL, STREAM, STREAM_TOLD, streamed),
        },
        "operations": {
            "command": operation(SOCKET_CHANNEL, "receive", "What clients send.", commands),
            "answer": operation(SOCKET_CHANNEL, "send", "What the server sends.", sent),
            "stream": {
                **operation(STREAM_CHANNEL, "send", "What the server sends to whoever asks for a stream.", streamed),
                "bindings": {"http": {"method": "GET", "query": QUERY, "bindingVersion": "0.3.0"}},
            },
        },
        "components": {"messages": messages, "schemas": {**components, **events}, "securitySchemes": SCHEMES},
    }


def server(host: str, site: str, protocol: str) -> Schema:
    security = [{"$ref": "#/components/securitySchemes/token"}]
    return {"host": host, "pathname": site, "protocol": protocol, "security": security}


def channel(name: str, address: str, told: str, messages: Iterable[str]) -> Schema:
    """Return a channel on the server that has its name."""
    return {
        "address": address,
        "description": told,
        "servers": [{"$ref": f"#/servers/{name}"}],
        "messages": {each: {"$ref": f"#/components/messages/{each}"} for each in messages},
    }


def message(name: str, schema: Schema) -> Schema:
    return {"name": name, "payload": schema}


def operation(channel: str, action: str, told: str, names: Iterable[str]) -> Schema:
    """Return an operation from the server's side: it receives commands."""
    messages = [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in names]
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "summary": told, "messages": messages}
