"""Ports for the servers of tests."""

from __future__ import annotations

import fcntl
import itertools
import os
import random
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

FIRST, LAST = 10_000, 32_000  # from 32,768 on the kernel gives them to whoever connects
BLOCK = 200
LOCKS = Path(tempfile.gettempdir()) / f"eventhub-test-ports-{os.getuid()}"


def ports_of_this_process() -> Iterator[int]:
    """Yield ports that no other process of any run on this machine takes, over and over."""
    LOCKS.mkdir(exist_ok=True)
    blocks = list(range(FIRST, LAST, BLOCK))
    for first in random.sample(blocks, len(blocks)):
        lock = os.open(LOCKS / str(first), os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # until this process ends
        except BlockingIOError:
            os.close(lock)
        else:
            return itertools.cycle(range(first, first + BLOCK))
    raise AssertionError(f"all {len(blocks)} blocks of ports are taken: {LOCKS}")


PORTS = ports_of_this_process()


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
