"""Real processes for tests: `manage.py serve` as its users run it, each with a folder and ports of its own.

Fixtures (in conftest.py):
  server            a running uvicorn server on a fresh database of its own; without the server lane, or Daphne, where
                    EVENTHUB_TEST_SERVER says "plain" or "daphne"
  shared_server     one that the tests of a module share, which do it no lasting harm and use names of their own
  each_server       one that all tests of a session share, once that and once Daphne: use names of your own
  two_servers       two of them on one database, as two cores of one machine would be
  make_server       makes more: make_server(server="daphne"), make_server(beside=other),
                    make_server(valkey=own_valkey), make_server(env={"EVENTHUB_PUBLIC_METADATA": "1"})
  own_valkey        a Valkey that the test may kill: .terminate() is SIGKILL, .start() starts it again
What a server offers: see ServerProcess. Its database, SQLite or (EVENTHUB_TEST_DATABASE=postgres) PostgreSQL, has the
seed registry and the people of people.py; what tests may do to it is in databases.py.
`server.token("alice")` is an API token, `pw-alice` the password. When a test ends, its servers are stopped
with SIGTERM, which must end with exit code 0 and leave no traceback in the log.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

import httpx

from tests.database.copies import Database
from tests.ports import free_ports
from tests.processes import warm
from tests.processes.program import WITHOUT_LANE
from tests.settings import TEST_SERVER
from tests.waiting import WITHIN_S, eventually

ROOT = Path(__file__).resolve().parent.parent
PLAIN = "plain"  # uvicorn without the server lane
# Daphne on CPython before 3.12 ends with a segmentation fault when a WebSocket is open at SIGTERM.
DAPHNE_EXITS = {0, -signal.SIGSEGV} if sys.version_info < (3, 12) else {0}


def unix_url(path: Path) -> str:
    return f"unix://{quote(str(path))}"


@dataclass
class ServerProcess:
    var_dir: Path
    database: Database
    valkey_socket: Path
    tokens: dict[str, str]
    server: str = TEST_SERVER
    env: dict[str, str] = field(default_factory=dict)
    ports: list[int] = field(default_factory=lambda: free_ports(2))
    program: Path = ROOT / "tests" / "processes" / "program.py"  # what stands in for manage.py
    process: warm.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports[0]}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.ports[0]}/ws/events"

    @property
    def asgi_server(self) -> str:
        return "uvicorn" if self.server == PLAIN else self.server

    def token(self, name: str) -> str:
        return self.tokens[name]

    def session(self, name: str, page: str = "/login/") -> str:
        """Log in as this person on the login page, or the admin's, and return the session's key."""
        with httpx.Client(base_url=self.url, headers={"Origin": self.url}) as browser:
            browser.get(page)
            form = {
                "username": name,
                "password": f"pw-{name}",
                "csrfmiddlewaretoken": browser.cookies["csrftoken"],
            }
            answer = browser.post(page, data=form)
            assert answer.status_code == 302, answer.text
            return browser.cookies["sessionid"]

    def position(self) -> int:
        """The head of the log, as its database has it."""
        return int(self.database.rows("SELECT position FROM events_loghead")[0][0])

    @property
    def log_path(self) -> Path:
        return self.var_dir / "server.log"

    @property
    def log(self) -> str:
        """All that the process has written to stdout and stderr."""
        return self.log_path.read_text() if self.log_path.exists() else ""

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "eventhub.settings",
            "EVENTHUB_ENV_FILE": "",
            "EVENTHUB_VAR_DIR": str(self.var_dir),
            "EVENTHUB_PORTS": ",".join(map(str, self.ports)),
            "DATABASE_URL": self.database.url,
            "REDIS_URL": unix_url(self.valkey_socket),
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": str(ROOT),
            **({WITHOUT_LANE: "1"} if self.server == PLAIN else {}),
            **self.env,
        }

    def manage(
        self,
        *arguments: str,
        stdin: str | None = None,
        check: bool = True,
        timeout: float = WITHIN_S,
    ) -> subprocess.CompletedProcess[str]:
        """Run a management command on this server's database; with `check`, exit code 0 is demanded."""
        done = warm.run([str(ROOT / "manage.py"), *arguments], env=self.environment, input=stdin, timeout=timeout)
        assert not check or done.returncode == 0, f"{arguments} ended with {done.returncode}:\n{done.stderr}"
        return done

    def popen(self, *arguments: str, program: Path = ROOT / "manage.py", errors: IO[bytes] | None = None) -> warm.Piped:
        """Start a management command in a process group of its own; whoever asked for it ends it."""
        return warm.Piped([str(program), *arguments], env=self.environment, errors=errors)

    @contextmanager
    def terminal(self, line: str) -> Iterator[IO[bytes]]:
        """Run a shell's line in a terminal of its own; yields its keyboard. What it shows is in `log`."""
        spawn = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
        with self.log_path.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", spawn, "sh", "-c", line],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                bufsize=0,
            )
        assert process.stdin is not None
        try:
            yield process.stdin
            process.wait(WITHIN_S)
        finally:
            process.stdin.close()
            process.kill()
            process.wait(WITHIN_S)

    def start(self) -> ServerProcess:
        """Start `manage.py serve` and wait until it says that it is ready."""
        self.launch()
        try:
            eventually(self.ready)
        except AssertionError as error:
            raise AssertionError(f"the server is not ready within {WITHIN_S} s:\n{self.log}") from error
        return self

    def launch(self, *arguments: str) -> None:
        """Start `manage.py serve`, or with arguments of one's own, and wait for nothing."""
        arguments = arguments or ("serve", "--server", self.asgi_server)
        with self.log_path.open("ab") as log:
            self.process = warm.start([str(self.program), *arguments], env=self.environment, output=log)

    def ready(self) -> bool:
        assert self.process is not None
        if (code := self.process.poll()) is not None:
            self.process = None
            raise AssertionError(f"the server ended with {code}:\n{self.log}")
        try:
            with urlopen(f"{self.url}/readyz?strict=1", timeout=5) as response:
                return bool(response.status == 200)
        except (URLError, ConnectionError, TimeoutError):
            return False

    def stop(self) -> int:
        """Stop it with SIGTERM and return its exit code, which must be a good one."""
        self.send(signal.SIGTERM)
        code = self.wait()
        assert code in (DAPHNE_EXITS if self.server == "daphne" else {0}), f"exit code {code}:\n{self.log}"
        assert self.server == "daphne" or "Traceback" not in self.log, self.log
        return code

    def stop_if_running(self) -> None:
        if self.process is not None:
            self.stop()

    def kill(self) -> None:
        """End it with SIGKILL, as a machine that fails would."""
        self.send(signal.SIGKILL)
        self.wait()

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def wait(self) -> int:
        """Wait until the process has ended, and return its exit code."""
        assert self.process is not None
        try:
            code = self.process.wait(WITHIN_S)
        except subprocess.TimeoutExpired as error:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"still running after {WITHIN_S} s:\n{self.log}") from error
        finally:
            self.process = None
        return code
