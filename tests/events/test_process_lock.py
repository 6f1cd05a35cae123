"""What a process is forked with, while its threads work: `manage.py serve --workers` does so, and other servers do."""

from __future__ import annotations

import os
import signal
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from django.db import connection

from events import registry_cache
from events.core.event_types import Registry
from events.models import Revision
from events.models.revision import RegistryVersion
from events.process_lock import process_lock
from tests.waiting import WITHIN_S

# Python says the same from 3.12 on.
pytestmark = pytest.mark.filterwarnings("ignore:.* multi-threaded, use of fork:DeprecationWarning")


def holds_in_a_fork(promise: Callable[[], bool]) -> bool:
    """Return what it returns in a process that is forked now."""
    pid = os.fork()
    if not pid:
        try:
            signal.alarm(int(WITHIN_S))  # ends it
            os._exit(0 if promise() else 1)
        except BaseException:  # noqa: BLE001  this process must not go on with the tests
            traceback.print_exc()
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_a_lock_that_is_held_at_a_fork_is_free_in_the_new_process_and_stays_held_in_the_old_one() -> None:
    lock = process_lock()
    with lock:
        assert holds_in_a_fork(lambda: lock.acquire(blocking=False))
        assert lock.locked()


def test_a_process_that_is_forked_while_another_thread_reads_the_registry_reads_it_too(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(registry_cache.forget)
    begun, may_end = threading.Event(), threading.Event()
    version = RegistryVersion(1, "")
    registry = Registry(version=1, epoch="", categories=(), types={})

    def read_slowly() -> SimpleNamespace:
        begun.set()
        assert may_end.wait(WITHIN_S)
        return SimpleNamespace(registry_version=version)

    def reads() -> bool:
        may_end.set()
        return registry_cache.refresh() == registry

    monkeypatch.setattr(registry_cache, "load", lambda _: registry)
    monkeypatch.setattr(Revision, "current", read_slowly)
    with ThreadPoolExecutor() as threads:
        reading = threads.submit(registry_cache.refresh)
        assert begun.wait(WITHIN_S)
        try:
            assert holds_in_a_fork(reads)
        finally:
            may_end.set()
        assert reading.result() is registry


@pytest.mark.postgres
@pytest.mark.needs_postgres
@pytest.mark.django_db
def test_a_forked_process_has_connections_of_its_own() -> None:
    def backend() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            pid: int = cursor.fetchone()[0]
        connection.close()  # it lies in the pool
        return pid

    def backend_of_a_thread() -> int:  # the test's own connection is in a transaction
        with ThreadPoolExecutor() as threads:
            return threads.submit(backend).result()

    pooled = backend_of_a_thread()
    assert holds_in_a_fork(lambda: backend_of_a_thread() != pooled)
    assert backend_of_a_thread() == pooled
