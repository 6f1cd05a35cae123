"""Reads the log on from a position, forwards or backwards, and tells where its head is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple, ParamSpec, TypeVar

from django.db import connection

from events.database.prepared import binary_cursor, prepared_cursor
from events.log.pages import LogPage, read_page
from events.log.records import EpochOver
from events.models import Event, EventType, LogHead
from events.models.event import SPAN, new_epoch

P = ParamSpec("P")
R = TypeVar("R")

KEYS_AT_ONCE = 400  # rows that a statement names
ROWS = f"SELECT position, type_id, timestamp, data FROM {Event._meta.db_table} WHERE "  # noqa: S608
AFTER = "position > %s{} ORDER BY position ASC LIMIT %s"
BEFORE = "position < %s{} ORDER BY position DESC LIMIT %s"
# Judged with the events that are read: in another epoch the same positions have other events.
OF_EPOCH = f" AND (SELECT epoch FROM {LogHead._meta.db_table}) = %s"  # noqa: S608
AT_POSITIONS = f"position IN (SELECT position FROM {Event._meta.db_table} WHERE {{}}) ORDER BY position {{}}"  # noqa: S608
# The newest of each type by the index of types, of these the newest. A condition on the types alone would let the
# database read back through all others, or sort all that there is of these.
OF_TYPE_BEFORE = (
    f"SELECT position FROM (SELECT position FROM {Event._meta.db_table} "  # noqa: S608
    "WHERE type_id = %s AND position < %s ORDER BY position DESC LIMIT %s) AS of_type"
)
OF_TYPES_BEFORE = (
    f"{ROWS}position IN (SELECT position FROM ({{}}) AS of_types ORDER BY position DESC LIMIT %s) "  # noqa: S608
    "ORDER BY position DESC"
)

# By hand: to make one of these from a queryset is a tenth of what an event costs that comes by HTTP.
EPOCH = f"SELECT epoch FROM {LogHead._meta.db_table}"  # noqa: S608
EPOCH_AND_END = (
    f"SELECT epoch, timeline <> '' AND events_timeline() NOT IN ('', timeline) FROM {LogHead._meta.db_table}"  # noqa: S608
)
BEGIN_EPOCH = f"SELECT events_place(0, TRUE, 0, {SPAN})"  # which places none
# With the epoch, as of the same moment: in another one, as after the promotion of a standby, a position is another's.
PLACED = f"SELECT id, position, ({EPOCH}) FROM {Event._meta.db_table} WHERE id {{}} AND position IS NOT NULL"  # noqa: S608
PLACE = f"SELECT epoch, position FROM {LogHead._meta.db_table}"  # noqa: S608
PRUNED = f"SELECT 1 FROM {EventType._meta.db_table} WHERE pruned_to > %s AND id IN ({{}}) LIMIT 1"  # noqa: S608


class Place(NamedTuple):
    """Where the log ends: all of its head that most need."""

    epoch: str
    position: int


def head() -> LogHead:
    return LogHead.objects.get()


def epoch() -> str:
    """Return the name of the log's present life. After a promotion of a standby it is the new one."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(EPOCH_AND_END)
            epoch, is_over = cursor.fetchone()
            if not is_over:
                return str(epoch)
            cursor.execute(BEGIN_EPOCH)
        cursor.execute(EPOCH)
        return str(cursor.fetchone()[0])


def place() -> Place:
    with prepared_cursor() as cursor:
        cursor.execute(PLACE)
        return Place._make(cursor.fetchone())


def all_places_of(pks: Sequence[int]) -> dict[int, Place]:
    """Return the places of rows that were committed together, by primary key, or of none of them. The last one is
    placed last, so that it tells of all."""
    places = places_of([max(pks)])
    return places_of(pks) if places and len(pks) > 1 else places


def places_of(pks: Sequence[int]) -> dict[int, Place]:
    """Return the places, by primary key, of those that are placed."""
    places: dict[int, Place] = {}
    with prepared_cursor() as cursor:
        for start in range(0, len(pks), KEYS_AT_ONCE):
            some = pks[start : start + KEYS_AT_ONCE]
            if connection.vendor == "postgresql":
                cursor.execute(PLACED.format("= ANY(%s)"), [list(some)])
            else:
                cursor.execute(PLACED.format(f"IN ({', '.join(['%s'] * len(some))})"), some)
            places.update((pk, Place(epoch, position)) for pk, position, epoch in cursor.fetchall())
    return places


def within_epoch(epoch: str, read: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return what `read` returns, which asks for positions of this epoch. Raises EpochOver if the log is in another one
    afterwards: then it may have been before. No epoch comes back."""
    answer = read(*args, **kwargs)
    if place().epoch != epoch:
        raise EpochOver
    return answer


def renew_epoch(epoch: str) -> LogHead:
    """End this epoch, unless another process has done so; the head of the present one."""
    begun = LogHead.objects.filter(epoch=epoch).update(epoch=new_epoch())
    if begun and connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE {LogHead._meta.db_table} SET timeline = events_timeline()")  # noqa: S608
    return head()


def is_pruned(after: int, types: Collection[str]) -> bool:
    """Return whether events of these types after that position have been deleted by retention."""
    if not types:
        return False
    with connection.cursor() as cursor:
        cursor.execute(PRUNED.format(", ".join(["%s"] * len(types))), [after, *types])
        return cursor.fetchone() is not None


def read_after(position: int, limit: int, types: Collection[str] | None = None, epoch: str | None = None) -> LogPage:
    """Return the next events after a position, in order, at most `limit`; of these types, if they are given. There are
    none if the log is not in this epoch any more."""
    return read_beside(AFTER, position, limit, types, epoch)


def read_before(position: int, limit: int, types: Collection[str] | None = None, epoch: str | None = None) -> LogPage:
    """Return the same before a position, newest first."""
    return read_beside(BEFORE, position, limit, types, epoch)


def read_beside(rows: str, position: int, limit: int, types: Collection[str] | None, epoch: str | None) -> LogPage:
    newest_first, wanted, values = rows is BEFORE, "", [*(types or ())]
    if types is not None:
        if not types:
            return LogPage([], is_last=True)
        wanted = f" AND type_id IN ({', '.join(['%s'] * len(types))})"
    if epoch is not None:
        wanted += OF_EPOCH
        values.append(epoch)
    rows = rows.format(wanted)
    if types is not None and len(types) > 1 and connection.vendor == "sqlite":  # it would sort rows, payloads and all
        rows = AT_POSITIONS.format(rows, "DESC" if newest_first else "ASC")
    # One statement for all types may be planned once. The plan for some depends on which they are.
    cursor = prepared_cursor if types is None else binary_cursor
    return read_page(ROWS + rows, [position, *values, limit], limit, newest_first=newest_first, cursor=cursor)


def read_newest_of(types: Collection[str], position: int, limit: int) -> LogPage:
    """Return the events of these types before a position, newest first, at most `limit`; there must be a type, and not
    very many. It costs little, however rare these types are and however many events there are of others."""
    positions = " UNION ALL ".join([OF_TYPE_BEFORE] * len(types))
    values = [value for type in types for value in (type, position, limit)]
    return read_page(OF_TYPES_BEFORE.format(positions), [*values, limit], limit, newest_first=True)
