"""The monitor is not stricter than the official MCP clients: what both of them take is never unhealthy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

import httpx
import pytest

from events.mcp.probe import Era, eras, new_client, probe
from tests.cases import each_case
from tests.mcp.clients import official
from tests.mcp.clients.odd import ODD
from tests.mcp.misbehaving import Misbehaving
from tests.mcp.probing import LOOPBACK, patient

VERDICTS = official.recorded()
TAKEN = sorted(name for name, verdicts in VERDICTS.items() if all(verdicts.values()))
# Each also takes more than the other. The monitor takes that too where nothing is lost by it.
TAKEN_BY_ONE = ["float_id", "null_error", "batch", "bom", "half_a_surrogate", "broken_utf8", "stream_of_cr"]
# What is told of, as some clients stumble over it.
DEVIATIONS = {
    "empty_cursor": "empty nextCursor",
    "same_cursor_again": "a second time",
    "second_page_refused": "Page 2",
    "list_of_over_four_mebibytes": "more than 4,194,304 bytes",
    "redirects_with_307": "HTTP 307: it answers at http://127.0.0.1:{port}/redirects_with_307/, register that address.",
    "redirects_with_308": "HTTP 308: it answers at",
}


@pytest.fixture(scope="module")
def server() -> Iterator[Misbehaving]:
    with Misbehaving(behaviours=ODD) as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with aclosing(new_client(LOOPBACK)) as made:
        yield made


def test_the_verdicts_of_both_clients_are_recorded_for_each_behaviour() -> None:
    assert list(VERDICTS) == list(ODD)
    assert len(TAKEN) >= 47
    assert set(TAKEN) >= DEVIATIONS.keys()
    assert {verdict for verdicts in VERDICTS.values() for verdict in verdicts.values()} == {True, False}


@each_case("name", TAKEN + TAKEN_BY_ONE)
async def test_what_clients_take_is_healthy_or_degraded_with_its_reason_at_every_check(
    server: Misbehaving, client: httpx.AsyncClient, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "ping_not_answered":
        monkeypatch.setattr(eras, "PING_S", 0.2)
    for era, deep in ((Era.UNKNOWN, True), (Era.LEGACY, False), (Era.LEGACY, True), (Era.MODERN, False)):
        outcome = await probe(client, patient(server.url(name), era=era), deep=deep)
        assert (outcome.feeds, outcome.protocol_era) == ("success", "legacy"), outcome.error
        told = name in DEVIATIONS and (deep or name.startswith("redirects"))
        assert outcome.health == ("degraded" if told else "healthy"), outcome.error
        expected = DEVIATIONS[name].format(port=server.port) if told else ""
        assert expected in outcome.error
        assert bool(outcome.error) is told


@each_case("name", ["no_type", "text_as_type", "number_as_version", "other_id", "foreign_session_id"])
async def test_what_no_client_takes_is_unhealthy(server: Misbehaving, client: httpx.AsyncClient, name: str) -> None:
    outcome = await probe(client, patient(server.url(name)), deep=True)
    assert (outcome.health, outcome.feeds, outcome.error_class) == ("unhealthy", "failure", "protocol"), outcome.error
