"""The check of all who are connected goes on, whatever happens to one of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping

import pytest
from django.db import InterfaceError

from events.access.identity import Identity
from events.core.event_types import Viewer
from subscriptions.clients import access_watch as module
from subscriptions.clients.access_watch import AccessWatch
from subscriptions.threads import DatabaseThreads
from tests.waiting import aeventually

Found = Mapping[Identity, Identity | None]


@pytest.fixture
async def threads() -> AsyncIterator[DatabaseThreads]:
    threads = DatabaseThreads("test", 1)
    yield threads
    await threads.close()


@pytest.mark.parametrize("error", [InterfaceError("gone"), RuntimeError("an engine's own"), TypeError("ours")])
async def test_a_check_that_failed_is_logged_once_and_done_again(
    threads: DatabaseThreads, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    checks = 0
    settled: list[Found] = []

    def recheck(identities: Collection[Identity]) -> dict[Identity, Identity | None]:
        nonlocal checks
        checks += 1
        if checks < 4:
            raise error
        return dict.fromkeys(identities)

    async def settle(found: Found) -> None:
        settled.append(found)

    def is_settled() -> bool:
        watch.check_if_due(1)
        return bool(settled)

    monkeypatch.setattr(module, "recheck", recheck)
    monkeypatch.setattr(module, "PAUSE", 0.0)
    watch = AccessWatch(threads, [], settle, access=1)
    someone = Identity(1, "someone", Viewer(), access=0)
    assert watch.is_news(someone)  # nothing else demands a check
    await aeventually(is_settled)
    await watch.stop()
    assert checks == 4
    [record] = caplog.records
    assert record.message.startswith("Access cannot be checked (")
    assert str(error) in record.message
    assert "\n" not in record.message
    assert record.exc_info is None


async def test_a_failure_that_comes_back_is_logged_again(
    threads: DatabaseThreads, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fails = iter([True, False, True, False])
    settled: list[Found] = []

    def recheck(identities: Collection[Identity]) -> dict[Identity, Identity | None]:
        if next(fails):
            raise RuntimeError("away")
        return {}

    async def settle(found: Found) -> None:
        settled.append(found)

    monkeypatch.setattr(module, "recheck", recheck)
    monkeypatch.setattr(module, "PAUSE", 0.0)
    watch = AccessWatch(threads, [], settle, access=1)
    for access in (2, 3):

        def is_settled(access: int = access) -> bool:
            watch.check_if_due(access)
            return len(settled) == access - 1

        await aeventually(is_settled)
    await watch.stop()
    assert [record.message for record in caplog.records] == [
        "Access cannot be checked (RuntimeError('away')); trying again."
    ] * 2
