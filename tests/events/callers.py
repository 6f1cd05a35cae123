"""People who call the HTTP API, and what a refusal of it is."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from knox.models import AuthToken


def person(name: str, *, may_emit: bool = False, groups: tuple[str, ...] = (), superuser: bool = False) -> Client:
    """Return a client that sends this new user's token."""
    user = User.objects.create_user(name, is_superuser=superuser)
    if may_emit:
        user.user_permissions.add(Permission.objects.get(codename="add_event", content_type__app_label="events"))
    for group in groups:
        user.groups.add(Group.objects.get(name=group))
    return Client(headers={"Authorization": f"Bearer {AuthToken.objects.create(user)[1]}"})


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """Return the problem document of a refusal, which must be one."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document["status"] == status
    assert document["code"] == code
    assert document["type"] == "about:blank"
    assert document["title"]
    assert document["detail"].endswith((".", "…")), document["detail"]
    assert "Traceback" not in response.content.decode()
    return document
