"""Begins a coroutine by hand, so that only one that has to wait costs a task: 7 µs, a third of a delivery.

From Python 3.12 on a task can do this itself (`eager_start`).
"""

from __future__ import annotations

import asyncio
import types
from collections.abc import Coroutine, Generator
from typing import Any


def start_eagerly(coroutine: Coroutine[Any, None, None]) -> asyncio.Task[None] | None:
    """Run it until it first has to wait; the task that runs the rest, or None when it has ended. What it uses up to
    there must not ask for the current task: that is still the caller's."""
    try:
        waits_for = coroutine.send(None)
    except StopIteration:
        return None
    return asyncio.get_running_loop().create_task(end(coroutine, waits_for))


async def end(coroutine: Coroutine[Any, None, None], waits_for: object) -> None:
    await rest_of(coroutine, waits_for)


@types.coroutine
def rest_of(coroutine: Coroutine[Any, None, None], waits_for: object) -> Generator[Any, None, None]:
    try:
        while True:
            try:
                yield waits_for
            except BaseException as error:  # noqa: BLE001  the coroutine's, a cancellation too
                waits_for = coroutine.throw(error)
            else:
                waits_for = coroutine.send(None)
    except StopIteration:
        return
