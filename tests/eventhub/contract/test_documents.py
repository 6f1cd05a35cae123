"""OpenAPI and AsyncAPI: valid in the eyes of others, complete, and true to what the protocol shows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from jsonschema import Draft7Validator, Draft202012Validator
from pytest_django import Settings

from eventhub.asgi import streams
from eventhub.contract.openapi import openapi
from tests.docs.documents import blocks, document, json_values, section
from tests.emitting import emit_many
from tests.events.callers import person, problem
from tests.servers import ROOT, ServerProcess
from tests.subscriptions.event_stream import streaming

OPENAPI, ASYNCAPI = "/api/v1/openapi.json", "/api/v1/asyncapi.json"
ASYNCAPI_SCHEMA = ROOT / "node_modules" / "@asyncapi" / "specs" / "schemas" / "3.0.0.json"


def routes(resolver: URLResolver, before: str = "") -> Iterator[str]:
    for each in resolver.url_patterns:
        path = before + str(each.pattern).lstrip("^")
        if isinstance(each, URLResolver):
            yield from routes(each, path)
        elif isinstance(each, URLPattern) and path.startswith("api/v1/"):
            yield f"/{path}".replace("/?$", "").replace("\\", "").rstrip("$")


def as_route(path: str) -> str:
    """An address of such a path, as routes match it."""
    return path.replace("{id}", "1").replace("{name}", "a").rstrip("/")


def test_openapi_is_valid_and_open_to_everybody(client: Client) -> None:
    from openapi_spec_validator import validate  # each worker that collects these tests would import it

    answer = client.get(OPENAPI)
    assert answer.status_code == 200
    validate(answer.json())
    assert client.get(OPENAPI, headers={"If-None-Match": answer["ETag"]}).status_code == 304


def test_every_route_of_the_api_is_in_the_document_and_nothing_else_is() -> None:
    described = set(openapi("/")["paths"])
    found = {*routes(get_resolver()), *(path for path in streams.addresses if path.startswith("/api/"))}
    unknown = {path for path in described if not any(re.fullmatch(route, as_route(path)) for route in found)}
    missing = {route for route in found if not any(re.fullmatch(route, as_route(path)) for path in described)}
    assert (unknown, missing) == (set(), set())


@pytest.mark.django_db
@pytest.mark.skipif(not ASYNCAPI_SCHEMA.exists(), reason="needs node and npm (make test installs the rest)")
def test_asyncapi_is_valid_for_the_schema_that_asyncapi_publishes() -> None:
    told = person("alice").get(ASYNCAPI).json()
    errors = Draft7Validator(json.loads(ASYNCAPI_SCHEMA.read_text())).iter_errors(told)
    assert [(error.json_path, error.message) for error in errors] == []
    problem(Client().get(ASYNCAPI), 401, "unauthorized")


@pytest.mark.django_db
def test_every_command_and_message_that_the_protocol_shows_is_in_asyncapi() -> None:
    told = person("alice").get(ASYNCAPI).json()
    shown = [
        value
        for block in blocks(section(document("docs/protocol.md"), "WebSocket"), "json")
        for value in json_values(block)
        if value == "pong" or (isinstance(value, dict) and value.keys() & {"action", "type"})
    ]
    assert len(shown) > 20
    for value in shown:
        kind = "command" if isinstance(value, dict) and "action" in value else "answer"
        assert fitting(told, kind, value), value
    assert not fitting(told, "command", {"action": "subscribe", "event_types": "user_login"})
    assert not fitting(told, "answer", {"type": "subscribed", "subscription_id": 5})


async def test_every_block_of_a_stream_is_in_asyncapi(server: ServerProcess) -> None:
    headers = {"Authorization": f"Bearer {server.token('alice')}"}
    told = httpx.get(server.url + ASYNCAPI, headers=headers).json()
    described = {each["$ref"].rpartition("/")[2] for each in told["operations"]["stream"]["messages"]}
    named = {f"block_{name}" for name in re.findall(r"`event: (\w+)`", document("docs/sse.md"))}
    assert {name for name in described if not name.startswith("event_")} == named
    emit_many(server, ["live_mcp"])
    async with streaming(server, "event_type=mcp_status_change&last=1") as stream:
        seen = await stream.until("replayed")
        server.stop()
        seen += await stream.until("ended")
    names = [f"block_{block.name}" if block.name else "event_mcp_status_change" for block in seen]
    assert names == ["block_subscribed", "event_mcp_status_change", "block_replayed", "block_ended"]
    for name, block in zip(names, seen, strict=True):
        assert name in fitting(told, "stream", block.data), block


def fitting(told: dict[str, Any], operation: str, value: Any) -> list[str]:
    """The messages of an operation that a value is one of."""
    names = [each["$ref"].rpartition("/")[2] for each in told["operations"][operation]["messages"]]
    payloads = {name: told["components"]["messages"][name]["payload"] for name in names}
    whole = {"components": told["components"]}
    return [name for name, payload in payloads.items() if Draft202012Validator(payload | whole).is_valid(value)]


@pytest.mark.django_db
def test_the_page_lists_all_calls_to_those_who_are_signed_in_and_runs_no_script_of_its_own(settings: Settings) -> None:
    staticfiles = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": staticfiles}
    browser = Client()
    assert browser.get("/api/docs").status_code == 302
    browser.force_login(User.objects.create_user("bob"))
    page = browser.get("/api/docs").content.decode()
    for path, calls in openapi("/")["paths"].items():
        for method in calls:
            assert f"<code>{method.upper()} {path}</code>" in page
    assert "filter.&lt;name&gt;" in page
    assert re.findall(r"<script(?![^>]* src=)|\son\w+=|\sstyle=|(?:src|href)=\"https?:", page) == []
