"""Start a Python program at once: fork it from a process that has imported the libraries already.

A server or a command that a test starts takes about 1.7 s of CPU before its first line of work, and 1 s of that goes
into importing libraries. `start` forks it from a process that has done that once. That process has read no setting and
has imported nothing of eventhub.

Another 0.6 s go into Django's set-up and into eventhub's own modules. So there is one process more, which has forked
from the first, has set Django up and has imported what `serve` runs: servers and commands fork from it, as the workers
of `serve` fork from theirs, and read all settings anew. Only what the set-up itself keeps (`OF_THE_SET_UP`), or what is
no setting of eventhub, needs another such process. Where the set-up fails, and where a file of settings is read, which
a test may change, each program reads its whole environment, as it does when a shell starts it.

The program ends as Python ends, but frees nothing. What is promised of Python's own start and end (the encoding of its
streams, its flags, a terminal, threads that go on) is tested with a process of its own. The loader reads LD_PRELOAD at
the very start of a process, and so does libfaketime what is for it: programs that have these are forked from a process
that was started with them.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from tempfile import TemporaryFile
from typing import IO, Self

from tests.processes.forker import BARE, FORKER, OF_THE_SET_UP, OURS, READY

MAX_OUTPUT = 1 << 26  # bytes
OF_THE_START = ("LD_", "FAKETIME")  # beginnings of the names of what is read when a process starts
OF_A_PROGRAM = (*OURS, "PYTEST_")  # of what each reads for itself, and of what none does
MAX_READY = 6  # processes that have set Django up: a test seldom has more servers


class ForkerDied(Exception):
    """The process that forks has ended. What it wrote about that is among the errors of the tests' own process."""


class Forker:
    """A process that forks. It ends when this one does."""

    def __init__(self, of_the_start: Mapping[str, str], *, bare: bool = False) -> None:
        """With `bare`, it imports no library: for a test that ends it."""
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command, env = [sys.executable, FORKER, str(theirs.fileno())], {**os.environ, **of_the_start}
            command += [BARE] if bare else []
            self.process: subprocess.Popen[bytes] | Process
            self.process = subprocess.Popen(command, env=env, pass_fds=[theirs.fileno()])
        atexit.register(self.end)

    def fork(self, arguments: Sequence[str], env: Mapping[str, str], *streams: IO[bytes]) -> socket.socket:
        """Have a process forked with these streams; return the socket that tells its number, and its end. Raises
        ForkerDied."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request = json.dumps({"arguments": arguments, "env": dict(env), "cwd": os.getcwd()}).encode()
        with theirs:
            descriptors = [*(stream.fileno() for stream in streams), theirs.fileno()]
            try:
                socket.send_fds(self._requests, [request], descriptors)
            except ConnectionError as error:
                ours.close()
                raise ForkerDied(f"{arguments} was not started; the forker ended with {self.process.wait()}") from error
        return ours

    def end(self) -> None:
        self._requests.close()
        self.process.wait()


class ReadyForker(Forker):
    """One that has set Django up in an environment. It ends when all that it has forked have, once that is asked."""

    def __init__(self, first: Forker, env: Mapping[str, str]) -> None:
        """Raises NotReady if Django cannot be set up there, and ForkerDied."""
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, open(os.devnull, "wb") as nothing, theirs.makefile("rb") as requests:
            self.process: Process = Process([FORKER], first.fork([FORKER], env, requests, nothing, nothing))
        if self._requests.recv(len(READY)) != READY:
            self.end()
            raise NotReady

    def retire(self) -> None:
        """Have it end by itself, and ask no more of it."""
        self._requests.close()
        self.process.forget()


class NotReady(Exception):
    """Django cannot be set up in an environment: the program itself says why."""


class Forkers:
    """The first of this process, those that were started with a library, and the newest of those that have set Django
    up."""

    def __init__(self, first: Forker | None = None) -> None:
        self.first = first or Forker({})
        self._with_library: dict[str, Forker] = {}
        self._ready: OrderedDict[str, ReadyForker | None] = OrderedDict()
        self._lock = threading.Lock()
        atexit.register(self.retire, 0)

    def started_with(self, env: Mapping[str, str]) -> Forker:
        """Return the first, or the first of those that have a library as this environment names it."""
        if "LD_PRELOAD" not in env:
            return self.first
        of_the_start = {name: value for name, value in sorted(env.items()) if name.startswith(OF_THE_START)}
        key = json.dumps(of_the_start)
        if key not in self._with_library:
            self._with_library[key] = Forker(of_the_start)
        return self._with_library[key]

    def for_environment(self, env: Mapping[str, str]) -> Forker:
        with self._lock:
            first = self.started_with(env)
            return self.ready(first, env) if may_be_shared(env) else first

    def ready(self, first: Forker, env: Mapping[str, str]) -> Forker:
        kept = {name: env[name] for name in sorted(env) if name in OF_THE_SET_UP or not name.startswith(OF_A_PROGRAM)}
        key = json.dumps(kept)
        folder = {name: value for name, value in env.items() if name == "EVENTHUB_VAR_DIR"}  # for what settings make
        if key not in self._ready:
            try:
                self._ready[key] = ReadyForker(first, {**kept, **folder})
            except NotReady:
                self._ready[key] = None
        self._ready.move_to_end(key)
        self.retire(MAX_READY)
        return self._ready[key] or first

    def retire(self, but: int) -> None:
        """Have all end but so many of the newest."""
        while len(self._ready) > but:
            _, oldest = self._ready.popitem(last=False)
            if oldest is not None:
                oldest.retire()


def may_be_shared(env: Mapping[str, str]) -> bool:
    """Say whether all that Django's set-up reads stays what it is: it is eventhub's, and no file has settings."""
    wanted = {"DJANGO_SETTINGS_MODULE": "eventhub.settings", "EVENTHUB_ENV_FILE": ""}
    return env.items() >= wanted.items()


_only = functools.cache(Forkers)
_once = threading.Lock()  # `cache` itself lets two threads make one each


def forkers() -> Forkers:
    """Return those of this process."""
    with _once:
        return _only()


class Process:
    """A program that `start` has started; its methods are those of `subprocess.Popen`."""

    def __init__(self, arguments: Sequence[str], status: socket.socket) -> None:
        self.args = arguments
        self.returncode: int | None = None
        self._status = status
        self.pid = self._told()

    def poll(self) -> int | None:
        if self.returncode is None and select.select([self._status], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            self._status.settimeout(timeout)
            try:
                self.returncode = self._told()
            except TimeoutError as error:
                raise subprocess.TimeoutExpired(self.args, timeout or 0) from error
            self._status.close()
        return self.returncode

    def _told(self) -> int:
        told = self._status.recv(64)
        if not told:
            self._status.close()
            raise ForkerDied(f"Nobody can tell what has become of {self.args}")
        return int(told)

    def forget(self) -> None:
        """Ask no more what becomes of it."""
        self._status.close()

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def start(
    arguments: Sequence[str],
    *,
    env: Mapping[str, str],
    input: IO[bytes] | None = None,
    output: IO[bytes],
    errors: IO[bytes] | None = None,
) -> Process:
    """Start a Python script with its arguments. Its errors go where its output goes, unless that is told."""
    with open(os.devnull, "rb") as nothing:
        forker = forkers().for_environment(env)
        return Process(arguments, forker.fork(arguments, env, input or nothing, output, errors or output))


class Piped(Process):
    """One whose streams are pipes, which `communicate`, `close` and the end of a `with` block close."""

    def __init__(self, arguments: Sequence[str], *, env: Mapping[str, str], errors: IO[bytes] | None = None) -> None:
        """Start a Python script; with `errors`, its errors go there and not into a pipe."""
        (theirs_in, self.stdin), (self.stdout, theirs_out), (self.stderr, theirs_err) = pipe(), pipe(), pipe()
        with theirs_in, theirs_out, theirs_err:
            forker = forkers().for_environment(env)
            super().__init__(arguments, forker.fork(arguments, env, theirs_in, theirs_out, errors or theirs_err))

    def communicate(self, timeout: float | None = None) -> tuple[bytes, bytes]:
        """Return all that it writes until it ends."""
        with self, ThreadPoolExecutor() as readers:
            output, errors = readers.submit(self.stdout.read), readers.submit(self.stderr.read)
            self.wait(timeout)
            return output.result(), errors.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        for stream in (self.stdin, self.stdout, self.stderr):
            stream.close()


def pipe() -> tuple[IO[bytes], IO[bytes]]:
    """Return the ends of a pipe to read and to write."""
    read, write = os.pipe()
    return os.fdopen(read, "rb"), os.fdopen(write, "wb", buffering=0)


def run(
    arguments: Sequence[str], *, env: Mapping[str, str], input: str | None, timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run a Python script to its end, as `subprocess.run` does that captures text."""
    with TemporaryFile() as stdin, TemporaryFile() as stdout, TemporaryFile() as stderr:
        stdin.write((input or "").encode())
        stdin.seek(0)
        process = start(arguments, env=env, input=stdin, output=stdout, errors=stderr)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        said, complained = (os.pread(stream.fileno(), MAX_OUTPUT, 0).decode() for stream in (stdout, stderr))
    return subprocess.CompletedProcess(arguments, code, said, complained)
