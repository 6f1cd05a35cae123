"""An admin edits the registry under open subscriptions and in the middle of replays."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.client import Client, connected
from tests.conftest import MakeServer
from tests.emitting import emit
from tests.servers import ServerProcess

MISSED = 100  # events of 60 kB: more than an outbox and the sockets' buffers hold of a client that does not read
TYPE = "user_action"
RENAMED = "EventField.objects.filter(event_type=TYPE, name='action_type').update(data_key='what')"
WITHOUT_OPTION = "FieldOption.objects.filter(field__event_type=TYPE, value='deleted').delete()"
WITHOUT_ANOTHER = "FieldOption.objects.filter(field__event_type=TYPE, value='changed').delete()"
WITH_NEW_OPTION = (
    "FieldOption.objects.create(field=EventField.objects.get(event_type=TYPE, name='action_type'), value='x')"
)
RELABELLED = "FieldOption.objects.filter(field__event_type=TYPE, value='deleted').update(label='Removed')"
EPHEMERAL = "EventType.objects.filter(pk=TYPE).update(retention_days=0)"
LOGGED = "EventType.objects.filter(pk=TYPE).update(retention_days=None)"


@pytest.fixture
def server(make_server: MakeServer) -> ServerProcess:
    server = make_server()
    server.database.change(f"UPDATE events_eventtype SET retention_days = NULL WHERE id = '{TYPE}'")  # noqa: S608
    return server


def say(server: ServerProcess, target: str) -> None:
    emit(server, TYPE, action_type="added", target_name=target)


@asynccontextmanager
async def witness_of(server: ServerProcess) -> AsyncIterator[Client]:
    """A client that is live, and told of each change."""
    async with connected(server) as client:
        await client.ask("get_metadata")
        yield client


async def edit(server: ServerProcess, witness: Client, code: str) -> None:
    """As the admin does it; when this returns, the server knows."""
    server.manage("shell", "--no-imports", "--command", f"from events.models import *; TYPE = '{TYPE}'; {code}")
    assert (await witness.receive())["type"] == "metadata_changed"


@asynccontextmanager
async def catching_up(server: ServerProcess) -> AsyncIterator[tuple[Client, str]]:
    """A client in the middle of its replay, which does not read; the id of the one of its two subscriptions that has a
    filter."""
    missed = json.dumps({"type": TYPE, "data": {"action_type": "added", "reason": "x" * 60_000}})
    server.manage("emit_event", "-", stdin="\n".join([missed] * MISSED))
    async with connected(server, max_queue=1) as client:
        epoch = await client.passed(MISSED)
        subscriptions: list[dict[str, Any]] = [
            {"event_types": [TYPE], "filters": {"action_type": ["added", "deleted"]}},
            {"event_types": [TYPE], "filters": {}},
        ]
        resumed = await client.ask("resume", after=f"{epoch}-0", subscriptions=subscriptions)
        assert resumed["type"] == "resumed", resumed
        yield client, resumed["subscriptions"][0]["subscription_id"]


async def rest_of_replay(client: Client) -> list[dict[str, Any]]:
    messages = [await client.receive()]
    while messages[-1]["type"] != "replayed":
        messages.append(await client.receive())
    replayed = messages.pop()
    assert replayed["complete"], replayed
    positions = [int(each["id"].partition("-")[2]) for each in messages if "id" in each]
    assert positions == list(range(1, MISSED + 1))
    return messages


@pytest.mark.postgres
@pytest.mark.parametrize("change", [RENAMED, WITHOUT_OPTION], ids=["field", "option"])
async def test_an_edit_during_a_replay_ends_what_filters_by_it_alone_and_the_rest_comes_once(
    server: ServerProcess, change: str
) -> None:
    async with witness_of(server) as witness, catching_up(server) as (client, filtered):
        await edit(server, witness, change)
        messages = await rest_of_replay(client)
        [ended] = [each for each in messages if "id" not in each]
        assert (ended["type"], ended["subscription_id"]) == ("unsubscribed", filtered)
        assert ended["reason"] == "event_type_changed"
        assert messages[-1] is not ended, "the replay was over before the edit"
        say(server, "live")
        assert (await client.receive())["data"]["target_name"] == "live"
        await client.nothing_came_before()


@pytest.mark.parametrize("change", [RELABELLED, WITH_NEW_OPTION, WITHOUT_ANOTHER], ids=["label", "new", "another"])
async def test_what_a_subscription_does_not_use_ends_nothing_during_a_replay(
    server: ServerProcess, change: str
) -> None:
    async with witness_of(server) as witness, catching_up(server) as (client, _):
        await edit(server, witness, change)
        assert all("id" in each for each in await rest_of_replay(client))
        assert len((await client.ask("list_subscriptions"))["subscriptions"]) == 2


async def test_a_type_made_ephemeral_under_an_open_subscription_goes_on_live_and_back_to_the_log(
    server: ServerProcess,
) -> None:
    async with witness_of(server) as client:
        await client.subscribe(TYPE, action_type=["added"])
        say(server, "logged")
        logged = await client.receive()
        await edit(server, client, EPHEMERAL)
        say(server, "ephemeral")
        ephemeral = await client.receive()
        assert (ephemeral["data"]["target_name"], "id" in ephemeral) == ("ephemeral", False)
        await edit(server, client, LOGGED)
        say(server, "logged again")
        again = await client.receive()
        assert again["data"]["target_name"] == "logged again"
        await client.nothing_came_before()
    epoch, _, position = logged["id"].partition("-")
    assert again["id"] == f"{epoch}-{int(position) + 1}"


@pytest.mark.postgres
async def test_a_type_made_ephemeral_during_a_replay_is_replayed_to_its_end_and_then_goes_on_live(
    server: ServerProcess,
) -> None:
    async with witness_of(server) as witness, catching_up(server) as (client, _):
        await edit(server, witness, EPHEMERAL)
        await witness.subscribe(TYPE)
        say(server, "missed by who catches up")
        assert "id" not in await witness.receive()
        assert all("id" in each for each in await rest_of_replay(client))
        say(server, "live")
        live = await client.receive()
        assert (live["data"]["target_name"], "id" in live) == ("live", False)
        await client.nothing_came_before()
