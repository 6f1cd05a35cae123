"""Threads for the database work of delivery.

Channels gives all sockets of a process one thread; a slow query of one would hold up every other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import ParamSpec, TypeVar

from django.db import Error as DatabaseError  # InterfaceError too
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

P = ParamSpec("P")
R = TypeVar("R")


class DatabaseThreads:
    """A few threads, each with a connection of its own that lasts until it breaks or the threads end."""

    def __init__(self, name: str, size: int) -> None:
        self._executor = ThreadPoolExecutor(size, thread_name_prefix=f"eventhub-{name}")
        self._size = size

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call `work` in a thread, once more on a new connection if the thread's was found dead: so it must do no harm
        when it is done twice. Raises what it raises."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, lambda: _run(work, *args, **kwargs))

    async def close(self) -> None:
        """End the threads and their connections, waiting for work under way."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        together = Barrier(self._size)  # so that each thread gets one of these

        def close_connections() -> None:
            with suppress(BrokenBarrierError):
                together.wait()
            connections.close_all()

        try:
            for _ in range(self._size):
                self._executor.submit(close_connections)
        except RuntimeError:
            # The interpreter is ending: it takes no more work, and would wait for these threads for ever.
            together.abort()
        self._executor.shutdown()


def _run(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    kept = [each for each in connections.all(initialized_only=True) if each.connection is not None]
    try:
        return work(*args, **kwargs)
    except DatabaseError:
        if not any(_has_died(connection) for connection in kept):
            raise
        return work(*args, **kwargs)
    finally:
        for connection in connections.all(initialized_only=True):
            if connection.errors_occurred:
                connection.close_if_unusable_or_obsolete()


def _has_died(connection: BaseDatabaseWrapper) -> bool:
    """Return whether it is of no use any more; it is closed then, if a transaction that it broke has not done so."""
    if connection.connection is not None and not connection.is_usable():
        connection.close()
    return connection.connection is None
