"""Each reason to end a connection has one number in a WebSocket's Close, from which any client sees what to do next."""

from __future__ import annotations

import ast

import pytest

from subscriptions.protocol.endings import Ending
from subscriptions.transports.websocket.close_codes import CLOSE_CODES
from tests.servers import ROOT

DO_NOT_COME_BACK = range(4500, 5000)  # docs/protocol.md; the clients rely on it


@pytest.mark.parametrize("ending", Ending)
def test_the_number_tells_whether_to_come_back(ending: Ending) -> None:
    assert (CLOSE_CODES[ending] not in DO_NOT_COME_BACK) == ending.comes_back


def test_no_two_reasons_have_the_same_number() -> None:
    assert len({*CLOSE_CODES.values()}) == len(Ending)


def test_only_the_websocket_transport_knows_the_numbers() -> None:
    paths = [path for package in ("subscriptions", "eventhub") for path in (ROOT / package).rglob("*.py")]
    knowing = {
        str(path.relative_to(ROOT))
        for path in paths
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in CLOSE_CODES.values()
    }
    assert knowing == {"subscriptions/transports/websocket/close_codes.py"}
