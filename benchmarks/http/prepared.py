"""Fills the database of an installation: a log, a fleet, and somebody who may emit, whose token it prints."""

from __future__ import annotations

import django

from benchmarks.bench.workload import EVENT_TYPE, event_data

EVENTS = 1_000
SERVERS = 20


def prepare() -> str:
    from django.contrib.auth.models import Permission, User
    from knox.models import AuthToken

    from events.broadcast import Broadcast, broadcast_events
    from events.mcp.models import McpServer

    for number in range(SERVERS):
        McpServer.objects.create(name=f"server_{number}", url=f"https://mcp.example.org/{number}")
    broadcast_events([Broadcast(EVENT_TYPE, event_data(number)) for number in range(EVENTS)])
    user = User.objects.create_user("caller")
    user.user_permissions.add(Permission.objects.get(codename="add_event"))
    return str(AuthToken.objects.create(user)[1])


if __name__ == "__main__":
    django.setup()
    print(prepare(), flush=True)
