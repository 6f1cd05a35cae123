"""eventhub's own settings in a folder of this test run's own, whatever the machine's environment says."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import sys
import tempfile

from tests.database.postgres import PostgresServer


def chosen(variable: str, *allowed: str) -> str:
    """What the environment says, or the first of these."""
    value = os.environ.get(variable, allowed[0])
    if value not in allowed:
        raise SystemExit(f"{variable} is {value!r}; allowed: {', '.join(allowed)}")
    return value


def examples(number: int) -> int:
    """Return how many examples a test draws: that many in `make test-long`, a third of them in `make test`."""
    return number if LONG else -(-number // 3)


# Which database and which server the tests run on; CONTRIBUTING, "How to test".
TEST_DATABASE = chosen("EVENTHUB_TEST_DATABASE", "sqlite", "postgres")
TEST_SERVER = chosen("EVENTHUB_TEST_SERVER", "uvicorn", "plain", "daphne")
LONG = chosen("EVENTHUB_TEST_LONG", "0", "1") == "1"
VAR_DIR = tempfile.mkdtemp(prefix="eventhub-tests-")
atexit.register(shutil.rmtree, VAR_DIR, ignore_errors=True)

OURS = re.compile(r"(?!EVENTHUB_TEST_)(EVENTHUB|MCP)_|(DATABASE|REDIS)_URL$|EMAIL_")
for name in filter(OURS.match, list(os.environ)):  # what chooses tests stays, for the processes that share them
    del os.environ[name]
# Modules are kept compiled, also where the environment says otherwise: else each worker, server and command compiles
# them anew, 0.2 s of CPU for a server and several seconds for a worker, whose tests pytest rewrites.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
os.environ["EVENTHUB_ENV_FILE"] = ""
os.environ["EVENTHUB_VAR_DIR"] = VAR_DIR
# The command line of httpx, which it imports where another library has brought rich: 0.2 s of each worker.
sys.modules["httpx._main"] = None  # type: ignore[assignment]
POSTGRES = PostgresServer() if TEST_DATABASE == "postgres" else None  # conftest.py starts it
if POSTGRES is not None:
    os.environ["DATABASE_URL"] = POSTGRES.url("eventhub")

from eventhub.settings import *  # noqa: E402, F403  the environment above decides what it reads
from eventhub.settings import DATABASES, STATIC_ROOT  # noqa: E402

STATIC_ROOT.mkdir()
if POSTGRES is None:
    # A file, because an in-memory database is one connection's alone and knows neither WAL nor locks.
    DATABASES["default"]["TEST"] = {"NAME": f"{VAR_DIR}/test.sqlite3"}
else:
    DATABASES["default"]["TEST"] = {"NAME": "test_eventhub"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EVENTHUB_PRUNE_DAILY = False  # by a monitor in this process, beside the test
EVENTHUB_SOURCES = ["auth"]  # in this process; the others would tell of all that tests do to set themselves up
