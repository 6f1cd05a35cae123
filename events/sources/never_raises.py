"""How a source broadcasts events: what it raises would break what it watches, so it raises nothing and spoils no
transaction."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

from django.db import connection, transaction

from events.broadcast import MAX_BATCH, Broadcast, InactiveEventType, broadcast_events
from events.database.trouble import is_away

logger = logging.getLogger(__name__)

_is_quiet = ContextVar("eventhub_quiet_sources", default=False)

Data = Mapping[str, Any]


@contextmanager
def never_raises(event_type: str) -> Iterator[None]:
    """Log whatever goes wrong inside. In a transaction of the caller's, a query that fails is undone alone."""
    try:
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            yield
    except InactiveEventType:
        pass  # an admin has deactivated this type
    except Exception as error:  # whatever it is, what is watched goes on
        if is_away(error):
            logger.warning("An event of type %s could not be broadcast: %s", event_type, error.__cause__ or error)
        else:
            logger.exception("An event of type %s could not be broadcast.", event_type)


@contextmanager
def quiet() -> Iterator[None]:
    """Broadcast nothing inside: while a new installation is set up, nobody has done anything to anybody."""
    token = _is_quiet.set(True)
    try:
        yield
    finally:
        _is_quiet.reset(token)


def try_broadcast(event_type: str, data_of: Callable[[], Data | None], *, source: str) -> None:
    """Broadcast what `data_of` gives, unless it gives None."""
    with never_raises(event_type):
        data = None if _is_quiet.get() else data_of()
        if data is not None:
            broadcast_events([Broadcast(event_type, data, source)])


def try_broadcast_all(event_type: str, all_data: Iterable[Data], *, source: str) -> None:
    """Broadcast one event for each, as many at once as a batch may have."""
    with never_raises(event_type):
        events = [] if _is_quiet.get() else [Broadcast(event_type, data, source) for data in all_data]
        for start in range(0, len(events), MAX_BATCH):
            broadcast_events(events[start : start + MAX_BATCH])
