"""Lines of the log as JSON: programs read them, ids lead from an answer to its lines, and nothing secret is in them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import websockets
from websockets.exceptions import InvalidStatus

from eventhub import logs
from eventhub.json_lines import JsonLines
from events.log_ids import CONNECTION, REQUEST, AddIds
from tests.conftest import MakeServer
from tests.servers import ServerProcess
from tests.waiting import eventually


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[list[dict[str, Any]]]:
    """What a handler with these filters and this formatter writes."""
    written: list[dict[str, Any]] = []
    handler = logging.Handler()
    handler.setFormatter(JsonLines())
    for filter in (logs.RedactTokens(), AddIds()):
        handler.addFilter(filter)
    handler.emit = lambda record: written.append(json.loads(handler.format(record)))  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


def test_a_line_says_to_which_request_connection_and_event_it_belongs(lines: list[dict[str, Any]]) -> None:
    tokens = REQUEST.set("r1"), CONNECTION.set("c1")
    logging.getLogger("some.where").warning("%s happened", "it", extra={"event": "e-1", "data": {"a": "payload"}})
    REQUEST.reset(tokens[0])
    CONNECTION.reset(tokens[1])
    logging.getLogger("some.where").warning("again")
    first, second = lines
    assert first.pop("time").startswith("20")
    told = {"level": "WARNING", "logger": "some.where", "message": "it happened"}
    assert first == told | {"request": "r1", "connection": "c1", "event": "e-1"}
    assert second.keys() == {"time", "level", "logger", "message"}


def test_a_traceback_is_one_member_and_has_no_token(lines: list[dict[str, Any]]) -> None:
    token = "ehub_" + "0123456789abcdef" * 4
    try:
        raise ValueError(token)
    except ValueError:
        logging.getLogger("some.where").exception({"token": token})
    (line,) = lines
    assert "ValueError: ***" in line["exc_info"]
    assert token not in json.dumps(line)


async def test_a_server_writes_json_alone_and_an_answer_leads_to_its_line(make_server: MakeServer) -> None:
    server = make_server(env={"EVENTHUB_LOG_FORMAT": "json"}, server="uvicorn")
    with pytest.raises(InvalidStatus):
        await websockets.connect(server.ws_url, origin="https://other.example", proxy=None)  # type: ignore[arg-type]
    line = eventually(lambda: next((each for each in json_lines(server) if "other.example" in each["message"]), None))
    assert "EVENTHUB_ALLOWED_ORIGINS" in line["message"]
    assert len(line["request"]) == 16


def json_lines(server: ServerProcess) -> list[dict[str, Any]]:
    return [json.loads(line) for line in server.log.splitlines() if not line.startswith("eventhub is up")]


def test_a_request_has_the_id_that_its_proxy_gave_if_it_can_be_one(shared_server: ServerProcess) -> None:
    def id_of(given: str) -> str:
        return httpx.get(f"{shared_server.url}/login/", headers={"X-Request-ID": given}).headers["x-request-id"]

    assert id_of("from-the-proxy.1") == "from-the-proxy.1"
    for bad in ("short", "x" * 65, "with space", "{}{}{}{}{}"):
        assert len(id_of(bad)) == 16
    assert id_of("") != id_of("")


def test_a_page_at_an_address_that_is_not_allowed_says_what_is_missing(make_server: MakeServer) -> None:
    other = {"EVENTHUB_ALLOWED_ORIGINS": "https://events.example"}
    server = make_server(env=other, server="uvicorn")
    page = httpx.get(f"{server.url}/login/").text
    assert f"<code>{server.url}</code> to <code>EVENTHUB_ALLOWED_ORIGINS</code>" in page


def test_a_page_that_is_allowed_says_nothing_of_that(shared_server: ServerProcess) -> None:
    assert "EVENTHUB_ALLOWED_ORIGINS" not in httpx.get(f"{shared_server.url}/login/").text
