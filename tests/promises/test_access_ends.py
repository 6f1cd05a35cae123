"""Access ends while the socket is open, for every cause, also in the middle of a catch-up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import websockets

from tests.client import Client, connected
from tests.conftest import MakeServer
from tests.promises.admin_form import save_in_admin
from tests.servers import ServerProcess

ENDED = 4503
AUDITOR = "from django.contrib.auth.models import *; auditor = User.objects.get(username='auditor');"
ALICE = "from django.contrib.auth.models import *; alice = User.objects.get(username='alice');"


def shell(server: ServerProcess, code: str) -> None:
    server.manage("shell", "--no-imports", "--command", code)


async def unsubscribed(client: Client) -> None:
    while (await client.receive())["type"] != "unsubscribed":
        pass


@asynccontextmanager
async def in_session(server: ServerProcess, key: str) -> AsyncIterator[Client]:
    headers = {"Cookie": f"sessionid={key}", "Origin": server.url}
    async with websockets.connect(server.ws_url, additional_headers=headers, proxy=None) as socket:
        yield Client(socket)


@pytest.mark.postgres
async def test_a_user_who_is_deactivated_is_closed_however_connected(server: ServerProcess) -> None:
    key = await asyncio.to_thread(server.session, "alice")
    async with (
        connected(server, "alice") as by_token,
        in_session(server, key) as by_session,
        connected(server, "auditor") as another,
    ):
        await by_token.subscribe("user_action")
        shell(server, f"{ALICE} alice.is_active = False; alice.save()")
        assert await by_token.closed() == ENDED
        assert await by_session.closed() == ENDED
        await another.nothing_came_before()


async def test_a_changed_password_ends_the_sessions_and_not_the_tokens(server: ServerProcess) -> None:
    key = await asyncio.to_thread(server.session, "alice")
    async with connected(server, "alice") as by_token, in_session(server, key) as by_session:
        shell(server, f"{ALICE} alice.set_password('new'); alice.save()")
        assert await by_session.closed() == ENDED
        await by_token.nothing_came_before()


async def test_a_logout_ends_this_session_and_no_other(server: ServerProcess) -> None:
    mine, other = [await asyncio.to_thread(server.session, "alice") for _ in range(2)]
    async with in_session(server, mine) as here, in_session(server, other) as elsewhere:
        with httpx.Client(base_url=server.url, headers={"Origin": server.url}, cookies={"sessionid": mine}) as browser:
            browser.get("/events")
            answer = browser.post("/account/sign-out", data={"csrfmiddlewaretoken": browser.cookies["csrftoken"]})
            assert answer.status_code == 302
        assert await here.closed() == ENDED
        await elsewhere.nothing_came_before()


@pytest.mark.postgres
@pytest.mark.parametrize(
    "change",
    [
        "tokens.delete()",
        "[token.delete() for token in tokens]",
        "token = tokens.get(); token.expiry = timezone.now(); token.save()",
    ],
)
async def test_a_token_revoked_or_expired_ends_its_connections(server: ServerProcess, change: str) -> None:
    async with connected(server, "alice") as client, connected(server, "auditor") as another:
        imports = "from knox.models import AuthToken; from django.utils import timezone;"
        shell(server, f"{imports} tokens = AuthToken.objects.filter(user__username='alice'); {change}")
        assert await client.closed() == ENDED
        await another.nothing_came_before()


async def test_a_credential_ends_by_itself_at_its_time(server: ServerProcess) -> None:
    code = (
        "from datetime import timedelta; from django.contrib.auth.models import User;"
        "from knox.models import AuthToken; user = User.objects.get(username='alice');"
        "print(AuthToken.objects.create(user, expiry=timedelta(seconds=4))[1])"
    )
    token = server.manage("shell", "--no-imports", "--command", code).stdout.strip()
    async with connected(server, token=token) as client:
        await client.nothing_came_before()
        assert await client.closed() == ENDED


async def test_who_leaves_a_group_loses_its_event_types_and_keeps_the_rest(server: ServerProcess) -> None:
    async with connected(server, "auditor") as client:
        await client.ask("get_metadata")
        audit = await client.subscribe("login_failed")
        await client.subscribe("user_action")
        shell(server, "from django.contrib.auth.models import *; User.objects.get(username='auditor').groups.clear()")
        ended = await client.receive()
        assert (ended["type"], ended["reason"]) == ("unsubscribed", "access_revoked")
        assert ended["subscription_id"] == audit["subscription_id"]
        assert (await client.receive())["type"] == "metadata_changed"
        assert (await client.ask("subscribe", event_types=["login_failed"]))["code"] == "unknown_event_type"
        server.manage("emit_event", "user_action", "action_type=added")
        assert (await client.receive())["type"] == "user_action"


async def test_who_joins_a_group_may_subscribe_at_once(server: ServerProcess) -> None:
    async with connected(server, "alice") as client:
        await client.ask("get_metadata")
        shell(server, f"{ALICE} alice.groups.add(Group.objects.get(name='auditors'))")
        assert (await client.receive())["type"] == "metadata_changed"
        assert (await client.ask("subscribe", event_types=["login_failed"]))["type"] == "subscribed"


async def test_what_no_signal_tells_is_found_by_the_check_of_everybody(make_server: MakeServer) -> None:
    server = make_server(env={"EVENTHUB_ACCESS_CHECK_INTERVAL": "1"})
    async with connected(server, "alice") as client:
        shell(server, f"{ALICE} User.objects.filter(pk=alice.pk).update(is_active=False)")
        assert await client.closed() == ENDED


@pytest.mark.postgres
async def test_access_ends_in_the_middle_of_a_catch_up(server: ServerProcess) -> None:
    async with connected(server, "auditor", max_queue=1) as client, connected(server, "auditor") as witness:
        start = (await client.ask("ping", request_id=1))["position"]
        await witness.subscribe("user_action")
        await witness.subscribe("access_change")
        code = (
            "from events.broadcast import *;"
            "[broadcast_events([Broadcast('login_failed', {'username': 'x' * 5000})] * 500) for _ in range(8)];"
            "broadcast_event('user_action', {'action_type': 'added'})"
        )
        await asyncio.to_thread(shell, server, code)
        await witness.receive()  # the server has passed them all: what comes now is a catch-up
        auditor = server.manage("shell", "--no-imports", "--command", f"{AUDITOR} print(auditor.pk)").stdout.strip()
        form = {"username": "auditor", "is_active": "on", "date_joined_0": "2026-01-01", "date_joined_1": "12:00:00"}
        saving = asyncio.to_thread(save_in_admin, server, f"/admin/auth/user/{auditor}/change/", form)
        # 20 MB, of which the client takes little until the end of its access is known: the replay must wait for it.
        await client.send({"action": "subscribe", "event_types": ["login_failed"], "after": start})
        known = asyncio.gather(saving, unsubscribed(witness))
        messages: list[Any] = []
        while not messages or messages[-1]["type"] != "unsubscribed":
            messages.append(await client.receive())
            if len(messages) % 50 == 0:  # a peer that takes nothing for long is closed
                await asyncio.wait([known], timeout=0.5)
        await known
        assert messages[-1]["reason"] == "access_revoked"
        assert len(messages) < 4000
        await client.nothing_came_before()
