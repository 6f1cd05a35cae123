"""The servers and people of invented events, and the chance that their stories depend on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from events.core.event_types import Registry
from events.core.values import timestamp_text

SERVERS = ("oracle_mcp", "postgres_mcp", "mysql_mcp", "github_mcp", "search_mcp", "files_mcp")
PEOPLE = ("alice", "bob", "carol", "dave", "erin", "frank")
ROLES = ("staff",)
MAX_OF_A_KIND = 50  # with more servers each one's story would hardly move on


class Told(NamedTuple):
    """One event of a story."""

    event_type: str
    data: dict[str, Any]


Story = Iterator[Told]  # endless


def now() -> datetime:
    return datetime.now(UTC)


class Cast(NamedTuple):
    """Who and what stories are about, and what their course depends on: the same chance tells the same story, but for
    the times in it."""

    chance: Random
    servers: Sequence[str] = SERVERS
    roles: Sequence[str] = ROLES
    clock: Callable[[], datetime] = now

    def later(self, seconds: float) -> str:
        return timestamp_text(self.clock() + timedelta(seconds=seconds))


def cast_of(registry: Registry, seed: int | None) -> Cast:
    """Return the servers and roles that there are, as far as there are any, else invented ones."""
    servers = options_of(registry, "mcp_name") or list(SERVERS)
    roles = options_of(registry, "user_roles") or list(ROLES)
    return Cast(Random(seed), servers[:MAX_OF_A_KIND], roles[:MAX_OF_A_KIND])


def options_of(registry: Registry, member: str) -> list[str]:
    fields = (field for event_type in registry.types.values() for field in event_type.fields)
    return next(
        ([option.value for option in field.options] for field in fields if field.data_key == member and field.options),
        [],
    )
