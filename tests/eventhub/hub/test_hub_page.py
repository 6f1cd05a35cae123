"""Staff see the processes, who is connected to them and how far they are, and can end a connection."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from events.models import HubProcess
from events.models.hub_process import MAX_ENDING
from tests.client import connected
from tests.servers import ServerProcess
from tests.waiting import aeventually


@pytest.fixture(autouse=True)
def _no_static_files_are_collected_here(settings: Settings) -> None:
    staticfiles = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": staticfiles}


def process(id: str = "p1", **columns: object) -> HubProcess:
    return HubProcess.objects.create(pk=id, role="web", host="host", pid=7, **columns)


async def test_a_connection_is_shown_and_ended_and_its_client_may_come_back(server: ServerProcess) -> None:
    async with httpx.AsyncClient(base_url=server.url, cookies={"sessionid": server.session("admin")}) as staff:

        async def shown() -> str:
            return (await staff.get("/admin/hub/")).text

        async with connected(server, "alice") as client:
            await client.subscribe("mcp_status_change")
            page = await shown()
            while "Disconnect alice" not in page or "mcp_status_change" not in page:
                page = await shown()
            assert "127.0.0.1" in page
            found = {name: re.search(rf'name="{name}" value="(\w+)"', page) for name in ("process", "connection")}
            form = {name: match[1] for name, match in found.items() if match}
            form["csrfmiddlewaretoken"] = staff.cookies["csrftoken"]
            answer = await staff.post("/admin/hub/", data=form, headers={"Origin": server.url})
            assert answer.status_code == 302
            assert await client.closed() == 1012
        await aeventually(lambda: f"The connection {form['connection']} of alice is ended" in server.log)
    server.stop()
    assert server.database.rows("SELECT * FROM events_hubprocess") == []


@pytest.mark.django_db
def test_only_who_may_view_hub_processes_sees_them_and_only_who_may_change_them_ends_connections(
    client: Client,
) -> None:
    shown = '{"connections":1,"shown":[{"id":"c1","user":"ann","address":"192.0.2.1","since":1,"subscriptions":2,"sent":3,"unsent":4,"behind":5}]}'  # noqa: E501
    process(state=shown)
    user = User.objects.create_user("staff", is_staff=True)
    client.force_login(user)
    assert client.get("/admin/hub/").status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="view_hubprocess"))
    page = client.get("/admin/hub/").content.decode()
    assert "192.0.2.1" in page
    assert "Disconnect" not in page
    assert client.post("/admin/hub/", {"process": "p1", "connection": "c1"}).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="change_hubprocess"))
    assert "Disconnect ann" in client.get("/admin/hub/").content.decode()
    client.post("/admin/hub/", {"process": "p1", "connection": "c2"})  # which is none of its
    assert HubProcess.objects.get().ending == "[]"
    client.post("/admin/hub/", {"process": "p1", "connection": "c1"})
    assert HubProcess.objects.get().ending == '["c1"]'


@pytest.mark.django_db
def test_who_is_no_staff_is_sent_to_sign_in(client: Client) -> None:
    assert client.get("/admin/hub/").status_code == 302


@pytest.mark.django_db
def test_a_process_takes_what_it_shall_end_once_and_forgets_those_that_are_gone() -> None:
    own = process()
    assert HubProcess.ask_to_end("p1", ["c1", "c1"])
    assert own.beat('{"connections":2}') == ["c1"]
    assert own.beat("{}") == []
    process("gone", heartbeat=timezone.now() - timedelta(minutes=3))
    own.beat("{}")
    assert list(HubProcess.objects.values_list("pk", flat=True)) == ["p1"]
    HubProcess.objects.all().delete()  # as another process does, if this one was stopped for long
    own.beat("{}")
    assert HubProcess.objects.get().pk == "p1"


@pytest.mark.django_db
def test_only_so_many_can_be_ended_at_once_and_only_by_a_process_that_is_there() -> None:
    process()
    assert HubProcess.ask_to_end("p1", [f"c{number}" for number in range(MAX_ENDING)])
    assert not HubProcess.ask_to_end("p1", ["one more"])
    assert not HubProcess.ask_to_end("p2", ["c1"])


@pytest.mark.django_db
def test_a_process_that_is_silent_is_told_apart(admin_client: Client) -> None:
    process()
    assert "not heard of" not in admin_client.get("/admin/hub/").content.decode()
    HubProcess.objects.update(heartbeat=timezone.now() - timedelta(minutes=1))
    assert "not heard of" in admin_client.get("/admin/hub/").content.decode()
