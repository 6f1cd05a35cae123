"""Start a Python program at once: fork it from a process that has imported the libraries already.

A server or a command that a test starts takes about 1.7 s of CPU before its first line of work, and 1 s of that goes
into importing libraries. `start` forks it from a process that has done that once. That process has read no setting and
has imported nothing of eventhub: the program reads its own environment, as it does when a shell starts it, and it ends
as Python ends. What is promised of Python's own start (the encoding of its streams, its flags, a terminal) is tested
with a process of its own. A program with LD_PRELOAD in its environment is started anew: the loader alone reads that, at
the very start of a process, and a fork would go without the library.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Self

# What `manage.py serve` imports beside eventhub, as far as it can be imported without settings.
LIBRARIES = (
    *("channels_redis.core", "csp.middleware", "environs", "httptools", "httpx", "msgspec", "redis.asyncio"),
    *("rest_framework.compat", "rest_framework.fields", "rich.console", "simple_history", "uvicorn", "uvloop"),
    *("websockets", "whitenoise.middleware", "django.contrib.admin.filters", "django.contrib.auth.hashers"),
    *("django.contrib.postgres.fields", "django.core.handlers.asgi", "django.core.mail", "django.core.management"),
    *("django.core.serializers.json", "django.db.backends.postgresql.base", "django.db.backends.sqlite3.base"),
    *("django.db.migrations.executor", "django.forms.models", "django.template.loader", "django.views.generic"),
)
MAX_REQUEST = 1 << 18  # bytes: a command line and its environment
MAX_OUTPUT = 1 << 26  # bytes
MAX_FILES = 1024


class ForkerDied(Exception):
    """The process that forks has ended. What it wrote about that is among the errors of the tests' own process."""


class Forker:
    """The process that forks. It ends when this one does."""

    def __init__(self) -> None:
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, __file__, str(theirs.fileno())]
            self.process = subprocess.Popen(command, pass_fds=[theirs.fileno()])
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


_only = functools.cache(Forker)
_once = threading.Lock()  # `cache` itself lets two threads make one each


def forker() -> Forker:
    """Return the one of this process."""
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
        return Process(arguments, forker().fork(arguments, env, input or nothing, output, errors or output))


class Piped(Process):
    """One whose streams are pipes, which `communicate`, `close` and the end of a `with` block close."""

    def __init__(self, arguments: Sequence[str], *, env: Mapping[str, str], errors: IO[bytes] | None = None) -> None:
        """Start a Python script; with `errors`, its errors go there and not into a pipe."""
        (theirs_in, self.stdin), (self.stdout, theirs_out), (self.stderr, theirs_err) = pipe(), pipe(), pipe()
        with theirs_in, theirs_out, theirs_err:
            super().__init__(arguments, forker().fork(arguments, env, theirs_in, theirs_out, errors or theirs_err))

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


def fork_on_request(requests: socket.socket) -> None:
    """Fork once for each request; return in the new process, set up to run its program. The first never returns."""
    running: dict[int, socket.socket] = {}  # by process: who is to be told of its end
    ended, wakeup = socket.socketpair()
    wakeup.setblocking(False)
    signal.set_wakeup_fd(wakeup.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready, _, _ = select.select([requests, ended], [], [])
        if ended in ready:
            ended.recv(MAX_REQUEST)
            for pid in list(running):
                has_ended, how = os.waitpid(pid, os.WNOHANG)
                if has_ended:
                    with running.pop(pid) as status, contextlib.suppress(BrokenPipeError):  # nobody asks any more
                        status.send(str(os.waitstatus_to_exitcode(how)).encode())
        if requests in ready:
            request, descriptors, _, _ = socket.recv_fds(requests, MAX_REQUEST, 4)
            if not request:
                sys.exit()
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                return become(**json.loads(request), streams=descriptors[:3])
            running[pid] = status = socket.socket(fileno=descriptors.pop())
            status.send(str(pid).encode())
            for descriptor in descriptors:
                os.close(descriptor)


def become(arguments: list[str], env: dict[str, str], cwd: str, streams: list[int]) -> None:
    """Set this process up as Python does that was started with this script."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.closerange(3, MAX_FILES)
    os.setsid()  # Ctrl-C in the terminal of the tests is for them
    os.chdir(cwd)
    if "LD_PRELOAD" in env:
        os.execve(sys.executable, [sys.executable, *arguments], env)  # noqa: S606
    os.environ.clear()
    os.environ.update(env)
    sys.argv = arguments
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(number, mode, buffering=1) for number, mode in enumerate("rww"))
    paths = env["PYTHONPATH"].split(os.pathsep) if env.get("PYTHONPATH") else []
    sys.path[:1] = [str(Path(arguments[0]).parent), *paths]  # the first was this script's own


if __name__ == "__main__":
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.freeze()
    fork_on_request(socket.socket(fileno=int(sys.argv[1])))
    runpy.run_path(sys.argv[0], run_name="__main__")
