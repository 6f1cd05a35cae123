"""Who comes in is found out together: the answers are those that each would have got alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from knox.models import AuthToken

from events.access.identity import Identity, identities_of_tokens
from events.core.event_types import Viewer
from subscriptions.clients import token_lookup as module
from subscriptions.clients.token_lookup import TokenLookup
from subscriptions.threads import DatabaseThreads
from tests.waiting import WITHIN_S, aeventually


def token_of(user: User, **options: Any) -> str:
    return str(AuthToken.objects.create(user, **options)[1])


@pytest.mark.django_db
def test_each_token_stands_for_its_user_and_no_other_stands_for_anybody() -> None:
    alice = User.objects.create_user("alice-in")
    alice.groups.add(Group.objects.create(name="wonderland"), Group.objects.create(name="mirrors"))
    gone = User.objects.create_user("gone", is_active=False)
    good, other = token_of(alice), token_of(alice)
    tokens = [good, "", "ehub_wrong", other, token_of(gone), token_of(alice, expiry=timedelta(seconds=-1)), good, "é\0"]
    found = identities_of_tokens(tokens)
    names = [each and each.username for each in found]
    assert names == ["alice-in", None, None, "alice-in", None, None, "alice-in", None]
    assert found[0] == found[6] != found[3]
    assert found[0] is not None
    assert found[0].viewer.groups == frozenset(alice.groups.values_list("pk", flat=True))


@pytest.mark.django_db
def test_many_tokens_cost_no_more_queries_than_one() -> None:
    tokens = [token_of(User.objects.create_user(f"user {number}")) for number in range(20)]
    counts = []
    for some in (tokens[:1], tokens):
        with CaptureQueriesContext(connection) as queries:
            assert None not in identities_of_tokens(some)
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.fixture
async def lookup() -> AsyncIterator[TokenLookup]:
    threads = DatabaseThreads("test", 1)
    lookup = TokenLookup(threads)
    yield lookup
    await lookup.stop()
    await threads.close()


def identity(name: str) -> Identity:
    return Identity(1, name, Viewer(), access=1)


async def test_those_who_wait_share_a_lookup_and_each_gets_its_own_answer(
    lookup: TokenLookup, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookups: list[list[str]] = []

    def look_up(tokens: list[str]) -> list[Identity | None]:
        lookups.append(tokens)
        return [identity(token) for token in tokens]

    monkeypatch.setattr(module, "identities_of_tokens", look_up)
    tokens = [str(number) for number in range(module.TOKENS_AT_ONCE + 5)]
    found = await asyncio.gather(*(lookup.identify(token, "") for token in tokens))
    assert found == [identity(token) for token in tokens]
    assert len(lookups) == 2


async def test_those_who_come_soon_after_a_lookup_share_the_next(
    lookup: TokenLookup, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookups: list[list[str]] = []

    def look_up(tokens: list[str]) -> list[Identity | None]:
        lookups.append(tokens)
        return [identity(token) for token in tokens]

    sleep, gathered = asyncio.sleep, asyncio.Event()

    async def until_gathered(seconds: float) -> None:
        await (gathered.wait() if seconds == module.GATHER_S else sleep(seconds))

    monkeypatch.setattr(module, "identities_of_tokens", look_up)
    monkeypatch.setattr(asyncio, "sleep", until_gathered)
    await lookup.identify("first", "")
    soon = asyncio.create_task(lookup.identify("soon", ""))
    for _ in range(10):  # a look-up for it alone would begin
        await asyncio.sleep(0)
    soon_after = asyncio.create_task(lookup.identify("soon after", ""))
    await asyncio.sleep(0)
    gathered.set()
    assert list(await asyncio.gather(soon, soon_after)) == [identity("soon"), identity("soon after")]
    assert lookups == [["first"], ["soon", "soon after"]]


async def test_a_lookup_waits_while_more_come(lookup: TokenLookup, monkeypatch: pytest.MonkeyPatch) -> None:
    lookups: list[list[str]] = []

    def look_up(tokens: list[str]) -> list[Identity | None]:
        lookups.append(tokens)
        return [identity(token) for token in tokens]

    sleep, later = asyncio.sleep, ["third", "fourth"]
    asked: list[asyncio.Task[Identity | None]] = []

    def ask(token: str) -> None:
        asked.append(asyncio.create_task(lookup.identify(token, "")))

    async def come(seconds: float) -> None:
        if seconds == module.GATHER_S and len(lookups) == 1:
            ask("second")
        elif seconds == module.STEP_S and later:
            ask(later.pop(0))
        await sleep(0)

    monkeypatch.setattr(module, "identities_of_tokens", look_up)
    monkeypatch.setattr(module, "GATHER_AT_MOST_S", WITHIN_S)
    monkeypatch.setattr(asyncio, "sleep", come)
    await lookup.identify("first", "")
    await aeventually(lambda: len(asked) == 3 and all(each.done() for each in asked))
    assert lookups == [["first"], ["second", "third", "fourth"]]


@pytest.mark.parametrize("error", [OperationalError("away"), RuntimeError("ours")])
async def test_a_failure_is_told_to_all_who_waited_and_the_next_is_looked_up_again(
    lookup: TokenLookup, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(tokens: list[str]) -> list[Identity | None]:
        raise error

    monkeypatch.setattr(module, "identities_of_tokens", fail)
    left = asyncio.create_task(lookup.identify("left", ""))
    await asyncio.sleep(0)
    left.cancel()
    async with asyncio.timeout(WITHIN_S):
        ended = await asyncio.gather(*(lookup.identify("a", "") for _ in range(3)), return_exceptions=True)
    assert ended == [error] * 3
    monkeypatch.setattr(module, "identities_of_tokens", lambda tokens: [None for _ in tokens])
    assert await lookup.identify("b", "") is None


async def test_nobody_waits_for_a_lookup_that_has_been_stopped(
    lookup: TokenLookup, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking, go_on = threading.Event(), threading.Event()

    def look_up(tokens: list[str]) -> list[Identity | None]:
        looking.set()
        go_on.wait(WITHIN_S)
        return [None for _ in tokens]

    monkeypatch.setattr(module, "identities_of_tokens", look_up)
    asked = asyncio.create_task(lookup.identify("asked", ""))
    await aeventually(looking.is_set)
    waits = asyncio.create_task(lookup.identify("waits", ""))
    await asyncio.sleep(0)
    await lookup.stop()
    go_on.set()
    async with asyncio.timeout(WITHIN_S):
        ended = await asyncio.gather(asked, waits, return_exceptions=True)
    assert [type(each) for each in ended] == [asyncio.CancelledError] * 2
