"""Tells every few seconds, in a row of its own, that this process lives and what it does."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from django.db import Error as DatabaseError  # InterfaceError too
from django.db import connections

from events.models import HubProcess

logger = logging.getLogger(__name__)

EVERY_S = 5.0

State = Callable[[], Mapping[str, Any]]
End = Callable[[Sequence[str]], None]


def nothing(ids: Sequence[str]) -> None:
    """End no connection: a process that has none."""


async def beat_regularly(role: str, state: State, end: End = nothing) -> None:
    """Beat until this is cancelled, and take the row away then. `end` ends connections by their ids."""
    own = HubProcess(pk=secrets.token_hex(8), role=role, host=socket.gethostname(), pid=os.getpid())
    wrote = False
    try:
        while True:
            try:
                encoded = msgspec.json.encode(state()).decode()
                ending = await asyncio.to_thread(in_thread, own.beat, encoded)
                wrote = True
                if ending:
                    end(ending)
            except DatabaseError as error:  # others tell of it
                wrote = False
                logger.debug("The heartbeat could not be written: %s", error)
            except Exception:
                logger.exception("The heartbeat failed; it goes on.")
            await asyncio.sleep(EVERY_S)
    finally:
        if wrote:  # else the database is away, and this process would wait for it at its end
            await asyncio.to_thread(in_thread, take_away, own)


def take_away(own: HubProcess) -> None:
    try:
        HubProcess.objects.filter(pk=own.pk).delete()
    except DatabaseError as error:  # it is deleted by others, later
        logger.debug("The heartbeat's row could not be deleted: %s", error)


def in_thread(work: Callable[..., Any], *arguments: object) -> Any:
    """Do it on a connection that is given back at once: a thread of the pool may not be asked again for long."""
    try:
        return work(*arguments)
    finally:
        connections.close_all()
