"""All processes of the Procfile together, as one program in one terminal."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from honcho.environ import parse_procfile
from honcho.manager import SIGNALS, Manager
from honcho.printer import Printer


def run(procfile: Path) -> int:
    """Run them until one ends, or a signal comes (exit code 0); returns the exit code."""
    manager = Manager(Printer(sys.stdout, colour=False, prefix=False))
    # `python` in the Procfile is the one that runs this.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    for name, command in parse_procfile(procfile.read_text()).processes.items():
        manager.add_process(name, command, cwd=str(procfile.parent), env={**os.environ, "PATH": path})
    signal.signal(signal.SIGHUP, _hang_up)
    with foreground():
        manager.loop()
    stopped = {end["rc"] for end in SIGNALS.values()}
    return 0 if manager.returncode in stopped else int(manager.returncode or 0)


def _hang_up(number: int, frame: FrameType | None) -> None:
    """End as by SIGTERM, since the terminal is gone; but first let all output go nowhere, because writing would
    fail."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    signal.raise_signal(signal.SIGTERM)


@contextmanager
def foreground() -> Iterator[None]:
    """Take the terminal for a process group of our own, as a shell does for a job.

    Ctrl-C then reaches this program alone. `make` and the shell in front of it would die of it, with an error
    message and exit code, while all that happened is that somebody was done.
    """
    if not sys.stdin.isatty() or os.getpgrp() == os.getpid():
        yield
        return
    terminal, theirs = sys.stdin.fileno(), os.getpgrp()
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # else taking the terminal from the background stops us
    os.setpgid(0, 0)
    os.tcsetpgrp(terminal, os.getpgrp())
    try:
        yield
    finally:
        with suppress(OSError):  # the terminal may be gone
            os.tcsetpgrp(terminal, theirs)
