"""What is recorded of the official MCP clients is what they do."""

from __future__ import annotations

import pytest

from tests.mcp.clients import official


async def test_the_recorded_verdicts_are_those_of_the_clients_themselves() -> None:
    """`python -m tests.mcp.clients.official` writes them anew, for another version of a client."""
    if program := official.lacking():
        pytest.skip(f"{program} is not installed, which the official MCP client for TypeScript needs.")
    assert await official.live() == official.recorded()
