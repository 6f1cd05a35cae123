"""A lock that one process holds, and the kernel releases."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Locked(Exception):
    """Another process holds the lock; `pid` is that process as far as it has said."""

    def __init__(self, path: Path, pid: str) -> None:
        super().__init__(f"{path} is held by process {pid}")
        self.pid = pid


STEP_S = 0.05  # between two tries to get a lock that others hold


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold `path` for one process, or raise Locked. However that process ends, the kernel releases it."""
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise Locked(path, file.read().strip() or "unknown") from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def wait_released(path: Path, timeout: float) -> bool:
    """Wait until nobody holds `path`, at most `timeout` seconds; return whether that came to be."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        try:
            with only_one(path):
                return True
        except Locked:
            time.sleep(STEP_S)
    return False
