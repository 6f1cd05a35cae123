"""Counters that tell every process that what it has cached has changed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple, TypeVar

from django.db import connection, models, transaction
from django.db.models import F

from events.database.prepared import prepared_cursor
from events.models.history import is_recorded, record_versions
from events.notify import doorbell
from events.notify.committed import after_commit

M = TypeVar("M", bound=models.Model)


ASKED_FOR_S = 0.1
EPOCH = "SELECT epoch FROM events_loghead"

bumps = 0  # of the registry by this process, committed or not
_last_bump = threading.local()  # its `transaction`
_held_back: ContextVar[list[None] | None] = ContextVar("eventhub_held_back", default=None)  # an item for each bump
_asked: ContextVar[list[Asked] | None] = ContextVar("eventhub_asked", default=None)  # at most one; see `asked_once`


class RegistryVersion(NamedTuple):
    """What is cached of the registry is kept by this. In another epoch, as after the promotion of a standby, the same
    number may stand for another registry."""

    registry: int
    epoch: str


class Counters(NamedTuple):
    registry: int
    access: int
    epoch: str  # of the log

    @property
    def registry_version(self) -> RegistryVersion:
        return RegistryVersion(self.registry, self.epoch)


class Asked(NamedTuple):
    counters: Counters
    until: float  # time.monotonic()


class Revision(models.Model):
    """One row. A counter is bumped in the same transaction as the change that it stands for."""

    registry = models.PositiveBigIntegerField(default=1)
    access = models.PositiveBigIntegerField(default=1)

    def __str__(self) -> str:
        return f"registry {self.registry}, access {self.access}"

    @classmethod
    def current(cls) -> Counters:
        """Return the counters as the database has them: one query, which each request and each poll asks."""
        asked = _asked.get()
        if asked and time.monotonic() < asked[0].until:
            return asked[0].counters
        with prepared_cursor() as cursor:
            cursor.execute(f"SELECT registry, access, ({EPOCH}) FROM {cls._meta.db_table}")  # noqa: S608
            counters = Counters(*cursor.fetchone())
        if asked is not None:
            asked[:] = [Asked(counters, time.monotonic() + ASKED_FOR_S)]
        return counters

    @classmethod
    def held(cls) -> Counters:
        """Return the counters, which nobody else changes before this transaction ends."""
        cls.objects.select_for_update().get()
        forget_asked()
        return cls.current()

    @classmethod
    def access_in_query(cls) -> models.Subquery:
        """Return the counter of access as a column of another query: what that finds is as of this revision."""
        return models.Subquery(cls.objects.values("access"))

    @classmethod
    def bump_registry(cls) -> None:
        """Tell all processes that event types, fields, options or live options have changed."""
        _last_bump.transaction = open_transaction()
        if (held_back := _held_back.get()) is not None:
            held_back.append(None)
            return
        cls.objects.update(registry=F("registry") + 1)
        count_bump()
        after_commit("Ringing", doorbell.ring_control)
        after_commit("Counting", count_bump)  # what another thread has read meanwhile is older

    @classmethod
    def bump_access(cls) -> None:
        """Tell all processes that what somebody may see has changed."""
        cls.objects.update(access=F("access") + 1)
        forget_asked()
        after_commit("Ringing", doorbell.ring_control)


@contextmanager
def asked_once() -> Iterator[None]:
    """Ask for the counters once in the block: a call is answered as of its beginning. They are asked for again after a
    bump in the block, and in a call that takes longer than ASKED_FOR_S."""
    token = _asked.set([])
    try:
        yield
    finally:
        _asked.reset(token)


def count_bump() -> None:
    global bumps
    bumps += 1
    forget_asked()


def open_transaction() -> object | None:
    return connection.atomic_blocks[0] if connection.in_atomic_block else None


def open_bump() -> object | None:
    """Return this thread's transaction if it has changed the registry: that may be rolled back."""
    transaction = open_transaction()
    return transaction if transaction is getattr(_last_bump, "transaction", None) else None


def forget_asked() -> None:
    if asked := _asked.get():
        asked.clear()


@contextmanager
def as_one_change() -> Iterator[None]:
    """Make all changes in the block one transaction, which bumps the registry once at its end, if at all."""
    with transaction.atomic():
        bumps: list[None] = []
        token = _held_back.set(bumps)
        try:
            yield
        finally:
            _held_back.reset(token)
        if bumps:
            Revision.bump_registry()


class RegistryQuerySet(models.QuerySet[M]):
    """Bulk changes of registry rows count as changes too; signals would not tell of them."""

    def update(self, **kwargs: Any) -> int:
        recorded = is_recorded(self.model)
        with transaction.atomic():
            changed = list(self.values_list("pk", flat=True)) if recorded else []
            count = super().update(**kwargs)
            if recorded:
                record_versions(list(self.model._default_manager.filter(pk__in=changed)), created=False)
            Revision.bump_registry()
        return count

    def delete(self) -> tuple[int, dict[str, int]]:
        with transaction.atomic():
            result = super().delete()
            Revision.bump_registry()
        return result

    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        with transaction.atomic():
            created = super().bulk_create(objs, *args, **kwargs)
            if is_recorded(self.model):
                record_versions(created, created=True)
            Revision.bump_registry()
        return created

    def save_changed(self, rows: Sequence[M], columns: Sequence[str]) -> None:
        """Write these columns of rows that are there, in a few statements; `bulk_update` needs one for some dozens."""
        key = self.model._meta.pk
        assert key is not None
        with transaction.atomic():
            plain: models.QuerySet[M] = models.QuerySet(self.model)
            plain.bulk_create(rows, update_conflicts=True, unique_fields=[key.name], update_fields=columns)
            if is_recorded(self.model):
                record_versions(rows, created=False)
            Revision.bump_registry()

    def bulk_update(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> int:
        with transaction.atomic():
            count = super().bulk_update(objs, *args, **kwargs)  # by `update`, which records
            Revision.bump_registry()
        return count


class RegistryModel(models.Model):
    """A row that the registry is made from."""

    objects = RegistryQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        with transaction.atomic():
            super().save(*args, **kwargs)
            Revision.bump_registry()

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        with transaction.atomic():
            result = super().delete(*args, **kwargs)
            Revision.bump_registry()
        return result
