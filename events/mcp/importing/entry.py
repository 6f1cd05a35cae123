"""One server of a file: what of it is taken, what is told about it, or why it is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from events.mcp.secret import PREFIX

STDIO = "It runs a command (stdio). eventhub only connects to addresses: a file must not make it run commands."
OLD_TRANSPORT = "It speaks the old SSE transport: register its endpoint of streamable HTTP, if there is one."
NO_ADDRESS = "It has no address."
UNFILLED = "Its address has a placeholder in it: put in what belongs there."
SECRET_IN_ADDRESS = "Its address has a secret in it. eventhub sends secrets in a header, and keeps none."  # noqa: S105

SECRET_NAMES = re.compile(
    r"(^|[_-])(api[_-]?key|key|token|secret|password|passwd|pwd|auth|sig|signature|credential)s?$", re.I
)
OPAQUE = re.compile(r"[A-Za-z0-9_\-]{32,}")  # such a part of a path is no word but a key
PLACEHOLDER = re.compile(r"\{[^{}]*\}|<[^<>]*>")
REFERENCE = re.compile(r"^\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]{0,127})\}$")
MAX_NAME = 64
HTTP_KINDS = ("", "http", "streamable-http", "streamablehttp", "streamable_http")


class Entry(NamedTuple):
    """`columns` are those of McpServer that the file tells. `notes` are for people, without any secret."""

    name: str
    columns: dict[str, Any]
    notes: tuple[str, ...] = ()
    refused: str = ""


def slug(name: str) -> str:
    """Return the name as servers may have it."""
    return re.sub(r"[^a-z0-9_-]+", "_", name.lower()).strip("_-")[:MAX_NAME]


def entry(name: str, told: Mapping[str, Any], **also: str) -> Entry:
    """Return what is taken of a server as a client's configuration has it."""
    called = slug(name)
    kind = str(told.get("type", told.get("transport", ""))).lower()
    url = told.get("url") or told.get("serverUrl") or told.get("httpUrl") or ""
    refused = problem(kind, url, told)
    if not called:
        refused = "It has no name that can be used."
    if refused:
        return Entry(called or "(no name)", {}, (), refused)
    columns: dict[str, Any] = {"url": url, **{key: text for key, text in also.items() if text}}
    headers = told.get("headers")
    credential, notes = of_headers(called, headers if isinstance(headers, dict) else {})
    if called != name:
        notes = (f"It is called {called} here.", *notes)
    return Entry(called, columns | credential, notes)


def problem(kind: str, url: object, told: Mapping[str, Any]) -> str:
    if kind == "stdio" or (told.get("command") and not url):
        return STDIO
    if kind == "sse":
        return OLD_TRANSPORT
    if kind not in HTTP_KINDS:
        return "It has a transport that eventhub does not speak: only streamable HTTP is supported."
    if not isinstance(url, str) or not url:
        return NO_ADDRESS
    if has_secret(url):
        return SECRET_IN_ADDRESS
    return UNFILLED if PLACEHOLDER.search(url) else ""


def has_secret(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False  # as the guard of addresses will say
    named = [name for name, value in parse_qsl(parts.query) if value]
    return bool(
        parts.username
        or parts.password
        or any(SECRET_NAMES.search(name) for name in named)
        or any(OPAQUE.fullmatch(part) and any(map(str.isdigit, part)) for part in parts.path.split("/"))
    )


def of_headers(name: str, headers: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return how a server is asked, with a reference in place of the secret, and what to tell of it."""
    named = {str(key): str(value) for key, value in headers.items()}
    authorization = next((key for key in named if key.lower() == "authorization"), None)
    key = authorization or next(iter(named), None)
    if key is None:
        return {}, ()
    scheme, _, rest = named[key].partition(" ")
    if authorization and scheme.lower() == "bearer" and rest:
        columns, value = {"auth": "bearer"}, rest.strip()
    else:
        columns, value = {"auth": "header", "auth_header": key}, named[key]
    match = REFERENCE.match(value)
    variable = match[1] if match and match[1].startswith(PREFIX) else PREFIX + slug(name).upper().replace("-", "_")
    columns["secret_ref"] = f"env:{variable}"
    notes = [f"Put the secret of its header {key} into the environment variable {variable}, and bind it in the admin."]
    if len(named) > 1:
        others = ", ".join(sorted(each for each in named if each != key))
        notes.append(f"Other headers are not sent: {others}.")
    return columns, tuple(notes)
