"""Search or jump: what one may see is found, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from events.mcp.models import McpServer
from tests.events.log_rows import happened

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files")]


def person(*permissions: str, is_staff: bool = False) -> Client:
    user = User.objects.create_user(f"bob{User.objects.count()}", is_staff=is_staff)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def found(client: Client, text: str) -> list[dict[str, Any]]:
    response = client.get("/search", {"q": text}, headers={"accept": "application/json"})
    assert response.status_code == 200
    listed: list[dict[str, Any]] = response.json()["found"]
    return listed


def labels(client: Client, text: str) -> list[str]:
    return [each["label"] for each in found(client, text)]


def test_pages_and_types_are_found_and_those_that_begin_with_the_words_come_first() -> None:
    client = person()
    assert found(client, "HEALTH check") == [
        {
            "kind": "Event type",
            "label": "Health check",
            "hint": "mcp_health_check",
            "address": "/events/types/mcp_health_check",
        }
    ]
    assert labels(client, "user")[:3] == ["User login", "User action", "User logout"]
    assert labels(client, "fleet")[0] == "Fleet"
    assert labels(client, "no such thing") == []


def test_nothing_is_asked_for_and_the_pages_are_there() -> None:
    assert labels(person(), "")[:4] == ["Live", "Fleet", "History", "Catalogue"]


def test_a_type_that_the_reader_may_not_see_is_not_found() -> None:
    assert labels(person(), "access change") == []
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    assert labels(client, "access change") == ["Access change"]


def test_lists_of_the_admin_are_found_by_staff_within_their_permissions() -> None:
    assert labels(person(is_staff=False), "admin") == []
    client = person("view_eventtype", "add_mcpserver", is_staff=True)
    assert labels(client, "admin event types") == ["Admin", "Event types"]
    assert labels(client, "add mcp") == ["Add MCP server"]
    assert labels(client, "users") == []


def test_servers_are_found_by_name_and_title_and_lead_where_the_reader_may_go() -> None:
    server = McpServer.objects.create(name="oracle_mcp", title="Köln", url="http://127.0.0.1:9/")
    assert [each["address"] for each in found(person(), "KÖLN")] == [f"/fleet/{server.pk}"]
    client = person("view_mcpserver", is_staff=True)
    assert [each["address"] for each in found(client, "oracle")] == [f"/fleet/{server.pk}"]


def test_an_event_is_found_by_its_id_by_who_may_see_it() -> None:
    first, second = happened("mcp_status_change", {"mcp_name": "a"}, {"mcp_name": "b"})
    secret = happened("access_change", {"subject": "user ada"})[0]
    client = person()
    [event] = found(client, f" {second} ")
    assert (event["kind"], event["label"]) == ("Event", "MCP status change")
    assert event["address"] == f"/events/e/{second}"
    shown = client.get(event["address"]).content.decode()
    assert second in shown
    assert first not in shown
    assert found(client, secret) == []
    assert found(client, f"{'0' * 16}-1") == []
    assert found(client, second.rpartition("-")[0] + "-999999") == []


def test_without_javascript_it_is_a_page_on_which_nothing_becomes_markup() -> None:
    McpServer.objects.create(name="x", title="<b>\u202e", url="http://127.0.0.1:9/")
    text = person().get("/search", {"q": "x"}).content.decode()
    assert "&lt;b&gt;" in text
    assert "<b>" not in text
    assert "\u202e" not in text
    assert "There is nothing of that" in person().get("/search", {"q": "<zzz>"}).content.decode()


def test_nobody_searches_without_signing_in(client: Client) -> None:
    assert client.get("/search", {"q": "a"}).status_code == 302


def test_one_kind_does_not_push_out_the_others() -> None:
    McpServer.objects.bulk_create([McpServer(name=f"user_{number}", url="http://127.0.0.1:9/") for number in range(40)])
    kinds = [each["kind"] for each in found(person(), "user")]
    assert kinds.count("MCP server") == 8
    assert "Event type" in kinds
