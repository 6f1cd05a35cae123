"""Servers from files: ten forms as people have them, twice the same, and no secret in the database or in the output."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.test import Client
from pytest_django import Settings

from eventhub.environment import network
from events.cli.command import Error
from events.mcp.importing.formats import NotReadable, entries
from events.mcp.models import McpServer, SecretBinding
from tests.cases import each_case
from tests.mcp.outcomes import told

pytestmark = pytest.mark.django_db

SECRET = "sk_live_4f9aZ81c0d"
BEARER = {"Authorization": f"Bearer {SECRET}"}
STDIO = {"command": "npx", "args": ["-y", "some-mcp"], "env": {"API_KEY": SECRET}}
COMPOSE = f"""
services:
  db:
    image: postgres
  weather:
    labels:
      eventhub.mcp.url: http://127.0.0.1:9/mcp
      eventhub.mcp.title: Weather
    environment:
      TOKEN: {SECRET}
  crm:
    labels: ["eventhub.mcp.url=http://127.0.0.1:10/mcp", "eventhub.mcp.name=crm_mcp", "eventhub.mcp.auth=X-Api-Key"]
"""
REGISTRY = {
    "name": "io.github.acme/weather",
    "title": "Weather",
    "description": "Tells the weather.",
    "remotes": [
        {"type": "sse", "url": "http://127.0.0.1:9/sse"},
        {
            "type": "streamable-http",
            "url": "http://127.0.0.1:9/mcp",
            "headers": [{"name": "X-Api-Key", "isSecret": True, "value": SECRET}],
        },
    ],
}
WITH_COMMENTS = """{
  // What editors write is not quite JSON.
  "servers": {
    "weather": {"type": "http", "url": "http://127.0.0.1:9/mcp"}, /* "crm": {"url": "http://127.0.0.1:10/mcp"}, */
    "files": {"type": "stdio", "command": "npx", "args": ["-y", "a//b", "c,]"],},
  },
  "inputs": [{"id": "key", "password": true},],
}"""
URL = "http://127.0.0.1:9/mcp"
OPEN = {"remotes": [{"type": "streamable-http", "url": URL}]}


@pytest.fixture(autouse=True)
def _loopback_is_allowed(settings: Settings) -> None:
    settings.MCP_ALLOWED_NETWORKS = [network("127.0.0.0/8")]


def run(tmp_path: Path, content: Any, *options: str) -> str:
    file = tmp_path / "servers.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    out = io.StringIO()
    call_command("import_mcp_servers", str(file), *options, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def servers() -> dict[str, tuple[str, str, str]]:
    return {each.name: (each.url, each.auth, each.secret_ref) for each in McpServer.objects.all()}


@pytest.mark.parametrize(
    ("content", "made"),
    [
        ({"mcpServers": {"weather": {"url": URL}, "files": STDIO}}, {"weather": (URL, "none", "")}),
        ({"mcpServers": {"Weather Service": {"type": "http", "url": URL}}}, {"weather_service": (URL, "none", "")}),
        (
            {"mcpServers": {"weather": {"type": "streamable-http", "url": URL, "headers": BEARER}}},
            {"weather": (URL, "bearer", "env:MCP_SECRET_WEATHER")},
        ),
        (
            {
                "servers": {"a": {"type": "http", "url": URL, "headers": {"X-Key": "${env:MCP_SECRET_KEY}"}}},
                "inputs": [],
            },
            {"a": (URL, "header", "env:MCP_SECRET_KEY")},
        ),
        ({"mcp": {"servers": {"a": {"url": URL}}}}, {"a": (URL, "none", "")}),
        ({"mcpServers": {"a": {"serverUrl": URL}}}, {"a": (URL, "none", "")}),
        ({"mcpServers": {"a": {"httpUrl": URL}, "b": {"type": "sse", "url": URL}}}, {"a": (URL, "none", "")}),
        (WITH_COMMENTS, {"weather": (URL, "none", "")}),
        (REGISTRY, {"io_github_acme_weather": (URL, "header", "env:MCP_SECRET_IO_GITHUB_ACME_WEATHER")}),
        (
            {"servers": [{"server": REGISTRY}, {"server": {**OPEN, "name": "org.example/weather"}}]},
            {
                "io_github_acme_weather": (URL, "header", "env:MCP_SECRET_IO_GITHUB_ACME_WEATHER"),
                "org_example_weather": (URL, "none", ""),
            },
        ),
        (
            COMPOSE,
            {"weather": (URL, "none", ""), "crm_mcp": ("http://127.0.0.1:10/mcp", "header", "env:MCP_SECRET_CRM_MCP")},
        ),
    ],
)
def test_a_file_is_previewed_then_taken_over_once_and_keeps_no_secret(
    tmp_path: Path, content: Any, made: dict[str, tuple[str, str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    preview = run(tmp_path, content)
    assert not McpServer.objects.exists()
    first = run(tmp_path, content, "--apply")
    assert preview == first
    assert servers() == made
    again = run(tmp_path, content, "--apply")
    assert [line[0] for line in again.splitlines() if line[0] in "+~="] == ["="] * len(made)
    assert len(told("mcp_status_change")) == len(made)
    assert not SecretBinding.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM events_event")
        kept = str(cursor.fetchall()) + str(list(McpServer.objects.values()))
    assert SECRET not in preview + kept + caplog.text


@each_case(
    ("server", "reason"),
    [
        (STDIO, "It runs a command (stdio)"),
        ({"type": "stdio"}, "It runs a command (stdio)"),
        ({"type": "sse", "url": URL}, "the old SSE transport"),
        ({"type": "websocket", "url": URL}, "only streamable HTTP"),
        ({"url": f"{URL}?api_key={SECRET}"}, "Its address has a secret in it"),
        ({"url": f"http://ada:{SECRET}@127.0.0.1:9/"}, "Its address has a secret in it"),
        ({"url": f"{URL}/0123456789abcdef0123456789abcdef"}, "Its address has a secret in it"),
        ({"url": "https://${input:host}/mcp"}, "placeholder"),
        ({"url": "http://169.254.169.254/"}, "169.254.169.254"),
        ({"url": "http://10.0.0.1/"}, "10.0.0.1"),
        ({"url": 7}, "no address"),
        (None, "no address"),
    ],
)
def test_what_cannot_be_registered_is_refused_with_its_reason(tmp_path: Path, server: Any, reason: str) -> None:
    told = run(tmp_path, {"mcpServers": {"a": server, "b": {"url": URL}}}, "--apply")
    assert told.startswith("x a: ")
    assert reason in told
    assert SECRET not in told
    assert list(servers()) == ["b"]


def test_another_address_is_a_change_that_is_shown_and_the_rest_of_a_server_stays(tmp_path: Path) -> None:
    run(tmp_path, {"mcpServers": {"a": {"url": URL, "headers": BEARER}}}, "--apply")
    McpServer.objects.update(title="Mine", check_interval_s=60)
    moved = {"mcpServers": {"a": {"url": "http://127.0.0.1:11/mcp", "headers": BEARER}}}
    assert f"url: {URL} → http://127.0.0.1:11/mcp" in run(tmp_path, moved, "--apply")
    server = McpServer.objects.get()
    assert (server.title, server.check_interval_s, server.secret_ref) == ("Mine", 60, "env:MCP_SECRET_A")
    assert run(tmp_path, moved, "--apply") == "= a\n"


def test_two_servers_of_one_name_are_not_both_taken(tmp_path: Path) -> None:
    told = run(tmp_path, {"mcpServers": {"a b": {"url": URL}, "a-b": {"url": URL}, "A B": {"url": URL}}})
    assert [line for line in told.splitlines() if line.startswith("x")] == [
        "x a_b: Another server of the file has this name, too."
    ]


@each_case("text", ["", "[]", "{", "a: [", '{"other": 1}', "[" * 10_000, "a: !!int 7"])
def test_a_file_without_servers_is_refused_and_not_quoted(tmp_path: Path, text: str) -> None:
    with pytest.raises(NotReadable):
        entries(text)
    with pytest.raises(Error) as refused:
        run(tmp_path, text)
    assert refused.value.returncode == 4


@each_case(
    ("text", "reason"),
    [
        ("- a\n" * 250_000, "as YAML it has more than 50,000 parts"),
        ("- " * 500_000, "as YAML it is more than 32 lists and maps deep"),
        ("x: &a [1]\ny: *a", "as YAML it has an alias"),
        ("a: 1" + ":59" * 300_000, "no servers in it"),  # YAML has numbers to the base of 60
        ('"' * 1_000_000, "neither JSON nor YAML, line 1"),
    ],
)
def test_a_large_file_without_sense_is_refused_before_it_is_loaded(text: str, reason: str) -> None:
    with pytest.raises(NotReadable, match=reason):
        entries(text)


def test_an_address_of_open_brackets_is_read_once() -> None:
    [found] = entries(json.dumps({"mcpServers": {"a": {"url": "{<" * 500_000}}}))
    assert not found.refused  # as what is registered may not be so long, it is refused then


def upload(client: Client, content: Any) -> Any:
    file = SimpleUploadedFile("mcp.json", json.dumps(content).encode())
    return client.post("/admin/mcp/mcpserver/import/", {"file": file})


@pytest.mark.usefixtures("unhashed_static_files")
def test_an_upload_is_looked_at_before_it_is_done_and_needs_the_permission() -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    content = {"mcpServers": {"weather": {"url": URL, "headers": BEARER}, "files": STDIO}}
    shown = upload(client, content).content.decode()
    assert "It runs a command (stdio)" in shown
    assert SECRET not in shown + str(dict(client.session))
    assert not McpServer.objects.exists()
    assert (
        "1 MCP server added or changed."
        in client.post("/admin/mcp/mcpserver/import/", {"apply": "Do it"}, follow=True).content.decode()
    )
    assert servers() == {"weather": (URL, "bearer", "env:MCP_SECRET_WEATHER")}
    assert "may have: mcpServers" in upload(client, {}).content.decode()
    client.force_login(User.objects.create_user("vera", is_staff=True))
    assert upload(client, content).status_code == 403
