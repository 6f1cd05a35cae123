"""What a reader may see of the fleet, and do to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.contrib.auth.models import AbstractUser, AnonymousUser

from events import registry_cache
from events.access import policy

# The events that tell what the pages tell: checks, latency and changes of a server.
TOLD_BY = ("mcp_status_change", "circuit_breaker_state", "mcp_health_check")


class May(NamedTuple):
    view: bool  # what servers answer, where they are, their tags
    see_checks: bool
    change: bool
    add: bool
    approve: bool
    open_admin: bool


def may(user: AbstractUser | AnonymousUser) -> May:
    view = any(user.has_perm(f"mcp.{verb}_mcpserver") for verb in ("view", "change"))
    return May(
        view=view,
        see_checks=view or sees_all_of(user, TOLD_BY),
        change=user.has_perm("mcp.change_mcpserver"),
        add=user.is_staff and user.has_perm("mcp.add_mcpserver"),
        approve=view and user.has_perm("mcp.approve_tools"),
        open_admin=user.is_staff and view,
    )


def sees_all_of(user: AbstractUser | AnonymousUser, types: Sequence[str]) -> bool:
    """Return whether somebody may see every event of these types."""
    scopes = policy.scopes_of(policy.viewer_of(user), registry_cache.refresh())
    return all(scopes.get(id) == policy.EVERYTHING for id in types)
