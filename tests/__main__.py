"""`make test`: all tests on SQLite and beside them those of the log on PostgreSQL.

Tests wait a third of their time, those on PostgreSQL half of it. So there are more workers than cores.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

PYTEST = [sys.executable, "-m", "pytest"]
# A file to a worker at a time, in the order of tests/conftest.py: the long ones first.
SIDE_BY_SIDE = ["--dist", "loadfile", "--no-loadscope-reorder"]
ON_SQLITE = [*PYTEST, "-n", "auto", *SIDE_BY_SIDE]
ON_POSTGRES = [*PYTEST, "-n", "2", *SIDE_BY_SIDE, "-m", "postgres"]


def run(options: list[str]) -> bool:
    """Run them, with these options of pytest beside; say whether all have passed."""
    with tempfile.TemporaryFile() as told, tempfile.TemporaryDirectory() as templates:
        environment = {**os.environ, "EVENTHUB_TEST_TEMPLATES": templates}
        on_postgres = {**environment, "EVENTHUB_TEST_DATABASE": "postgres"}
        beside = subprocess.Popen([*ON_POSTGRES, *options], env=on_postgres, stdout=told, stderr=told)
        try:
            code = subprocess.call([*ON_SQLITE, *options], env=environment)
        finally:
            code_beside = beside.wait()
            told.seek(0)
            sys.stdout.buffer.write(told.read())
            sys.stdout.flush()
    return code == code_beside == 0


if __name__ == "__main__":
    sys.exit(not run(sys.argv[1:]))
