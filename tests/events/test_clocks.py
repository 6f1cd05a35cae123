"""A clock that is wrong for a while refuses what seems expired, and deletes or forgets nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from events.access import expired
from events.access.identity import identities_of_tokens, identity_of_session
from events.log import append, placing, records
from events.models import Event
from subscriptions.component_health import ComponentHealth

pytestmark = pytest.mark.django_db

JUMPS = [timedelta(hours=-1), timedelta(hours=1), timedelta(days=-1), timedelta(days=1)]
Jump = Callable[[timedelta], None]


@pytest.fixture
def jump(monkeypatch: pytest.MonkeyPatch) -> Jump:
    """Sets the clock that is on the wall by so much more or less than it really is."""
    right = timezone.now
    return lambda by: monkeypatch.setattr(timezone, "now", lambda: right() + by)


def status_with(token: str) -> int:
    return Client().get("/api/v1/events/metadata", headers={"Authorization": f"Bearer {token}"}).status_code


def session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    key = client.session.session_key
    assert key is not None
    return key


def test_a_token_used_while_the_clock_was_far_ahead_is_refused_and_right_again_afterwards(jump: Jump) -> None:
    user = User.objects.create_user("alice")
    (_, token), (_, other) = AuthToken.objects.create(user), AuthToken.objects.create(user)
    jump(timedelta(days=91))
    assert status_with(token) == 401
    assert identities_of_tokens([token]) == [None]
    jump(timedelta())
    assert (status_with(token), status_with(other)) == (200, 200)
    assert identities_of_tokens([token]) != [None]


@pytest.mark.parametrize("by", JUMPS)
def test_tokens_and_sessions_that_are_far_from_their_end_do_not_notice_a_jump(jump: Jump, by: timedelta) -> None:
    user = User.objects.create_user("alice")
    token, session = AuthToken.objects.create(user)[1], session_of(user)
    jump(by)
    assert status_with(token) == 200
    assert identity_of_session(session) is not None


def test_a_session_used_while_the_clock_was_far_ahead_is_there_afterwards(jump: Jump) -> None:
    session = session_of(User.objects.create_user("alice"))
    jump(timedelta(days=15))
    assert identity_of_session(session) is None
    jump(timedelta())
    assert identity_of_session(session) is not None
    assert SessionStore(session).exists(session)


def test_what_expired_is_deleted_a_month_later_by_the_job_alone(jump: Jump, capsys: pytest.CaptureFixture[str]) -> None:
    user = User.objects.create_user("alice")
    AuthToken.objects.create(user, expiry=timedelta(days=1))
    AuthToken.objects.create(user, expiry=None)
    session_of(user)
    jump(timedelta(days=15))
    assert expired.prune_credentials(timezone.now(), 1000) == (0, 0)
    jump(timedelta(days=45))
    call_command("prune_events", "--dry-run", "--trust-clock")
    assert "1 sessions and 1 tokens would be deleted" in capsys.readouterr().out
    call_command("prune_events", "--trust-clock")
    assert "1 sessions and 1 tokens deleted" in capsys.readouterr().out
    assert (Session.objects.count(), AuthToken.objects.count()) == (0, 1)


@pytest.mark.parametrize("by", JUMPS)
def test_events_that_a_dead_process_left_are_placed_whatever_the_clock_said(jump: Jump, by: timedelta) -> None:
    data = '{"username": "alice"}'
    append.insert(connection.cursor(), [records.Draft("user_logout", "info", timezone.now(), "test", data)])
    assert placing.place_abandoned() == 0
    jump(by)
    assert placing.place_abandoned() == 1
    assert Event.objects.get().position == 1


def test_how_long_something_was_away_is_not_read_from_the_clock_on_the_wall(jump: Jump) -> None:
    health = ComponentHealth()
    health.lost("database", "gone")
    jump(timedelta(days=-1))
    health.back("database")
    health.broadcast_changes()
    assert Event.objects.order_by("pk")[1].payload["detail"].endswith("it was away for 0 s")
