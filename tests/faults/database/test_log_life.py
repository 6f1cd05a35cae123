"""The life of the log: publishers that die, positions that are gone, restored copies, another epoch."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.client import Client, connected
from tests.conftest import MakeServer
from tests.emitting import emit
from tests.servers import ServerProcess
from tests.waiting import WITHIN_S

DYING = """
import os, signal, sys
import django
django.setup()
from django.db import transaction
from events.log import placing
from events.broadcast import broadcast_event

def die():
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[1] == "before placing":
    placing.place = die
with transaction.atomic():
    broadcast_event("user_action", {"target_name": sys.argv[1]})
    if sys.argv[1] == "before the commit":
        die()
"""


def die(server: ServerProcess, when: str) -> None:
    """A publisher that is killed."""
    program = server.var_dir / "dying.py"
    program.write_text(DYING)
    with server.popen(when, program=program) as publisher:
        assert publisher.wait(WITHIN_S) == -signal.SIGKILL


def say(server: ServerProcess, target: str, event_type: str = "user_action") -> None:
    emit(server, event_type, target_name=target)


def target_of(event: dict[str, Any]) -> str:
    return str(event["data"]["target_name"])


async def resumed(client: Client, after: str) -> list[dict[str, Any]]:
    """What comes after `resumed`, up to and with `replayed`."""
    reply = await client.ask("resume", after=after, subscriptions=[{"event_types": ["user_action"], "filters": {}}])
    assert reply["type"] == "resumed", reply
    messages = [await client.receive()]
    while messages[-1]["type"] != "replayed":
        messages.append(await client.receive())
    return messages


async def test_an_event_whose_publisher_died_before_placing_it_is_delivered_by_others(server: ServerProcess) -> None:
    async with connected(server) as client:
        await client.subscribe("user_action")
        die(server, "before placing")
        assert target_of(await client.receive()) == "before placing"  # within 10 s
        await client.nothing_came_before()
    assert server.position() == 1


async def test_an_event_whose_publisher_died_in_its_transaction_never_was(server: ServerProcess) -> None:
    async with connected(server) as client:
        await client.subscribe("user_action")
        die(server, "before the commit")
        say(server, "fence")
        assert target_of(await client.receive()) == "fence"
    assert server.position() == 1


async def test_a_client_from_before_pruning_is_told_that_it_has_a_gap_and_another_is_not(
    make_server: MakeServer,
) -> None:
    server = make_server()
    async with connected(server) as client:
        start = (await client.subscribe("user_action"))["position"]
        for target in ("old", "older than a day", "kept"):
            say(server, target)
        seen = [await client.receive() for _ in range(3)]
    server.database.change("UPDATE events_event SET timestamp = '2026-01-01 00:00:00' WHERE position <= 2")
    server.database.change("UPDATE events_eventtype SET retention_days = 1 WHERE id = 'user_action'")
    server.manage("prune_events")
    server.stop()
    server.start()  # without what it has in memory
    async with connected(server) as client:
        kept, replayed = await resumed(client, start)
        assert target_of(kept) == "kept"
        assert (replayed["complete"], replayed["reason"]) == (False, "expired")
    async with connected(server) as client:
        kept, replayed = await resumed(client, seen[1]["id"])
        assert target_of(kept) == "kept"
        assert replayed["complete"]


@pytest.mark.parametrize("after", ["{epoch}-99", "0123456789abcdef-1"])
async def test_a_client_from_the_future_or_from_another_epoch_is_told_that_it_has_a_gap_and_gets_what_follows(
    server: ServerProcess, after: str
) -> None:
    say(server, "before")
    async with connected(server) as client:
        epoch = await client.passed(1)
        [replayed] = await resumed(client, after.format(epoch=epoch))
        assert (replayed["complete"], replayed["reason"], replayed["count"]) == (False, "epoch", 0)
        say(server, "after")
        assert target_of(await client.receive()) == "after"


async def test_a_new_epoch_sends_every_client_away_to_resume_and_says_that_they_have_a_gap(
    two_servers: tuple[ServerProcess, ServerProcess],
) -> None:
    first, second = two_servers
    async with connected(first) as one, connected(second) as other, connected(first) as idle:
        position = (await one.subscribe("user_action"))["position"]
        await other.subscribe("user_action")
        await idle.ask("ping")
        refused = first.manage("new_epoch", stdin="y\n", check=False)
        assert (refused.returncode, "Give --yes" in refused.stderr) == (2, True)
        await idle.nothing_came_before()
        old, new = (line.split()[-1] for line in first.manage("new_epoch", "--yes").stdout.splitlines())
        assert position.startswith(f"{old}-")
        assert [await client.closed() for client in (one, other, idle)] == [4010] * 3
    for server in two_servers:
        async with connected(server) as client:
            [replayed] = await resumed(client, position)
            assert (replayed["complete"], replayed["reason"]) == (False, "epoch")
            assert replayed["position"].startswith(f"{new}-")
            say(server, "in the new epoch")
            event = await client.receive()
            assert target_of(event) == "in the new epoch"
            assert event["id"].startswith(f"{new}-")


async def test_an_old_copy_restored_under_running_servers_begins_a_new_epoch_by_itself(
    two_servers: tuple[ServerProcess, ServerProcess], tmp_path: Path
) -> None:
    first, second = two_servers
    say(first, "in the copy")
    first.database.back_up(tmp_path / "copy")
    first.database.change("UPDATE events_eventtype SET label = 'Newer than the copy'")
    first.database.change("UPDATE events_revision SET registry = registry + 5")
    async with connected(first) as one, connected(second) as other:
        for client in (one, other):
            await client.subscribe("user_action")
        for target in ("lost 1", "lost 2"):
            say(first, target)
        seen = [[await client.receive() for _ in range(2)] for client in (one, other)]
        first.database.restore(tmp_path / "copy")
        assert [await client.closed() for client in (one, other)] == [4010] * 2
    for server in two_servers:
        async with connected(server) as client:
            [replayed] = await resumed(client, seen[0][-1]["id"])
            assert (replayed["complete"], replayed["reason"]) == (False, "epoch")
            say(server, "after the restore")
            event = await client.receive()
            assert target_of(event) == "after the restore"
            assert event["id"].partition("-")[0] != seen[0][-1]["id"].partition("-")[0]
            metadata = await client.ask("get_metadata")
            labels = {each["label"] for category in metadata["data"]["categories"] for each in category["events"]}
            assert "Newer than the copy" not in labels
    assert "The log's head went back from 3 to 1" in first.log + second.log


async def test_a_copy_restored_while_the_servers_are_stopped_needs_new_epoch_as_its_last_step(
    server: ServerProcess, tmp_path: Path
) -> None:
    server.database.back_up(tmp_path / "copy")
    async with connected(server) as client:
        await client.subscribe("user_action")
        say(server, "lost")
        position = (await client.receive())["id"]
    server.stop()
    server.database.restore(tmp_path / "copy")
    server.manage("new_epoch", "--yes")
    server.manage("emit_event", "user_action", "target_name=takes the position of the lost one")
    server.start()
    async with connected(server) as client:
        messages = await resumed(client, position)
        assert [each["type"] for each in messages] == ["replayed"]
        assert (messages[0]["complete"], messages[0]["reason"]) == (False, "epoch")


async def test_a_type_that_ends_while_it_is_caught_up_with_ends_its_subscription_alone(server: ServerProcess) -> None:
    line = json.dumps({"type": "user_action", "data": {"target_name": "x" * 60_000}})
    lines = "\n".join([line] * 100)
    server.manage("emit_event", "-", stdin=lines)
    async with connected(server, max_queue=1) as client:
        epoch = await client.passed(100)
        await client.subscribe("user_login")
        ended = await client.ask("subscribe", event_types=["user_action"], after=f"{epoch}-0")
        server.database.change("UPDATE events_eventtype SET is_active = FALSE WHERE id = 'user_action'")
        server.database.change("UPDATE events_revision SET registry = registry + 1")
        messages = [await client.receive()]
        while messages[-1]["type"] != "unsubscribed":
            messages.append(await client.receive())
        emit(server, "user_login", username="ada")
        after_the_end = await client.until({"username": "ada"})
    told = messages[-1]
    assert (told["subscription_id"], told["reason"]) == (ended["subscription_id"], "event_type_removed")
    assert [each["type"] for each in after_the_end] == ["user_login"]
    positions = [each["id"].partition("-")[2] for each in messages if each["type"] == "user_action"]
    assert positions == [str(n + 1) for n in range(len(positions))]
