"""`manage.py` whose server tells at /holds what its process holds: when clients have gone, it must be as before."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import django
from django.core.management import execute_from_command_line

PATH = "/holds"
ANSWER_S = 30.0


@dataclass(frozen=True)
class Holds:
    connections: int
    tasks: int
    groups: int  # of the channel layer
    event_types: int  # that somebody asks for
    slots: int  # of the matcher
    subscriptions: int
    values: int  # in the matcher's indexes
    events: int  # remembered, for those who come back
    descriptors: int
    objects: int  # that the garbage collector knows
    resident_kib: int


def holds() -> Holds:
    """Of this process, one of whose connections, at least, is open."""
    from subscriptions.live import dispatcher  # needs Django set up

    of_loop = dispatcher.of_running_loop()
    sizes = of_loop.hub.sizes()
    gc.collect()
    return Holds(
        connections=len(of_loop.hub.connections),
        tasks=len(asyncio.all_tasks()),
        groups=len(of_loop.groups.joined),
        event_types=sizes.types,
        slots=sizes.slots,
        subscriptions=sizes.subscriptions,
        values=sizes.entries,
        events=len(of_loop.follower.recent),
        descriptors=len(os.listdir("/proc/self/fd")),
        objects=len(gc.get_objects()),
        resident_kib=resident_kib(os.getpid()),
    )


def resident_kib(pid: int) -> int:
    return of_status(pid, "VmRSS:")


def peak_kib(pid: int) -> int:
    """The most that was resident since `forget_peak`."""
    return of_status(pid, "VmHWM:")


def forget_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def of_status(pid: int, name: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith(name)).split()[1])


def asked(url: str) -> Holds:
    """What the server at this address (`http://127.0.0.1:8001`) holds now."""
    with urlopen(url + PATH, timeout=ANSWER_S) as answer:
        return Holds(**json.load(answer))


def watched(application: Any) -> Any:
    async def serve(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != PATH:
            await application(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(asdict(holds())).encode()})

    return serve


if __name__ == "__main__":
    django.setup()  # before what uses its models is imported
    from eventhub.server import serve

    serve.SERVERS["uvicorn"] = lambda application, *rest: serve.run_uvicorn(watched(application), *rest)
    execute_from_command_line(sys.argv)
