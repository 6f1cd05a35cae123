"""`make test`: all tests on SQLite and beside them those of the log on PostgreSQL.

Tests wait a third of their time. So there are more workers than cores. Those on PostgreSQL need no workers: one process
ends before the others do.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import FrameType

import pytest

PYTEST = [sys.executable, "-m", "pytest"]
# A file to a worker at a time, in the order of tests/conftest.py: the long ones first.
ON_SQLITE = [*PYTEST, "-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder"]
ON_POSTGRES = [*PYTEST, "-m", "postgres"]
FOLDER = Path(__file__).parent
COMPILED = FOLDER / "__pycache__" / f"conftest.{sys.implementation.cache_tag}-pytest-{pytest.__version__}.pyc"
HALVES = 2


def compile_once() -> None:
    """In a fresh clone let two processes compile what pytest makes of the tests, each a half. Else each worker would
    do that for all of them at the same time, which takes it as long as to collect them."""
    if COMPILED.exists():
        return
    paths = sorted(str(path) for path in FOLDER.iterdir() if any(path.rglob("test_*.py")) or path.match("test_*.py"))
    collect = [*PYTEST, "--collect-only", "--quiet"]
    halves = [
        subprocess.Popen([*collect, *paths[n::HALVES]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for n in range(HALVES)
    ]
    for half in halves:
        half.wait()  # whatever is wrong with a test, those that run it say so


def run(options: list[str]) -> bool:
    """Run them, with these options of pytest beside; say whether all have passed."""
    compile_once()
    with tempfile.TemporaryFile() as told, tempfile.TemporaryDirectory() as templates:
        environment = {**os.environ, "EVENTHUB_TEST_TEMPLATES": templates}
        on_postgres = {**environment, "EVENTHUB_TEST_DATABASE": "postgres"}
        running = [
            subprocess.Popen([*ON_SQLITE, *options], env=environment),
            subprocess.Popen([*ON_POSTGRES, *options], env=on_postgres, stdout=told, stderr=told),
        ]

        def stop(signum: int, _frame: FrameType | None) -> None:
            """Let both end their servers, which `run` waits for. Of Ctrl-C the terminal has told them itself."""
            for each in running if signum == signal.SIGTERM else ():
                each.send_signal(signum)

        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)
        codes = [each.wait() for each in running]
        told.seek(0)
        sys.stdout.buffer.write(told.read())
        sys.stdout.flush()
    return codes == [0, 0]


if __name__ == "__main__":
    sys.exit(not run(sys.argv[1:]))
