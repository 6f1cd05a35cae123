"""A token does what it was made for and nothing else, wherever it is taken."""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
import websockets
from asgiref.sync import sync_to_async
from django.apps import apps
from django.contrib.auth.models import Permission, User
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from knox.models import AuthToken

from eventhub.database import LOCK_S
from events.access import token_terms
from events.access.identity import Identity, identities_of_tokens
from events.access.token_terms import make_token, note_use
from events.core.event_types import Viewer
from events.models import TokenTerms
from subscriptions.clients import access_watch
from subscriptions.clients.access_watch import AccessWatch
from subscriptions.threads import DatabaseThreads
from tests.cases import each_case
from tests.client import Client as Socket
from tests.servers import ServerProcess
from tests.waiting import WITHIN_S, aeventually, eventually

EVENTS = "/api/v1/events/"
EVENT = {"type": "mcp_status_change", "data": {"mcp_name": "a", "new_status": "active"}}
READ_CALLS = ("", "metadata", "preview?event_type=user_login", "mcp-list", "1-1/explain", "export.csv", "export.ndjson")


@pytest.fixture
def ada() -> User:
    user = User.objects.create_user("ada")
    user.user_permissions.add(Permission.objects.get(codename="add_event", content_type__app_label="events"))
    return user


@pytest.fixture(autouse=True)
def nothing_noted() -> Iterator[None]:
    yield
    token_terms.forget()


def holding(user: User, *scopes: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {make_token(user, 'ci', scopes, None)[1]}"})


def last_used() -> datetime:
    moment = TokenTerms.objects.get().last_used
    assert moment is not None
    return moment


def emitted(client: Client) -> Any:
    return client.post(EVENTS, EVENT, content_type="application/json")


@pytest.mark.django_db
def test_a_token_to_read_with_reads_and_does_not_emit(ada: User) -> None:
    client = holding(ada, "read")
    assert client.get(EVENTS).status_code == 200
    refused = emitted(client)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert "lacks the scope “emit”" in refused.json()["detail"]


@pytest.mark.django_db
@each_case("call", READ_CALLS)
def test_a_token_to_emit_with_emits_and_reads_nothing(ada: User, call: str) -> None:
    client = holding(ada, "emit")
    assert emitted(client).status_code == 201
    assert client.head(EVENTS + call).status_code == 403
    refused = client.get(EVENTS + call)
    assert refused.status_code == 403
    assert "lacks the scope “read”" in refused.json()["detail"]


@pytest.mark.django_db
@each_case("call", [*(f"{EVENTS}{each}" for each in READ_CALLS), "/api/v1/standing", "/api/v1/mcp-servers"])
def test_a_token_for_agents_alone_is_refused_by_all_other_calls(ada: User, call: str) -> None:
    text = make_token(ada, "agent", ["read", "emit"], None, agents_only=True)[1]
    client = Client(headers={"Authorization": f"Bearer {text}"})
    refused = client.get(call)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert "for agents, at /mcp alone" in refused.json()["detail"]
    assert emitted(client).status_code == 403
    assert client.post("/api/v1/tickets").status_code == 403


@pytest.mark.django_db
def test_metadata_that_are_public_are_not_read_by_a_token_to_emit_with(ada: User, settings: Any) -> None:
    settings.EVENTHUB_PUBLIC_METADATA = True
    assert Client().get(f"{EVENTS}metadata").status_code == 200
    assert holding(ada, "emit").get(f"{EVENTS}metadata").status_code == 403


@pytest.mark.django_db
def test_a_scope_gives_no_right_that_its_user_lacks() -> None:
    refused = emitted(holding(User.objects.create_user("bob"), "read", "emit"))
    assert refused.status_code == 403
    assert "events.add_event" in refused.json()["detail"]


@pytest.mark.django_db
def test_tokens_of_before_there_were_scopes_keep_both_and_have_no_name(ada: User) -> None:
    token, text = AuthToken.objects.create(ada)
    client = Client(headers={"Authorization": f"Bearer {text}"})
    importlib.import_module("events.migrations.0010_token_terms").keep_scopes(apps, connection.schema_editor())
    assert TokenTerms.objects.get().scopes == ["read", "emit"]
    assert token_terms.name_of(token) == "(unnamed) of ada"
    assert (client.get(EVENTS).status_code, emitted(client).status_code) == (200, 201)


@pytest.mark.django_db
def test_a_token_that_knox_made_has_both_scopes(ada: User) -> None:
    client = Client(headers={"Authorization": f"Bearer {AuthToken.objects.create(ada)[1]}"})
    assert (client.get(EVENTS).status_code, emitted(client).status_code) == (200, 201)


@pytest.mark.django_db
def test_a_token_is_made_with_its_terms_or_not_at_all(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OperationalError

    monkeypatch.setattr(TokenTerms, "save", fails)
    with pytest.raises(OperationalError):
        make_token(ada, "ci", ["read"], None)
    assert not AuthToken.objects.exists()


async def test_a_socket_is_for_tokens_to_read_with_and_says_which_scope_is_missing(
    each_server: ServerProcess,
) -> None:
    made = each_server.manage("create_token", "alice", "--name", "sender", "--scope", "emit")
    url = f"{each_server.ws_url}?token={made.stdout.strip()}"
    async with websockets.connect(url, proxy=None) as socket:
        client = Socket(socket)
        refused = await client.receive()
        assert (refused["type"], refused["code"]) == ("error", "forbidden")
        assert "lacks the scope “read”" in refused["message"]
        assert await client.closed() == 4500


# --- when it was last used ---


@pytest.mark.django_db
def test_the_use_of_a_token_is_noted_at_most_once_a_minute(ada: User) -> None:
    client = holding(ada, "read")
    client.get(EVENTS)
    first = last_used()
    with CaptureQueriesContext(connection) as queries:
        client.get(EVENTS)
    assert not [each for each in queries if "UPDATE" in each["sql"]]
    token_terms.forget()  # as in another process
    client.get(EVENTS)
    assert last_used() == first
    TokenTerms.objects.update(last_used=first - timedelta(minutes=2))
    token_terms.forget()
    client.get(EVENTS)
    assert last_used() >= first


@pytest.mark.django_db
def test_a_note_of_a_clock_that_was_ahead_does_not_stay(ada: User) -> None:
    token, _ = make_token(ada, "ci", ["read"], None)
    TokenTerms.objects.update(last_used=timezone.now() + timedelta(days=365))
    note_use([token.digest])
    assert last_used() <= timezone.now()


@pytest.mark.django_db
def test_a_token_that_is_refused_is_not_in_use(ada: User) -> None:
    emitted(holding(ada, "read"))
    assert TokenTerms.objects.get().last_used is None


@pytest.mark.django_db
def test_a_database_that_takes_no_note_makes_no_request_fail(
    ada: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client = holding(ada, "read")

    def read_only(*_: object) -> None:
        raise OperationalError("attempt to write a readonly database")

    monkeypatch.setattr(TokenTerms.objects, "exclude", lambda **_: read_only())
    assert client.get(EVENTS).status_code == 200
    assert "It could not be noted when tokens were last used" in caplog.text


@pytest.mark.django_db
def test_who_holds_a_token_is_known_without_another_query(ada: User) -> None:
    text = make_token(ada, "ci", ["emit"], None)[1]
    with CaptureQueriesContext(connection) as queries:
        [identity] = identities_of_tokens([text])
    assert len(queries) == 1
    assert identity is not None
    assert not identity.may_read


@contextmanager
def another_writes() -> Iterator[None]:
    """Hold a transaction of another connection, which has written to all terms."""
    written, go_on = threading.Event(), threading.Event()

    def write() -> None:
        with transaction.atomic():
            TokenTerms.objects.update(name="of another")
            written.set()
            go_on.wait(WITHIN_S)
        connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert written.wait(WITHIN_S)
        yield
    finally:
        go_on.set()
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_no_request_waits_for_another_that_writes_and_its_use_is_noted_with_the_next_of_anybody(
    ada: User, caplog: pytest.LogCaptureFixture
) -> None:
    client = holding(ada, "read")
    client.get(EVENTS)  # whatever else a first request does
    token_terms.forget()
    TokenTerms.objects.update(last_used=None)
    with another_writes():
        began = time.monotonic()
        assert client.get(EVENTS).status_code == 200
        assert time.monotonic() - began < LOCK_S  # which is how long it would wait
    assert not TokenTerms.objects.exclude(last_used=None).exists()
    assert not caplog.records
    Client().get(EVENTS)
    assert last_used()


@pytest.mark.django_db(transaction=True)
def test_who_could_note_nothing_goes_on_to_wait_for_others_with_all_else(ada: User) -> None:
    token, _ = make_token(ada, "ci", ["read"], None)

    def waits() -> Any:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout" if connection.vendor == "sqlite" else "SHOW lock_timeout")
            return cursor.fetchall()

    before = waits()
    with another_writes():
        note_use([token.digest])
    assert waits() == before


@pytest.fixture
async def threads() -> AsyncIterator[DatabaseThreads]:
    threads = DatabaseThreads("test", 2)
    yield threads
    await threads.close()


async def settle(_: object) -> None:
    pass


@pytest.mark.django_db(transaction=True)
async def test_a_token_that_holds_a_socket_is_in_use(threads: DatabaseThreads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_watch, "PAUSE", 0.0)
    user = await User.objects.acreate(username="holder")
    token, _ = await sync_to_async(make_token)(user, "ci", ["read"], None)
    watch = AccessWatch(threads, [], settle, access=1)
    watch.keep_use(Identity(user.pk, "holder", Viewer(), access=1, token_digest=token.digest))
    assert (await TokenTerms.objects.aget()).last_used is None
    watch.check_if_due(2)
    await sync_to_async(eventually)(lambda: TokenTerms.objects.get().last_used)
    await watch.stop()


async def test_no_check_of_access_waits_for_a_note(threads: DatabaseThreads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_watch, "PAUSE", 0.0)
    monkeypatch.setattr(access_watch, "recheck", lambda identities: {})
    noting, go_on, checks = threading.Event(), threading.Event(), 0

    def note(digests: object) -> None:
        noting.set()
        go_on.wait(WITHIN_S)

    async def settled(_: object) -> None:
        nonlocal checks
        checks += 1

    monkeypatch.setattr(access_watch, "note_use", note)
    watch = AccessWatch(threads, [], settled, access=1)
    watch.check_if_due(2)
    await aeventually(noting.is_set)
    for revision in (3, 4):

        def is_checked(revision: int = revision) -> bool:
            watch.check_if_due(revision)
            return checks == revision - 1

        await aeventually(is_checked)
    go_on.set()
    await watch.stop()
