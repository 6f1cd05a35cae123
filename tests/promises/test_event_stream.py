"""An event stream keeps the promises of the WebSocket: each event once, access that ends, readers that are too slow."""

from __future__ import annotations

import asyncio
import socket

import httpx
import pytest

from tests.emitting import emit_many, emit_text
from tests.servers import ServerProcess
from tests.subscriptions.event_stream import PATH, Stream, streaming
from tests.waiting import aeventually

ALL = "event_type=mcp_status_change"
PADDING = "x" * 60_000
TOO_SLOW = "A connection is too slow"


async def test_each_event_comes_once_across_a_stop_and_a_kill(server: ServerProcess) -> None:
    names = [f"mcp_{number}" for number in range(40)]
    had: list[str] = []

    async def read(stream: Stream, count: int) -> None:
        while len(had) < count:
            block = await stream.receive()
            if block.name == "":
                had.append(block.data["data"]["mcp_name"])

    async with streaming(server, ALL) as stream:
        await stream.until("subscribed")
        emit_many(server, names[:10])
        await read(stream, 10)
        await asyncio.to_thread(server.stop)
        if server.server != "daphne":
            [ended] = await stream.until("ended")
            assert (ended.data["reason"], ended.data["comes_back"]) == ("restarting", True)
        last_id = stream.last_id
    await asyncio.to_thread(server.start)
    emit_many(server, names[10:20])
    async with streaming(server, ALL, headers={"Last-Event-ID": last_id}) as stream:
        emit_many(server, names[20:30])
        await read(stream, 25)
        server.kill()
        last_id = stream.last_id
    await asyncio.to_thread(server.start)
    emit_many(server, names[30:])
    async with streaming(server, ALL, headers={"Last-Event-ID": last_id}) as stream:
        await read(stream, 40)
    assert had == names


async def test_a_stream_ends_with_the_access_to_what_it_asks_for(server: ServerProcess) -> None:
    async with (
        streaming(server, ALL, "alice") as restricted,
        streaming(server, "event_type=user_login", "alice") as other,
    ):
        for stream in (restricted, other):
            await stream.until("subscribed")
        server.manage(
            "shell",
            "--no-imports",
            "--command",
            "from django.contrib.auth.models import Group; from events.models import EventType;"
            "group = Group.objects.get(name='auditors');"
            "EventType.objects.get(pk='mcp_status_change').allowed_groups.add(group)",
        )
        *_, unsubscribed = await restricted.until("unsubscribed")
        assert unsubscribed.data["reason"] == "access_revoked"
        assert unsubscribed.id == unsubscribed.data["position"]
        await restricted.ended()
        end = "from knox.models import AuthToken; AuthToken.objects.filter(user__username='alice').delete()"
        server.manage("shell", "--no-imports", "--command", end)
        *_, ended = await other.until("ended")
        assert (ended.data["reason"], ended.data["comes_back"]) == ("access_ended", False)
        await other.ended()
    headers = {"Authorization": f"Bearer {server.token('alice')}"}
    again = await asyncio.to_thread(httpx.get, f"{server.url}{PATH}?{ALL}", headers=headers, trust_env=False)
    assert again.status_code == 401


@pytest.mark.lane
async def test_a_reader_that_is_too_slow_is_told_so_and_resumes(server: ServerProcess) -> None:
    request = f"GET {PATH}?{ALL} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {server.token('admin')}\r\n\r\n"
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        slow.connect(("127.0.0.1", server.ports[0]))
        slow.sendall(request.encode())
        wire = slow.recv(4096)
        flooding = asyncio.create_task(flood(server))
        await aeventually(lambda: TOO_SLOW in server.log)
        wire += await asyncio.to_thread(read_all, slow)  # soon: it is reset when it does not read for 5 s
        await flooding
    assert wire.endswith(b"\r\n0\r\n\r\n")
    assert b'event: ended\ndata: {"reason":"too_slow"' in wire
    last_id = wire.rpartition(b"\nid: ")[2].partition(b"\n")[0].decode()
    async with streaming(server, ALL, headers={"Last-Event-ID": last_id}) as stream:
        assert (await stream.until("replayed"))[-1].data["complete"]


async def flood(server: ServerProcess) -> None:
    big = ("mcp_status_change", f'{{"mcp_name":"a","new_status":"active","reason":"{PADDING}"}}')
    while TOO_SLOW not in server.log:
        await asyncio.to_thread(emit_text, server, *[big] * 20)


def read_all(reader: socket.socket) -> bytes:
    return b"".join(iter(lambda: reader.recv(65536), b""))
