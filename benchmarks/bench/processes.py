"""The processes of a benchmark: pinned apart, asked line by line, their CPU read, always ended."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
START_S = 60.0
STOP_S = 15.0
FAILED = "FAILED: "  # how a child begins a line that tells why it ends
PROGRESS = "… "  # how it begins one that only tells that it goes on
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
APART = len(CORES) >= 2  # the server has the first core for itself, everything else the others


class Failed(Exception):
    """The benchmark cannot go on, or what it saw must not be printed as a result."""


class Child:
    """A process that answers each line on stdin with one line on stdout."""

    def __init__(self, name: str, *command: str, environment: Mapping[str, str], cores: Sequence[int]) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is ours alone: we end it
        )
        if APART:
            os.sched_setaffinity(self._process.pid, cores)

    @property
    def pid(self) -> int:
        return self._process.pid

    def line(self, timeout: float = START_S) -> str:
        """The next line that it prints. Raises Failed when it ends or says nothing in time."""
        assert self._process.stdout is not None
        readable, _, _ = select.select([self._process.stdout], [], [], timeout)
        line = self._process.stdout.readline() if readable else ""
        if not line:
            state = "has ended" if readable else f"said nothing for {timeout:g} s"
            raise Failed(f"{self.name} {state}")
        if line.startswith(FAILED):
            raise Failed(f"{self.name}: {line.removeprefix(FAILED).strip()}")
        if line.startswith(PROGRESS):
            progress(f"{self.name}: {line.removeprefix(PROGRESS).strip()}")
            return self.line(timeout)
        return line.rstrip("\n")

    def send(self, question: dict[str, Any]) -> None:
        """Ask, and read the answer later."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has said why, which is read next
            print(json.dumps(question), file=self._process.stdin, flush=True)

    def answer(self, timeout: float) -> Any:
        return json.loads(self.line(timeout))

    def ask(self, question: dict[str, Any], timeout: float) -> Any:
        """Its answer. Raises Failed when there is none, or it says that it failed."""
        self.send(question)
        return self.answer(timeout)

    def cpu_seconds(self) -> float:
        """User and system time of all its threads so far, and of the processes below it, which live as long as it."""
        return sum(map(cpu_seconds, family(self.pid)))

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            with contextlib.suppress(BrokenPipeError):
                stream.close()


def progress(line: str) -> None:
    """Tell whoever waits, beside the tables."""
    print(f"{PROGRESS}{line}", file=sys.stderr, flush=True)


def family(pid: int) -> list[int]:
    """A process and all below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in family(int(child)))]


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def running(
    name: str, *command: str, environment: Mapping[str, str], server: bool = False, anywhere: bool = False
) -> Iterator[Child]:
    """A child that has said its first line, which tells that it is ready."""
    cores = CORES if anywhere else CORES[:1] if server else CORES[1:]
    child = Child(name, *command, environment=environment, cores=cores)
    try:
        child.line()
        yield child
    finally:
        child.stop()


@contextmanager
def bench() -> Iterator[None]:
    """What a benchmark runs in: Ctrl-C and SIGTERM end it and what it started; a failure is one line, exit code 1."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    if APART:
        os.sched_setaffinity(0, CORES[1:])
    try:
        yield
    except Failed as failure:
        sys.exit(f"FAILED: {failure}")
    except KeyboardInterrupt:
        sys.exit("Stopped; so are all processes that it started.")


def allow_open_files(count: int) -> None:
    """Raise `ulimit -n` for this process and its children."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise Failed(f"{count} open files are needed and the hard limit is {hard}: raise it (ulimit -Hn {count})")
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
