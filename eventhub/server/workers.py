"""Several processes that serve the same addresses, each with listening sockets of its own; one that ends is replaced.

They are forked from one that has the application and does nothing else, so that a new one is there at once.
"""

from __future__ import annotations

import gc
import logging
import math
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

from django.db import connections

from events.notify import doorbell

logger = logging.getLogger(__name__)

YOUNG_S = 5.0  # a worker that ends sooner has a cause that its successor has, too: that one begins PAUSE_S later
PAUSE_S = 1.0
STOP_S = 30.0  # for all to drain, before they are killed

Serve = Callable[[Callable[[], None]], None]


class Workers:
    def __init__(self, count: int, serve: Serve, ready: Callable[[], None]) -> None:
        """Remember what to call: `serve` in each process, with what it calls when it accepts connections; `ready` here,
        when all processes accept them."""
        self._count = count
        self._serve = serve
        self._ready = ready
        self._began: dict[int, float] = {}  # pid → when (`time.monotonic`)
        self._due: list[float] = []  # when to begin another one
        self._stop_wanted = False  # by a signal, or because one has failed
        self._stop_by: float | None = None  # once they are stopping: when they are killed
        self._failed = False
        self._signals, self._wakeup = os.pipe()
        self._reports, self._report = os.pipe()  # a byte from each worker that is ready
        self._alive, self._life = os.pipe()  # ends with this process
        self._reported = 0

    def run(self) -> int:
        """Run until SIGINT or SIGTERM has come and all processes have stopped. Return the exit code."""
        os.set_blocking(self._wakeup, False)
        signal.set_wakeup_fd(self._wakeup, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # a signal without a handler does not wake
        connections.close_all()
        gc.freeze()  # what is there now stays shared memory
        self._due = [0.0] * self._count
        while self._began or self._due:
            if self._stop_wanted and self._stop_by is None:
                self._stop()
            self._begin_due()
            self._wait()
            self._bury()
            if self._stop_by is not None and time.monotonic() > self._stop_by:
                self._kill()
        return int(self._failed)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stop_wanted = True

    def _begin_due(self) -> None:
        now = time.monotonic()
        for due in [each for each in self._due if each <= now]:
            self._due.remove(due)
            self._begin()

    def _begin(self) -> None:
        sys.stdout.flush()
        pid = os.fork()
        if not pid:
            os._exit(self._work())
        self._began[pid] = time.monotonic()

    def _wait(self) -> None:
        until = [*self._due, *([self._stop_by] if self._stop_by is not None else [])]
        timeout = max(0.0, min(until) - time.monotonic()) if until and min(until) < math.inf else None
        readable, _, _ = select.select([self._signals, self._reports], [], [], timeout)
        if self._signals in readable:
            os.read(self._signals, 1024)
        if self._reports in readable:
            before = self._reported
            self._reported += len(os.read(self._reports, 1024))
            if before < self._count <= self._reported:
                self._ready()

    def _bury(self) -> None:
        """Reap the processes that have ended. Unless we are told to stop, others take their places."""
        for pid in list(self._began):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self._ended(pid, os.waitstatus_to_exitcode(status))

    def _ended(self, pid: int, code: int) -> None:
        began = self._began.pop(pid)
        if self._stop_by is not None:
            self._failed = self._failed or code != 0
            return
        if not self._reported:
            logger.error("Worker %d could not start (exit code %d).", pid, code)
            self._failed = self._stop_wanted = True
            return
        logger.log(
            logging.WARNING if code else logging.INFO,
            "Worker %d ended with exit code %d; another takes its place.",
            pid,
            code,
        )
        now = time.monotonic()
        self._due.append(now + PAUSE_S if now - began < YOUNG_S else now)

    def _stop(self) -> None:
        self._stop_by = time.monotonic() + STOP_S
        self._due.clear()
        for pid in self._began:
            os.kill(pid, signal.SIGTERM)

    def _kill(self) -> None:
        self._stop_by = math.inf
        for pid in self._began:
            logger.error("Worker %d has not stopped within %g s, and is killed.", pid, STOP_S)
            os.kill(pid, signal.SIGKILL)

    # --- in the worker ---

    def _work(self) -> int:
        code: object = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            os.close(self._life)
            threading.Thread(target=self._end_with_parent, daemon=True).start()
            self._serve(self._report_ready)
            code = 0
        except SystemExit as error:
            code = error.code
        except Exception:
            logger.exception("A worker failed.")
        doorbell.flush()
        sys.stdout.flush()
        sys.stderr.flush()
        return code if isinstance(code, int) else 0 if code is None else 1

    def _report_ready(self) -> None:
        os.write(self._report, b".")

    def _end_with_parent(self) -> None:
        os.read(self._alive, 1)
        os.kill(os.getpid(), signal.SIGTERM)
