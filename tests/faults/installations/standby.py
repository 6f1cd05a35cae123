"""A PostgreSQL and its standby, which can be cut off and promoted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.database.postgres import PostgresServer
from tests.waiting import eventually


class Standby(PostgresServer):
    """Follows another server until it is promoted."""

    def follow(self, primary: PostgresServer) -> None:
        """Copy the primary, and start."""
        self.copy_of(primary)
        self.start()

    def cut_off(self) -> None:
        """What the primary commits from now on comes here no more."""
        self.execute("ALTER SYSTEM SET primary_conninfo = ''")
        self.execute("SELECT pg_reload_conf()")
        eventually(lambda: not self.rows("SELECT 1 FROM pg_stat_wal_receiver"))

    def has_all_of(self, primary: PostgresServer) -> None:
        """Wait until it has what the primary has committed by now."""
        [(end,)] = primary.rows("SELECT pg_current_wal_lsn()")
        eventually(lambda: self.rows(f"SELECT 1 WHERE pg_last_wal_replay_lsn() >= '{end}'"))

    def promote(self) -> None:
        self.execute("SELECT pg_promote()")


@contextmanager
def primary_and_standby(kept: Path) -> Iterator[tuple[PostgresServer, Standby]]:
    """Two of our own: the primary begins with what another server has kept."""
    primary, standby = PostgresServer(), Standby()
    try:
        primary.begin_with(kept)
        standby.follow(primary)
        yield primary, standby
    finally:
        standby.remove()
        primary.remove()
