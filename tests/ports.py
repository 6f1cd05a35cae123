"""Ports for the servers of tests."""

from __future__ import annotations

import itertools
import os
import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress

from tests.settings import TEST_DATABASE


def ports_of_this_worker() -> Iterator[int]:
    """Yield ports that no other worker of a run takes, nor any connection that the kernel gives a port to."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw9").removeprefix("gw")) % 10
    first = 10_000 + 1_000 * (worker + (10 if TEST_DATABASE == "postgres" else 0))
    return itertools.cycle(sorted(range(first, first + 1_000), key=lambda _: random.random()))


PORTS = ports_of_this_worker()


def free_ports(count: int) -> list[int]:
    """Return ports that nothing listens on: all are held at once, so they differ."""
    found: list[int] = []
    with ExitStack() as stack:
        while len(found) < count:
            port = next(PORTS)
            with suppress(OSError):
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
                found.append(port)
    return found
