"""The Python client with a server that the test plays: what it asks for, what it keeps, and when it gives up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from eventhub_client import (
    ConnectionRefused,
    EventClient,
    FilePosition,
    MemoryPosition,
    ProtocolError,
    SubscriptionEnded,
    client,
)
from websockets.asyncio.server import ServerConnection, serve

from tests.emitting import emit_many
from tests.servers import ServerProcess
from tests.waiting import WITHIN_S

REFUSED = {"type": "error", "code": "unknown_event_type", "message": "There is no such type."}


def event(number: int) -> dict[str, Any]:
    return {"type": "a", "id": f"e-{number}", "timestamp": "2025-01-29T12:00:00.000Z", "data": {"n": number}}


class Played:
    """Answers each connection with the next of these lists of messages; a number closes with that code."""

    def __init__(self, *connections: list[Any]) -> None:
        self.connections = list(connections)
        self.commands: list[dict[str, Any]] = []
        self.tokens: list[str] = []

    async def __call__(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.tokens.append(socket.request.headers["Authorization"])
        self.commands.append(json.loads(await socket.recv()))
        for message in self.connections.pop(0):
            if isinstance(message, int):
                await socket.close(message)
                return
            await socket.send(json.dumps(message))
        await socket.wait_closed()

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[str]:
        async with serve(self, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            yield f"ws://127.0.0.1:{port}"


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(client, "LONGEST_WAIT", 0.01)


async def taken(played: Played, count: int, **options: Any) -> list[int]:
    """The numbers of the first events."""
    async with played.at_work() as url, aclosing(of(url, **options)) as events:
        return [(await asyncio.wait_for(anext(events), WITHIN_S))["data"]["n"] for _ in range(count)]


def of(url: str, **options: Any) -> Any:
    return EventClient[dict[str, Any]](url, **{"token": "secret", **options}).subscribe(["a"], {"b": ["c"]})


def test_an_address_that_is_none_of_a_socket_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="“http://localhost:8090/” is not the address of a socket: it begins with ws"):
        EventClient("http://localhost:8090/", "t")


async def test_it_resumes_after_the_last_event_and_asks_for_a_token_each_time() -> None:
    tokens = iter(["first", "second", "third"])
    played = Played(
        [{"type": "subscribed", "position": "e-0"}, event(1), event(2), 1012],
        [{"type": "resumed", "replaying": True, "position": "e-2"}, event(3), 4503],
        [event(4)],
    )
    assert await taken(played, 4, token=lambda: next(tokens)) == [1, 2, 3, 4]
    asked = {"event_types": ["a"], "filters": {"b": ["c"]}}
    assert played.commands == [
        {"action": "subscribe", **asked},
        {"action": "resume", "after": "e-2", "subscriptions": [asked]},
        {"action": "resume", "after": "e-3", "subscriptions": [asked]},
    ]
    assert played.tokens == ["Bearer first", "Bearer second", "Bearer third"]


async def test_an_event_is_kept_as_done_when_the_next_one_is_asked_for(tmp_path: Path) -> None:
    kept = FilePosition(tmp_path / "position")
    await taken(Played([{"type": "subscribed", "position": "e-0"}, event(1), event(2)]), 2, position=kept)
    assert kept.load() == "e-1"


@pytest.mark.parametrize(("reason", "told"), [("limit", []), ("expired", ["expired"])])
async def test_a_gap_is_told_and_a_replay_that_was_cut_short_goes_on(reason: str, told: list[str]) -> None:
    replayed = {"type": "replayed", "complete": False, "reason": reason, "position": "e-9"}
    if reason == "limit":
        replayed["next_after"] = "e-5"
    gaps: list[str] = []
    played = Played([replayed, event(10), 1012], [event(10)])
    await taken(played, 1, position=MemoryPosition("e-1"), on_gap=gaps.append)
    assert gaps == told
    assert [each["after"] for each in played.commands] == (["e-1", "e-5"] if reason == "limit" else ["e-1"])


@pytest.mark.parametrize(
    ("last", "error", "match"),
    [
        (4500, ConnectionRefused, "4500"),
        (4503, ConnectionRefused, "4503"),
        (REFUSED, ProtocolError, "no such type"),
        (
            {"type": "unsubscribed", "reason": "access_revoked", "position": "e-1"},
            SubscriptionEnded,
            "access_revoked",
        ),
    ],
)
async def test_it_gives_up_where_another_try_is_of_no_use(last: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        await taken(Played([last]), 1)


async def test_a_changed_type_is_subscribed_to_anew_from_there() -> None:
    changed = {"type": "unsubscribed", "reason": "event_type_changed", "position": "e-7"}
    played = Played([changed], [event(8)])
    assert await taken(played, 1) == [8]
    assert played.commands[1]["after"] == "e-7"


def test_programs_without_asyncio_listen(shared_server: ServerProcess) -> None:
    emit_many(shared_server, ["listened_to"], "error")
    events = EventClient[dict[str, Any]](shared_server.ws_url, shared_server.token("alice")).listen(
        ["mcp_status_change"], {"mcp_names": ["listened_to"]}, last=1
    )
    assert next(events)["data"]["mcp_name"] == "listened_to"
    events.close()


def test_white_space_around_a_token_does_no_harm_and_one_that_cannot_be_sent_is_refused_without_being_shown(
    shared_server: ServerProcess, caplog: pytest.LogCaptureFixture
) -> None:
    emit_many(shared_server, ["oracle_mcp"], "error")
    token = shared_server.token("alice")
    events = EventClient[dict[str, Any]](shared_server.ws_url, f"{token}\n").listen(["mcp_status_change"], last=1)
    assert next(events)["type"] == "mcp_status_change"
    events.close()
    with pytest.raises(ConnectionRefused, match="characters that no token has") as refused:
        next(EventClient[dict[str, Any]](shared_server.ws_url, f"{token}\nx").listen(["mcp_status_change"]))
    assert token not in f"{refused.value}{caplog.text}"


def test_a_wrong_token_is_refused_in_words(shared_server: ServerProcess) -> None:
    with pytest.raises(ConnectionRefused, match=r"the token is wrong, .*4500"):
        next(EventClient[dict[str, Any]](shared_server.ws_url, "wrong").listen(["mcp_status_change"]))
