"""Keeps the counts of this process in its file, once a second."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable

from django.conf import settings

from events.measuring.snapshot import EVERY_S, FOLDER, Gauges, Place
from events.process_lock import process_lock

logger = logging.getLogger(__name__)

_places: dict[int, Place] = {}  # by process: a fork takes one of its own
_taking = process_lock()


def own_place(role: str) -> Place:
    """Return the place of this process, which it takes the first time."""
    with _taking:
        if os.getpid() not in _places:
            _places[os.getpid()] = Place(settings.EVENTHUB_VAR_DIR / FOLDER, role)
        return _places[os.getpid()]


def keep(role: str, gauges: Gauges) -> None:
    """Write the file now. A disk that is full only makes the counts of other processes older."""
    try:
        own_place(role).write(gauges)
    except OSError as error:
        logger.warning("The counts of this process cannot be written: %s", error)


async def keep_regularly(role: str, gauges: Callable[[], Gauges]) -> None:
    """Write the file once a second until this is cancelled, and then for the last time."""
    loop = asyncio.get_running_loop()
    try:
        while True:
            await loop.run_in_executor(None, keep, role, gauges())
            await asyncio.sleep(EVERY_S)
    finally:
        keep(role, {})
