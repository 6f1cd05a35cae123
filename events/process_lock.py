"""Locks of which a process has one each, such as those of modules.

`manage.py serve --workers` forks, and so do other servers. A thread of the first process may hold such a lock in that
moment, like the one that broadcasts errors. It is not there in the new process, and would never let go.
"""

from __future__ import annotations

import os
import threading


def process_lock() -> threading.Lock:
    """Return a lock that is free in a forked process, whoever held it before. It stays as long as the process."""
    lock = threading.Lock()
    os.register_at_fork(after_in_child=lock._at_fork_reinit)  # type: ignore[attr-defined]  # as `logging` does
    return lock
