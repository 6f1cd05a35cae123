"""What admins do to servers: enable, disable, reset a circuit, check now; register and delete. Each is told of."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from functools import partial

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from events.broadcast import Broadcast
from events.mcp import announcement, breaker, drift
from events.mcp.breaker import Transition
from events.mcp.check_now import check_now, verdict
from events.mcp.models import Maintenance, McpServer, McpServerState, MonitorLease, ToolList
from events.mcp.models.state import moment
from events.mcp.record import Recorded, broadcast_or_leave_out, change
from events.models import Revision
from events.options import roles_of

MAX_CHECKED_BY_HAND = 20  # servers; the person who asks waits for the answers


def source_of(user: AbstractUser) -> str:
    return f"admin:{user.get_username()}"


def user_action(action_type: str, server: McpServer, user: AbstractUser, **also: object) -> Broadcast:
    data = {
        "action_type": action_type,
        "target_type": "mcp_server",
        "target_name": server.name,
        "username": user.get_username(),
        "user_roles": roles_of(user),
        "severity": "warning" if action_type == "disable_mcp" else "info",
        **also,
    }
    return Broadcast("user_action", data, source_of(user))


def enable(server: McpServer, user: AbstractUser) -> bool:
    """Enable a server, with fresh counters and a check at once. Return whether it was not active."""
    now = time.time()
    verb = partial(breaker.enabled_by_admin, now=now)
    return change(server.pk, verb, username=user.get_username(), at=now, also=[user_action("enable_mcp", server, user)])


def disable(server: McpServer, user: AbstractUser) -> bool:
    """Disable a server until an admin enables it. Return whether that is new."""
    also = [user_action("disable_mcp", server, user)]
    return change(server.pk, breaker.disabled_by_admin, username=user.get_username(), at=time.time(), also=also)


def reset_circuit(server: McpServer, user: AbstractUser) -> bool:
    """Close a server's circuit, without failures behind it, and have it checked at once. Return whether there was
    something to reset."""
    now = time.time()
    verb = partial(breaker.circuit_reset, now=now)
    return change(
        server.pk, verb, username=user.get_username(), at=now, also=[user_action("reset_circuit", server, user)]
    )


class ToolsChangedMeanwhile(Exception):
    """What somebody approves is not what is there now."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The tools of {name} have changed again meanwhile: look at them before you approve them.")


def approve_tools(server: McpServer, user: AbstractUser, fingerprints: Collection[str]) -> bool:
    """Approve the lists of a server's tools that somebody has looked at; enable it, if it was disabled for them. Return
    whether there was something to approve. Raises ToolsChangedMeanwhile."""
    now, username = time.time(), user.get_username()
    with transaction.atomic():
        MonitorLease.lock()
        waiting = [each for each in ToolList.objects.filter(server=server) if not each.is_approved]
        if not waiting:
            return False
        looked_at = [tools for tools in waiting if tools.seen_fingerprint in fingerprints]
        if not looked_at:
            raise ToolsChangedMeanwhile(server.name)
        for tools in looked_at:
            tools.approve(username, moment(now))
            tools.save()
        broadcast_or_leave_out([user_action("approve_tools", server, user)])
        verb = partial(breaker.enabled_by_admin, now=now)
        if drift.is_disabled_for_tools(McpServer.objects.get(pk=server.pk)):
            change(server.pk, verb, username=username, at=now)
        else:
            check_soon(server)
    return True


def set_maintenance(server: McpServer, user: AbstractUser, window: Maintenance) -> Maintenance:
    """Add a window to a server. Raises ValidationError."""
    window.server, window.created_by = server, user.get_username()
    with transaction.atomic():
        McpServer.objects.select_for_update().get(pk=server.pk)  # or two at once could be more than there may be
        window.full_clean()
        window.save()
        broadcast_or_leave_out([user_action("set_maintenance", server, user, result=str(window))])
    return window


def end_maintenance(server: McpServer, user: AbstractUser, ids: Collection[int] | None = None) -> bool:
    """End the windows of a server that are not over: these, or all of them. What has been stays in the figures. Return
    whether there was one."""
    now = timezone.now()
    with transaction.atomic():
        open_ones = Maintenance.objects.select_for_update().filter(server=server).exclude(ends_at__lte=now)
        if ids is not None:
            open_ones = open_ones.filter(pk__in=ids)
        ended = list(open_ones)
        for window in ended:
            window.end(now)
        if ended:
            broadcast_or_leave_out([user_action("end_maintenance", server, user)])
    return bool(ended)


def check_soon(server: McpServer) -> None:
    """Have the monitor check a server at once that it does check."""
    McpServerState.objects.filter(server=server).exclude(server__disabled_by="admin").update(
        next_check_at=timezone.now(), checks_since_deep=None
    )
    Revision.bump_registry()


def check_servers(servers: Sequence[McpServer], user: AbstractUser) -> list[Recorded]:
    """Check servers deep, as the monitor does. Return what was seen, in the order of the servers."""
    recorded = check_now(servers, source_of(user))
    broadcast_or_leave_out([user_action("check_mcp", done.server, user, result=verdict(done)) for done in recorded])
    return recorded


def registered(server: McpServer, user: AbstractUser) -> None:
    """Broadcast the status of a server that has just been saved for the first time."""
    broadcast_status(server, Transition("status", "", server.status, "Registered"), user)


def deleted(server: McpServer, user: AbstractUser) -> None:
    """Broadcast the status of a server that has just been deleted."""
    broadcast_status(server, Transition("status", server.status, McpServer.Status.INACTIVE, "Deleted"), user)


def broadcast_status(server: McpServer, transition: Transition, user: AbstractUser) -> None:
    data = announcement.status(server, transition, server.disabled_by, user.get_username())
    broadcast_or_leave_out([Broadcast("mcp_status_change", data, source_of(user))])


VERBS: dict[str, Callable[[McpServer, AbstractUser], bool]] = {
    "enable": enable,
    "disable": disable,
    "reset_circuit": reset_circuit,
}
