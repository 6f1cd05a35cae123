"""Agents that call /mcp, in both eras of MCP, and what their answers are."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.models import Permission, User
from django.http import HttpResponse
from django.test import Client

from events.access.token_terms import make_token
from events.models import EventType

MODERN = "2026-07-28"
STATUS, OTHER = "mcp_status_change", "mcp_auto_disabled"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}


class Agent:
    """`ask` sends a call as the present era of MCP has it, or as the one before."""

    def __init__(self, token: str, *, legacy: bool = False) -> None:
        self._client = Client(headers={"Authorization": f"Bearer {token}"})
        self._legacy = legacy

    def ask(self, method: str, **params: Any) -> HttpResponse:
        message: dict[str, Any] = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
        headers = {}
        if not self._legacy:
            message["params"] = {**params, "_meta": META}
            headers = {"MCP-Protocol-Version": MODERN, "Mcp-Method": method}
            if method == "tools/call":
                headers["Mcp-Name"] = params["name"]
        return self.send(json.dumps(message), **headers)

    def send(self, body: str | bytes, **headers: str) -> HttpResponse:
        return self._client.post("/mcp", body, content_type="application/json", headers=headers)  # type: ignore[return-value]

    def result(self, method: str, **params: Any) -> Any:
        answer = json.loads(self.ask(method, **params).content)
        assert "result" in answer, answer
        return answer["result"]

    def error(self, method: str, **params: Any) -> Any:
        response = self.ask(method, **params)
        answer = json.loads(response.content)
        assert "error" in answer, answer
        assert not method.startswith("events/") or answer["error"]["message"].endswith("."), answer
        return answer["error"]

    def tool(self, tool: str, /, **arguments: Any) -> Any:
        result = self.result("tools/call", name=tool, arguments=arguments)
        assert not result["isError"], result
        return result["structuredContent"]

    def refusal(self, tool: str, /, **arguments: Any) -> str:
        """What a tool says of a call that it refuses."""
        result = self.result("tools/call", name=tool, arguments=arguments)
        assert result["isError"], result
        return str(result["content"][0]["text"])


def a_user(name: str = "olga", *, superuser: bool = False, may: tuple[str, ...] = ()) -> User:
    user = User.objects.create(username=name, is_superuser=superuser)
    user.user_permissions.add(*Permission.objects.filter(codename__in=may))
    return user


def agent_of(user: User, *scopes: str, legacy: bool = False) -> Agent:
    return Agent(make_token(user, "agent", scopes or ("read", "emit"), None)[1], legacy=legacy)


def restrict(type_id: str) -> None:
    """Let only superusers see a type."""
    EventType.objects.get(pk=type_id).allowed_groups.clear()
    event_type = EventType.objects.get(pk=type_id)
    event_type.restricted = True
    event_type.save()
