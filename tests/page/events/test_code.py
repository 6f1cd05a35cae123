"""“Use in code”: what the page shows is run as it stands."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from tests.emitting import emit
from tests.page.events_page import button, copied, lines, press, subscribe, tick
from tests.page.fleet import AWKWARD
from tests.page.visit import Visit
from tests.servers import ROOT, ServerProcess
from tests.waiting import WITHIN_S, eventually

pytestmark = pytest.mark.browser


def choose_awkward_server(page: Page) -> None:
    tick(page, "MCP status change")
    page.get_by_text("MCP servers: any").click()
    page.get_by_role("checkbox", name=AWKWARD).check()
    page.get_by_text("Severity: any").click()
    page.get_by_role("checkbox", name="error", exact=True).check()


def shown_code(page: Page, language: str) -> str:
    page.get_by_role("radio", name=language, exact=True).check()
    return page.get_by_label("Code", exact=True).inner_text()


@contextmanager
def running(arguments: list[str], server: ServerProcess) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        arguments,
        cwd=ROOT,
        env={
            **server.environment,
            "EVENTHUB_TOKEN": server.token("admin"),
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "clients" / "python"))),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=WITHIN_S)


def emit_three(server: ServerProcess, word: str) -> None:
    for name, severity in (("other", "error"), (AWKWARD, "info"), (AWKWARD, "error")):
        emit(server, "mcp_status_change", mcp_name=name, new_status="active", reason=word, severity=severity)


def test_python_javascript_and_curl_of_the_builder_do_what_it_says(visit: Visit, used_server: ServerProcess) -> None:
    page = visit("admin", used_server)
    choose_awkward_server(page)
    button(page, "Use in code").click()
    sent = json.loads(shown_code(page, "JSON"))
    assert sent["event_types"] == ["mcp_status_change"]
    assert sent["filters"] == {"mcp_names": [AWKWARD], "severity": ["error"]}

    with running([sys.executable, "-c", shown_code(page, "Python")], used_server) as client:
        assert client.stdout is not None
        assert client.stderr is not None
        assert any("subscribed" in line for line in client.stderr)
        emit_three(used_server, "python")
        assert "'severity': 'error'" in (line := client.stdout.readline())
        assert "python" in line

    code = shown_code(page, "JavaScript").replace("YOUR TOKEN", used_server.token("admin"))
    page.evaluate("() => { window.logged = []; console.log = (...words) => window.logged.push(words); }")
    page.evaluate(f"async () => {{ {code} }}")
    emit_three(used_server, "javascript")
    got = "window.logged.filter(([each]) => each.data)"
    eventually(lambda: page.evaluate(f"{got}.length === 1"))
    message = page.evaluate(f"{got}[0][0]")
    assert (message["data"]["mcp_name"], message["data"]["reason"]) == (AWKWARD, "javascript")

    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    environment = {**os.environ, "EVENTHUB_TOKEN": used_server.token("admin")}
    done = subprocess.run(
        ["sh", "-c", shown_code(page, "curl")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=True,
    )
    events, words = json.loads(done.stdout)["events"], ("javascript", "python")
    asked_for = [(event["data"]["mcp_name"], event["data"]["severity"]) for event in events]
    assert set(asked_for) == {(AWKWARD, "error")}
    reasons = [event["data"].get("reason") for event in events]
    assert [reason for reason in reasons if reason in words] == list(words)


def test_the_command_of_a_card_shows_the_events_of_its_subscription(visit: Visit, used_server: ServerProcess) -> None:
    page = visit("admin", used_server)
    choose_awkward_server(page)
    page.locator("#builder button[type=submit]").click()
    press(page, "Code for the subscription to MCP status change")
    command = shown_code(page, "Command")
    program, script, *arguments = shlex.split(command)
    assert (program, script) == (".venv/bin/python", "manage.py")
    with running([sys.executable, script, *arguments, "--json"], used_server) as client:
        assert client.stdout is not None
        assert client.stderr is not None
        assert any(line.startswith("Live on") for line in client.stderr)
        emit_three(used_server, "command")
        assert json.loads(client.stdout.readline())["data"]["mcp_name"] == AWKWARD


def test_code_is_copied_by_its_button_and_an_event_as_commands_that_make_one_like_it(
    visit: Visit, shared_server: ServerProcess
) -> None:
    page = visit("admin", shared_server, permissions=["clipboard-read", "clipboard-write"])
    subscribe(page, "MCP status change")
    press(page, "Code for the subscription to MCP status change")
    assert json.loads(copied(page, "Copy"))["event_types"] == ["mcp_status_change"]
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(button(page, "Code for the subscription to MCP status change")).to_be_focused()
    page.keyboard.press("Escape")
    emit(shared_server, "mcp_status_change", mcp_name=AWKWARD, new_status="active", count=3)
    page.locator("#feed article:not([data-log]) summary").click()
    expect(button(page, "Copy as JSON")).to_be_visible()
    shared_server.manage(*shlex.split(copied(page, "Copy as command"))[2:])
    expect(page.get_by_text("1 new · resume")).to_be_visible()
    environment = {**os.environ, "EVENTHUB_TOKEN": shared_server.token("emitter")}
    code = copied(page, "Copy as curl")
    assert code.startswith("curl")
    subprocess.run(["sh", "-c", code], env=environment, capture_output=True, timeout=WITHIN_S, check=True)
    button(page, "2 new · resume").click()
    expect(lines(page)).to_have_text([f"{AWKWARD} went active"] * 3)

    other = visit("alice", shared_server)
    subscribe(other, "MCP status change")
    emit(shared_server, "mcp_status_change", mcp_name="plain", new_status="active")
    other.locator("#feed article:not([data-log]) summary").click()
    expect(button(other, "Copy as JSON")).to_be_visible()
    expect(button(other, "Copy as curl")).to_have_count(0)
