"""The calls about the fleet of MCP servers; what may be set of a server is read from its model."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from eventhub.contract.call import JSON, Answer, Body, Call, Parameter, ok
from events.mcp.http.asked import Approval, Window
from events.mcp.http.described import SETTABLE
from events.mcp.models import McpServer
from events.mcp.models.words import WordsField

FLEET, SERVERS = "fleet", "/api/v1/mcp-servers"
TEXT = {"type": "string"}
NAME = Parameter("name", "The name of an MCP server.", {**TEXT, "pattern": "^[^/]{1,64}$"}, "path")
AFTER = Parameter("after", "`next` of the answer before.", TEXT)
BAD_BODY = (400, 411, 413, 415)
GONE = {204: Answer("It is done; there is nothing to say.")}
DETAILS = ("state", "uptime")
LISTS = ("tools", "maintenance")


class MaintenanceWindow(Struct):
    """A time in which a server's failures count for nothing."""

    id: int
    starts_at: str | None
    ends_at: str | None
    weekday: int | None
    at: str | None
    lasts_s: float | None
    zone: str | None
    note: str
    created_by: str


def settable(name: str) -> dict[str, Any]:
    field: Any = McpServer._meta.get_field(name)
    if isinstance(field, WordsField):
        return {"type": "array", "items": TEXT}
    kind = {"BooleanField": "boolean", "CharField": "string", "TextField": "string"}.get(field.get_internal_type())
    return {"type": [kind or "number", "null"] if field.null else kind or "number"}


ASKED: dict[str, Any] = {
    "type": "object",
    "properties": {name: settable(name) for name in SETTABLE},
    "additionalProperties": False,
}
SERVER = {
    "type": "object",
    "properties": {
        **ASKED["properties"],
        "disabled_by": TEXT,
        "status_reason": TEXT,
        **{name: {"type": "object"} for name in DETAILS},
        **{name: {"type": "array", "items": {"type": "object"}} for name in LISTS},
    },
    "required": [*SETTABLE, "disabled_by", "status_reason", *DETAILS, *LISTS],
}
LISTED = {
    "type": "object",
    "properties": {"servers": {"type": "array", "items": SERVER}, "next": {"type": ["string", "null"]}},
    "required": ["servers", "next"],
}
CONFIG = {"type": "object", "properties": {"mcpServers": {"type": "object"}}, "required": ["mcpServers"]}


def verb(name: str, told: str, body: Any = None) -> Call:
    sent = None if body is None else Body({JSON: body})
    return Call("post", f"{SERVERS}/{{name}}/{name}", FLEET, told, ok(SERVER), (NAME,), sent, (*BAD_BODY, 404, 409))


CALLS = (
    Call("get", SERVERS, FLEET, "The MCP servers, by name.", ok(LISTED), (AFTER,)),
    Call(
        "post",
        SERVERS,
        FLEET,
        "Register a server.",
        {201: Answer("It is registered.", {JSON: SERVER})},
        body=Body({JSON: ASKED}),
        refused=BAD_BODY,
    ),
    Call("get", f"{SERVERS}/mcp.json", FLEET, "The servers that work, as MCP clients read them.", ok(CONFIG)),
    Call("get", f"{SERVERS}/{{name}}", FLEET, "One server.", ok(SERVER), (NAME,), refused=(404,)),
    Call(
        "patch",
        f"{SERVERS}/{{name}}",
        FLEET,
        "Change it.",
        ok(SERVER),
        (NAME,),
        Body({JSON: ASKED}),
        (*BAD_BODY, 404),
    ),
    Call("delete", f"{SERVERS}/{{name}}", FLEET, "Delete it.", GONE, (NAME,), refused=(404,)),
    verb("check", "Check it now."),
    verb("enable", "Enable it."),
    verb("disable", "Disable it."),
    verb("reset", "Close its circuit."),
    verb("approve-tools", "Approve its tools.", Approval),
    Call(
        "post",
        f"{SERVERS}/{{name}}/maintenance",
        FLEET,
        "Announce maintenance.",
        {201: Answer("It is announced.", {JSON: MaintenanceWindow})},
        (NAME,),
        Body({JSON: Window}),
        (*BAD_BODY, 404),
    ),
    Call("delete", f"{SERVERS}/{{name}}/maintenance", FLEET, "End maintenance.", ok(SERVER), (NAME,), refused=(404,)),
)
