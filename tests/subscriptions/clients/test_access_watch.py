"""The check of all who are connected goes on, whatever happens to one of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from threading import Event
from types import SimpleNamespace
from typing import Any

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


class Checks:
    """Checks of access that fail with these errors, one after the other; None, and all that come later, succeed."""

    def __init__(self, threads: DatabaseThreads, monkeypatch: pytest.MonkeyPatch, *errors: Exception | None) -> None:
        self._errors = list(errors)
        self.done = 0
        monkeypatch.setattr(module, "recheck", self._recheck)
        monkeypatch.setattr(module, "PAUSE", 0.0)
        self.watch = AccessWatch(threads, [], self._settle, access=1)
        assert self.watch.is_news(Identity(1, "someone", Viewer(), access=0))  # nothing else demands a check

    def _recheck(self, identities: Collection[Identity]) -> dict[Identity, Identity | None]:
        self.done += 1
        if self.done <= len(self._errors) and (error := self._errors[self.done - 1]):
            raise error
        return dict.fromkeys(identities)

    async def _settle(self, found: Found) -> None:
        pass

    async def all_done(self) -> None:
        """Check until each error, and one check more, has had its turn."""
        for number in range(1, len(self._errors) + 2):

            def is_done(number: int = number) -> bool:
                self.watch.check_if_due(number)
                return self.done >= number

            await aeventually(is_done)
        await self.watch.stop()


async def test_a_check_that_the_database_failed_is_logged_once_and_done_again(
    threads: DatabaseThreads, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await Checks(threads, monkeypatch, *[InterfaceError("gone")] * 3).all_done()
    [record] = caplog.records
    assert record.message == "Access cannot be checked (gone); trying again."
    assert record.exc_info is None


@pytest.mark.parametrize("error", [RuntimeError("an engine's own"), TypeError("ours")])
@pytest.mark.parametrize(("again_after", "times"), [(60.0, 1), (0.0, 3)])
async def test_a_check_that_anything_else_failed_is_done_again_and_logged_with_its_traceback_at_intervals(
    threads: DatabaseThreads,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    again_after: float,
    times: int,
) -> None:
    monkeypatch.setattr(module, "LOGGED_AGAIN_AFTER", again_after)
    await Checks(threads, monkeypatch, *[error] * 3).all_done()
    assert [record.message for record in caplog.records] == ["Access cannot be checked; trying again."] * times
    for record in caplog.records:
        assert record.exc_info is not None
        assert record.exc_info[1] is error


async def test_who_comes_from_another_epoch_during_a_check_is_checked_too(
    threads: DatabaseThreads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A standby without the last commits was promoted: revisions are lower than the one at which this one was read."""
    monkeypatch.setattr(module, "recheck", dict.fromkeys)
    connections: list[Any] = []
    late = Identity(1, "late", Viewer(), access=9)

    async def settle(found: Found) -> None:
        connections[:] = [SimpleNamespace(identity=late, outbox=SimpleNamespace(closing=False))]

    watch = AccessWatch(threads, connections, settle, access=9)
    await watch.check_all(5)
    assert watch.is_news(late._replace(access=5)), "the next one would wait for the regular check"


async def test_a_check_of_another_epoch_settles_nothing(
    threads: DatabaseThreads, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, promoted = Event(), Event()
    settled: list[Found] = []

    def recheck(identities: Collection[Identity]) -> dict[Identity, Identity | None]:
        asked.set()
        promoted.wait()
        return {}

    async def settle(found: Found) -> None:
        settled.append(found)

    monkeypatch.setattr(module, "recheck", recheck)
    monkeypatch.setattr(module, "PAUSE", 0.0)
    watch = AccessWatch(threads, [], settle, access=1)
    watch.check_if_due(2)
    await aeventually(asked.is_set)
    watch.begin_epoch()
    promoted.set()
    await threads.run(lambda: None)  # by the same thread, so after the check
    assert settled == []
    await watch.stop()


@pytest.mark.parametrize("error", [InterfaceError("away"), RuntimeError("away")])
async def test_a_failure_that_comes_back_is_logged_again(
    threads: DatabaseThreads, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    await Checks(threads, monkeypatch, error, None, error).all_done()
    assert len(caplog.records) == 2
