"""The page of a server: its tools word by word, for those who may see them, and their approval."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils.html import strip_tags

from events.mcp.models import McpServer, ToolList
from events.mcp.tools.definitions import listed
from tests.mcp.outcomes import a_server

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files")]

ADD = {"name": "add", "description": "Add two numbers."}
EVIL = {"name": "add", "description": "Add two\u200b numbers. <script>alert(1)</script>"}


def person(*permissions: str) -> Client:
    user = User.objects.create_user("vera")
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def changed(*seen: Any, approved: Any = ADD) -> McpServer:
    server = a_server()
    row = ToolList(server=server, era="modern", seen_at=datetime.now(UTC))
    row.see(*listed([approved], ""))
    row.approve("first seen", datetime.now(UTC))
    row.see(*listed(seen, ""))
    row.save()
    return server


def page(client: Client, server: McpServer) -> str:
    response = client.get(f"/fleet/{server.pk}")
    assert response.status_code == 200
    return response.content.decode()


def approve(client: Client, server: McpServer, fingerprint: str) -> Any:
    return client.post(f"/fleet/{server.pk}/approve_tools", {"fingerprint": fingerprint}, follow=True)


def test_what_is_new_is_marked_and_what_nobody_sees_is_named() -> None:
    text = page(person("view_mcpserver"), changed(EVIL))
    assert '<span class="character" title="A character that is not seen">U+200B</span>' in text
    assert "&lt;script&gt;" in text
    assert "<script>alert" not in text
    assert "Not as approved: 1 tool changed." in text
    assert "Approve these tools" not in text


def test_who_may_not_see_servers_sees_nothing_of_their_tools() -> None:
    text = page(person("approve_tools"), changed(EVIL))
    assert "oracle_mcp" in text
    assert "Add two" not in text


def test_approved_is_what_was_looked_at_and_nothing_that_came_since() -> None:
    server, client = changed(EVIL), person("view_mcpserver", "approve_tools")
    looked_at = ToolList.objects.get().seen_fingerprint
    assert looked_at in page(client, server)
    row = ToolList.objects.get()
    row.see(*listed([{"name": "other"}], ""))
    row.save()
    assert "have changed again meanwhile" in approve(client, server, looked_at).content.decode()
    assert not ToolList.objects.get().is_approved
    assert "are approved" in approve(client, server, row.seen_fingerprint).content.decode()
    assert ToolList.objects.get().approved_by == "vera"
    assert "Not as approved" not in page(client, server)


@pytest.mark.parametrize("permissions", [("view_mcpserver", "change_mcpserver"), ("approve_tools",)])
def test_who_may_not_approve_tools_or_see_them_approves_none(permissions: tuple[str, ...]) -> None:
    server = changed(EVIL)
    assert approve(person(*permissions), server, ToolList.objects.get().seen_fingerprint).status_code == 403
    assert not ToolList.objects.get().is_approved


def test_a_hostile_list_is_shown_in_bounds() -> None:
    deep: Any = "<b>"
    for _ in range(60):
        deep = {"a\u202e": deep}
    tools = [{"name": f"t\u200b{n}", "description": "x y " * 2_000, "inputSchema": deep} for n in range(1_000)]
    text = page(person("view_mcpserver"), changed(*tools))
    assert len(text) < 1_000_000
    assert "\u202e" not in text
    assert "1000 tools, modern, no credential." in " ".join(strip_tags(text).split())
