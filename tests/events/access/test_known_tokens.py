"""A token is not read anew with each call, and none is valid for longer than it should be."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from events.access import known_tokens
from events.models import revision
from tests.waiting import eventually

pytestmark = pytest.mark.django_db

ASKED = "SELECT registry, access, (SELECT epoch FROM events_loghead) FROM events_revision"
LIST, LOG = "/api/v1/events/mcp-list", "/api/v1/events/"
EVENT = {"type": "user_logout", "data": {"username": "ada"}}


@pytest.fixture
def ada() -> User:
    user = User.objects.create_user("ada")
    user.groups.add(Group.objects.create(name="callers"))
    Group.objects.get(name="callers").permissions.add(Permission.objects.get(codename="add_event"))
    return user


@pytest.fixture
def known_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_tokens, "KNOWN_FOR_S", math.inf)


@pytest.fixture
def caller(ada: User) -> APIClient:
    """Somebody whose token this process knows, with the permission to emit."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {AuthToken.objects.create(ada)[1]}")
    assert client.post(LOG, EVENT, format="json").status_code == 201
    return client


def deactivate(user: User) -> None:
    user.is_active = False
    user.save()


def revoke(user: User) -> None:
    AuthToken.objects.get(user=user).delete()


def delete(user: User) -> None:
    user.delete()


@pytest.mark.usefixtures("known_for_ever")
@pytest.mark.parametrize("end", [deactivate, revoke, delete])
def test_a_known_token_ends_at_once_with_its_user_or_when_it_is_revoked(
    caller: APIClient, ada: User, end: Callable[[User], None]
) -> None:
    end(ada)
    assert caller.get(LIST).status_code == 401


def leave_group(user: User) -> None:
    user.groups.clear()


def take_from_group(user: User) -> None:
    user.groups.get().permissions.clear()


def delete_group(user: User) -> None:
    user.groups.get().delete()


@pytest.mark.usefixtures("known_for_ever")
@pytest.mark.parametrize("take", [leave_group, take_from_group, delete_group])
def test_a_permission_that_is_taken_away_counts_at_once(
    caller: APIClient, ada: User, take: Callable[[User], None]
) -> None:
    take(ada)
    assert caller.post(LOG, EVENT, format="json").status_code == 403


@pytest.mark.usefixtures("known_for_ever")
def test_a_known_token_ends_when_it_expires(caller: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    token = AuthToken.objects.get()
    assert token.expiry is not None
    later = token.expiry + timedelta(seconds=1)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert caller.get(LIST).status_code == 401


def test_what_no_signal_tells_counts_soon(caller: APIClient, ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(is_active=False)
    eventually(lambda: caller.get(LIST).status_code == 401)


@pytest.mark.usefixtures("known_for_ever")
@pytest.mark.parametrize("call", [partial(APIClient.get, path=LOG), partial(APIClient.post, path=LOG, data=EVENT)])
def test_a_call_asks_once_whether_access_or_the_registry_has_changed(
    caller: APIClient, monkeypatch: pytest.MonkeyPatch, call: Callable[..., Any]
) -> None:
    monkeypatch.setattr(revision, "ASKED_FOR_S", math.inf)
    with CaptureQueriesContext(connection) as asked:
        assert call(caller, format="json").status_code < 300
    assert [each["sql"] for each in asked].count(ASKED) == 1


@pytest.mark.usefixtures("known_for_ever")
def test_a_known_token_costs_one_small_query(caller: APIClient) -> None:
    digest = AuthToken.objects.get().digest
    with CaptureQueriesContext(connection) as asked:
        assert known_tokens.find_token(digest) is not None
    assert [each["sql"] for each in asked] == [ASKED]
