"""The AsyncAPI 3.0 document of the WebSocket."""

from __future__ import annotations

from typing import Any

import msgspec
from django.conf import settings

from eventhub.contract.messages import MESSAGES
from events.contract.schemas import Schema
from subscriptions.protocol.commands import COMMANDS

CHANNEL, ADDRESS = "events", "/ws/events"
SCHEMAS = "#/components/schemas/"
COMMAND, MESSAGE, EVENT = "command", "message", "event"
DESCRIPTION = "Clients subscribe and get events, in text frames with one JSON value each."
SCHEMES = {"token": {"type": "http", "scheme": "bearer", "description": "A token from /account, or a session."}}


def asyncapi(contract: Schema, host: str, site: str, *, secure: bool) -> dict[str, Any]:
    """Return the document. `contract` has the event types whose events may come, `site` the path of the site."""
    commands = {f"{COMMAND}_{name}": shape for name, shape in COMMANDS.items()}
    answers = {f"{MESSAGE}_{shape.__struct_config__.tag}": shape for shape in MESSAGES}
    shapes = commands | answers
    schemas, components = msgspec.json.schema_components(shapes.values(), ref_template=f"{SCHEMAS}{{name}}")
    events = {f"{EVENT}_{id}": schema for id, schema in contract["$defs"].items()}
    messages = {name: message(name, schema) for name, schema in zip(shapes, schemas, strict=True)}
    messages[f"{MESSAGE}_plain_pong"] = message("pong", {"const": "pong"})
    messages |= {name: message(name, {"$ref": f"{SCHEMAS}{name}"}) for name in events}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "eventhub", "version": settings.EVENTHUB_VERSION, "description": DESCRIPTION},
        "defaultContentType": "application/json",
        "servers": {
            "this": {
                "host": host,
                "pathname": site,
                "protocol": "wss" if secure else "ws",
                "security": [{"$ref": "#/components/securitySchemes/token"}],
            }
        },
        "channels": {
            CHANNEL: {
                "address": ADDRESS,
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            }
        },
        "operations": {
            "command": operation("receive", "What clients send.", commands),
            "answer": operation("send", "What the server sends.", [name for name in messages if name not in commands]),
        },
        "components": {"messages": messages, "schemas": {**components, **events}, "securitySchemes": SCHEMES},
    }


def message(name: str, schema: Schema) -> Schema:
    return {"name": name, "payload": schema}


def operation(action: str, told: str, names: Any) -> Schema:
    """Return an operation from the server's side: it receives commands."""
    messages = [{"$ref": f"#/channels/{CHANNEL}/messages/{name}"} for name in names]
    return {"action": action, "channel": {"$ref": f"#/channels/{CHANNEL}"}, "summary": told, "messages": messages}
