"""Files that name MCP servers: configurations of clients, a registry's server.json, compose files with labels."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import yaml

from events.mcp.importing.entry import Entry, entry

MAX_BYTES = 1024 * 1024  # of a file
MAX_SERVERS = 1_000
MAX_PARTS = 50_000  # of a YAML file: its texts, lists and maps, and their ends; to read so many takes half a second
MAX_DEPTH = 32  # of lists and maps in each other, in YAML; compose files have six
LABEL = "eventhub.mcp."
ALLOWED = "mcpServers, servers, a registry's server.json, or compose services with the label eventhub.mcp.url"

# Each finds what is unwanted, and texts, which stay. What is not closed reaches to the end, so that no part of a file
# is read over and over. They do without `*+` and `++`, of which Python 3.11.2 makes mistakes.
TEXT = r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)'
COMMENT = re.compile(rf"({TEXT})|//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
LAST_COMMA = re.compile(rf"({TEXT})|,(?=\s*[}}\]])", re.DOTALL)


class NotReadable(Exception):
    """A file in which no server can be found; the message says why, and quotes nothing of it."""


def entries(text: str) -> list[Entry]:
    """Return the servers of a file, each name once. Raises NotReadable."""
    if len(text.encode()) > MAX_BYTES:
        raise NotReadable(f"The file is larger than {MAX_BYTES:,} bytes.")
    found: dict[str, Entry] = {}
    for each in of_document(parsed(text)):
        if each.name in found:
            each = each._replace(columns={}, notes=(), refused="Another server of the file has this name, too.")
            found[f"{each.name} ({len(found)})"] = each
        else:
            found[each.name] = each
        if len(found) > MAX_SERVERS:
            raise NotReadable(f"The file has more than {MAX_SERVERS:,} servers.")
    return list(found.values())


def parsed(text: str) -> Any:
    text = text.removeprefix("\ufeff")
    for as_json in (str, without_comments):
        with suppress(ValueError, RecursionError):
            return json.loads(as_json(text))
    try:
        refuse_too_much(text)
        return yaml.load(text, Loader=PlainLoader)  # noqa: S506  a loader of plain values alone
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise NotReadable(f"The file is neither JSON nor YAML{where}.") from None


def refuse_too_much(text: str) -> None:
    """Raise NotReadable for YAML that would take long to load. Aliases could make a short file a long one."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=PlainLoader)):
        if isinstance(event, yaml.AliasEvent):
            raise NotReadable("The file is not JSON, and as YAML it has an alias: write out what it stands for.")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise NotReadable(f"The file is not JSON, and as YAML it is more than {MAX_DEPTH} lists and maps deep.")
        if count > MAX_PARTS:
            raise NotReadable(f"The file is not JSON, and as YAML it has more than {MAX_PARTS:,} parts.")


def without_comments(text: str) -> str:
    """Return JSON without the comments, and the commas before a closing bracket, that editors allow."""
    for unwanted in (COMMENT, LAST_COMMA):
        text = unwanted.sub(lambda match: match[1] or " ", text)
    return text


NULL, TRUTH = "tag:yaml.org,2002:null", "tag:yaml.org,2002:bool"
PLAIN = {NULL, TRUTH, *(f"tag:yaml.org,2002:{name}" for name in ("str", "seq", "map"))}


class PlainLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # without C where there is none
    """Takes numbers and dates as the texts that they are: YAML has numbers that take minutes to work out."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag in PLAIN]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    yaml_constructors = {
        tag: construct for tag, construct in yaml.SafeLoader.yaml_constructors.items() if tag is None or tag in PLAIN
    }


def of_document(document: Any) -> Iterator[Entry]:
    if not isinstance(document, Mapping):
        raise NotReadable(f"The file has no servers in it; it may have: {ALLOWED}.")
    settings = document.get("mcp")
    servers = document.get("mcpServers")
    if servers is None and isinstance(settings, Mapping):
        servers = settings.get("servers") or settings.get("mcpServers")
    if servers is None:
        servers = document.get("servers")
    if isinstance(servers, Mapping):
        return of_map(servers)
    if isinstance(servers, list):  # an answer of a registry
        return (
            each for one in servers for each in of_registry(one.get("server", one) if isinstance(one, dict) else {})
        )
    if isinstance(document.get("services"), Mapping):
        return of_compose(document["services"])
    if "remotes" in document or "packages" in document:
        return of_registry(document)
    raise NotReadable(f"The file has no servers in it; it may have: {ALLOWED}.")


def of_map(servers: Mapping[Any, Any]) -> Iterator[Entry]:
    for name, told in servers.items():
        yield entry(str(name), told if isinstance(told, Mapping) else {})


def of_registry(server: Mapping[str, Any]) -> Iterator[Entry]:
    """Yield the server by its first address; one that has only packages runs commands."""
    name = str(server.get("name", ""))  # whole: many publishers call theirs “…/mcp”
    remotes = server.get("remotes")
    remotes = [each for each in remotes if isinstance(each, Mapping)] if isinstance(remotes, list) else []
    kind = str(server.get("title") or "")[:100], str(server.get("description") or "")[:500]
    if not remotes:
        yield entry(name, {"type": "stdio"})
        return
    best = next((each for each in remotes if each.get("type") != "sse"), remotes[0])
    headers = best.get("headers")
    named = {
        str(each.get("name")): str(each.get("value", ""))
        for each in (headers if isinstance(headers, list) else [])
        if isinstance(each, Mapping) and (each.get("isRequired") or each.get("isSecret") or each.get("value"))
    }
    yield entry(
        name,
        {"type": best.get("type", ""), "url": best.get("url"), "headers": named},
        title=kind[0],
        description=kind[1],
    )


def of_compose(services: Mapping[Any, Any]) -> Iterator[Entry]:
    for name, service in services.items():
        labels = service.get("labels") if isinstance(service, Mapping) else None
        if isinstance(labels, list):
            labels = dict(str(each).partition("=")[::2] for each in labels)
        if not isinstance(labels, Mapping) or f"{LABEL}url" not in labels:
            continue
        told = {key: str(labels.get(f"{LABEL}{key}", "")) for key in ("name", "url", "title", "description", "auth")}
        headers = {told["auth"]: "${}"} if told["auth"] else {}
        yield entry(
            told["name"] or str(name), {"url": told["url"], "headers": headers},
            title=told["title"], description=told["description"],
        )  # fmt: skip
