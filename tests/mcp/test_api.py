"""The list of MCP servers over HTTP: what it tells of them, and to whom."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from knox.models import AuthToken
from pytest_django import Settings

from events.mcp.models import McpServer

MCP_LIST = "/api/v1/events/mcp-list"

pytestmark = pytest.mark.django_db


@pytest.fixture
def servers() -> dict[str, McpServer]:
    statuses = {"postgres_mcp": "active", "a_mcp": "active", "oracle_mcp": "inactive"}
    return {
        name: McpServer.objects.create(name=name, url=f"http://127.0.0.1/{name}", status=status)
        for name, status in statuses.items()
    }


@pytest.fixture
def somebody() -> Client:
    token = AuthToken.objects.create(User.objects.create_user("ada"))[1]
    return Client(headers={"Authorization": f"Bearer {token}"})


def test_the_servers_are_listed_by_name_inactive_ones_too(somebody: Client, servers: dict[str, McpServer]) -> None:
    assert [(each["id"], each["name"], each["status"]) for each in somebody.get(MCP_LIST).json()] == [
        (servers["a_mcp"].pk, "a_mcp", "active"),
        (servers["oracle_mcp"].pk, "oracle_mcp", "inactive"),
        (servers["postgres_mcp"].pk, "postgres_mcp", "active"),
    ]


def test_a_server_that_nothing_has_probed_is_of_unknown_health(somebody: Client, servers: dict[str, McpServer]) -> None:
    answer = somebody.get(MCP_LIST).json()
    assert {(each["health_status"], each["circuit_state"]) for each in answer} == {("unknown", "closed")}


def test_who_disabled_a_server_is_told(somebody: Client, servers: dict[str, McpServer]) -> None:
    McpServer.objects.filter(name="a_mcp").update(status="inactive", disabled_by="auto")
    assert [each["disabled_by"] for each in somebody.get(MCP_LIST).json()] == ["auto", "admin", ""]


def test_nothing_else_of_a_server_is_told(somebody: Client, servers: dict[str, McpServer]) -> None:
    assert "127.0.0.1" not in somebody.get(MCP_LIST).content.decode()


def test_without_servers_the_list_is_empty(somebody: Client) -> None:
    assert somebody.get(MCP_LIST).json() == []


def test_it_needs_credentials_unless_metadata_is_public(settings: Settings, servers: dict[str, McpServer]) -> None:
    refused = Client().get(MCP_LIST)
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
    settings.EVENTHUB_PUBLIC_METADATA = True
    assert len(Client().get(MCP_LIST).json()) == 3


def test_no_cache_between_may_keep_it(somebody: Client) -> None:
    answer = somebody.get(MCP_LIST)
    assert "private" in answer["Cache-Control"]
    assert "Authorization" in answer["Vary"]


def test_health_and_circuit_are_those_that_the_monitor_has_seen(
    somebody: Client, servers: dict[str, McpServer]
) -> None:
    state = servers["a_mcp"].state
    state.health_status, state.circuit_state = "unhealthy", "open"
    state.save()
    assert {each["name"]: (each["health_status"], each["circuit_state"]) for each in somebody.get(MCP_LIST).json()} == {
        "a_mcp": ("unhealthy", "open"),
        "oracle_mcp": ("unknown", "closed"),
        "postgres_mcp": ("unknown", "closed"),
    }
