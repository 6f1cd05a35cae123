"""A fresh eventhub in a folder of its own, with an embedded Valkey, for as long as a benchmark runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import django
from django.core.management import call_command

from benchmarks.bench.processes import ROOT, Failed
from eventhub.local.valkey import server_at
from eventhub.server.sockets import unix_socket

SETUP_S = 120.0
UNLIMITED = "1000000"


@dataclass(frozen=True)
class Installation:
    environment: dict[str, str]
    token: str

    def socket_url(self, port: int) -> str:
        return f"ws://127.0.0.1:{port}/ws/events?token={self.token}"

    def stream_url(self, port: int) -> str:
        return f"http://127.0.0.1:{port}/api/v1/events/stream?token={self.token}"

    def agents_url(self, port: int) -> str:
        return f"http://127.0.0.1:{port}/mcp?token={self.token}"

    @property
    def database(self) -> Path:
        return Path(self.environment["EVENTHUB_VAR_DIR"]) / "eventhub.sqlite3"


@contextmanager
def fresh_installation(database_url: str | None = None) -> Iterator[Installation]:
    """Migrated, with one user and a token, no limit of connections, and Valkey up; removed afterwards. On SQLite, or on
    the empty database at that URL."""
    with tempfile.TemporaryDirectory(prefix="eventhub-bench-") as folder:
        socket = unix_socket(Path(folder), "valkey.sock")
        environment = environment_of(Path(folder), socket)
        if database_url is not None:
            environment["DATABASE_URL"] = database_url
        with server_at(socket):
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.servers.installation"],
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
                timeout=SETUP_S,
                check=False,
            )
            if done.returncode:
                raise Failed("the database could not be made; why is above")
            yield Installation(environment, json.loads(done.stdout))


def environment_of(folder: Path, valkey: Path) -> dict[str, str]:
    ours = ("EVENTHUB_", "MCP_", "DATABASE_URL", "REDIS_URL")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | {
        "DJANGO_SETTINGS_MODULE": "eventhub.settings",
        "EVENTHUB_ENV_FILE": "",
        "EVENTHUB_VAR_DIR": str(folder),
        "EVENTHUB_LOG_LEVEL": "WARNING",
        "EVENTHUB_MAX_CONNECTIONS": UNLIMITED,
        "EVENTHUB_MAX_CONNECTIONS_PER_USER": UNLIMITED,
        "EVENTHUB_MAX_CONNECTIONS_PER_ADDRESS": UNLIMITED,
        "REDIS_URL": f"unix://{quote(str(valkey))}",
        "PYTHONUNBUFFERED": "1",
    }


def make_database() -> str:
    """Migrate, make a user, and return the user's token."""
    from django.contrib.auth.models import User
    from knox.models import AuthToken

    call_command("migrate", verbosity=0)
    return str(AuthToken.objects.create(User.objects.create_user("bench"))[1])


if __name__ == "__main__":
    django.setup()
    print(json.dumps(make_database()))
