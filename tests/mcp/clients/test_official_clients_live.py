"""What is recorded of the official MCP clients is what they do."""

from __future__ import annotations

import random

import pytest

from tests.mcp.clients import official
from tests.mcp.clients.odd import ODD
from tests.settings import examples


async def test_the_recorded_verdicts_are_those_of_the_clients_themselves() -> None:
    """`python -m tests.mcp.clients.official` writes them anew, for another version of a client. `make test` asks about
    others each time."""
    if program := official.lacking():
        pytest.skip(f"{program} is not installed, which the official MCP client for TypeScript needs.")
    recorded = official.recorded()
    assert recorded.keys() == ODD.keys()
    names = random.sample(sorted(ODD), examples(len(ODD)))
    assert await official.live(names) == {name: recorded[name] for name in names}
