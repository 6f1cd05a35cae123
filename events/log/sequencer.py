"""Places the events of all, while many are broadcast on PostgreSQL.

Whoever broadcasts places by itself as long as little happens: nothing is faster for one event. When much happens, they
would wait for each other at the log's head. Then one process, the sequencer, places all that is pending, every few
milliseconds, and the others only insert. Who that is stands in the head, until a time that is a second ahead: if the
sequencer dies, the others place again after that. Two at once do no harm: both place under the head's lock.

One that does not keep up says so by a longer time: those who broadcast wait for it then, so that what is pending stays
little.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import Error as DatabaseError  # InterfaceError too
from django.db import connection

from events.database.pool import let_go_of_database
from events.log import placer, placing
from events.log.records import replace_connection
from events.models import LogHead

logger = logging.getLogger(__name__)

WATCH_S = 0.5
WATCH_BESIDE_SOCKETS_S = 1.5  # a process that delivers leads only where no other does
BEGIN_AT = 50  # events a second
END_BELOW = 20  # events a second, for as long as QUIET_S
QUIET_S = 2.0
PACE_S = 0.005  # between two placings
BEHIND_S = 0.5  # that a sequencer works without a pause; then those who broadcast wait for it
TERM_S = 1.0  # that a sequencer says ahead
RENEW_S = 0.25
# Who has inserted in the belief that there still was a sequencer commits within that time; nobody else would place it
# before the poll.
LINGER_S = 1.0
LINGER_PACE_S = 0.05

TERM = f"clock_timestamp() + interval '{TERM_S:g} seconds'"
HEAD = f"SELECT position, {placer.SEQUENCED} FROM {LogHead._meta.db_table}"  # noqa: S608
TAKE = (
    f"UPDATE {LogHead._meta.db_table} SET sequencer = %s, sequenced_until = {TERM} "  # noqa: S608
    f"WHERE NOT {placer.SEQUENCED}"
)
RENEW = f"UPDATE {LogHead._meta.db_table} SET sequenced_until = {TERM} WHERE sequencer = %s"  # noqa: S608
SAY_BEHIND = RENEW.replace(f"{TERM_S:g} seconds", "3 seconds")
GIVE_BACK = f"UPDATE {LogHead._meta.db_table} SET sequenced_until = NULL WHERE sequencer = %s"  # noqa: S608


class Sequencer:
    """A thread that watches how much happens, and is the sequencer when that is much and nobody else is."""

    def __init__(self, watch_s: float) -> None:
        """Look every `watch_s` seconds. Where several processes watch, the most patient one hardly ever leads."""
        self.leads = False
        self._watch_s = watch_s
        self._name = secrets.token_hex(8)
        self._stopping = threading.Event()
        self._seen: tuple[int, float] | None = None  # the head's position, and when (`time.monotonic`)
        self._thread = threading.Thread(target=self._run, name="eventhub-sequencer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Give the role back, and return when the thread has ended."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopping.wait(self._watch_s):
                try:
                    if self._is_wanted() and changes(TAKE, self._name):
                        self._lead()
                except DatabaseError as error:
                    logger.info("The log's head cannot be watched (%s); trying again.", error)
                    replace_connection()
                    self._seen = None
                except Exception:  # a bug; without this thread everybody still places
                    logger.exception("Watching the log's head failed; it goes on.")
                    self._seen = None
                let_go_of_database()
        finally:
            connection.close()

    def _is_wanted(self) -> bool:
        """Return whether much has happened since the last look, and nobody places for all."""
        row, now = head(), time.monotonic()
        if row is None:
            return False
        position, is_sequenced = row
        before, self._seen = self._seen, (position, now)
        return before is not None and not is_sequenced and position - before[0] >= BEGIN_AT * (now - before[1])

    def _lead(self) -> None:
        logger.info("This process places the events of all, until there are fewer.")
        self.leads = True
        try:
            self._place_until_quiet()
        finally:
            self.leads = False
            self._seen = None
            with suppress(DatabaseError):  # the term ends by itself
                changes(GIVE_BACK, self._name)
        until = time.monotonic() + LINGER_S
        while time.monotonic() < until and not self._stopping.wait(LINGER_PACE_S):
            placing.place(wait=False)
        placing.place(wait=False)

    def _place_until_quiet(self) -> None:
        began = renewed = up_to_date = time.monotonic()
        before = position_of_head()  # of the head when it `began`: who waits for an event places it without us
        was_behind = False
        while not self._stopping.is_set():
            now = time.monotonic()
            is_behind = now >= up_to_date + BEHIND_S
            if is_behind != was_behind or now >= renewed + RENEW_S:
                renewed, was_behind = now, is_behind
                if not changes(SAY_BEHIND if is_behind else RENEW, self._name):
                    logger.info("Another process has begun to place the events of all.")
                    return
            if now >= began + QUIET_S:
                if (reached := position_of_head()) - before < END_BELOW * (now - began):
                    return
                began, before = now, reached
            placed = placing.place_some(wait=True)  # others hold the lock only while they place
            if placed < placing.PLACE_AT_ONCE:  # no more is pending
                up_to_date = now
                self._stopping.wait(max(0.0, now + PACE_S - time.monotonic()))


def head() -> tuple[int, bool] | None:
    """Return the head's position, and whether somebody places for all; None where there is no log yet."""
    with connection.cursor() as cursor:
        cursor.execute(HEAD)
        row: tuple[int, bool] | None = cursor.fetchone()
    return row


def position_of_head() -> int:
    found = head()
    return found[0] if found else 0


def changes(statement: str, name: str) -> bool:
    """Run a statement of ours on the head; return whether it was one that it applies to."""
    with connection.cursor() as cursor:
        cursor.execute(statement, [name])
        return bool(cursor.rowcount)


@contextmanager
def sequencing(watch_s: float) -> Iterator[None]:
    """Watch, and be the sequencer when one is wanted, until the block ends. SQLite needs none: it has one writer."""
    if connection.vendor != "postgresql":
        yield
        return
    sequencer = Sequencer(watch_s)
    sequencer.start()
    try:
        yield
    finally:
        sequencer.stop()
