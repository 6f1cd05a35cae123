"""A program that a test starts from a warm process is as one that a shell starts."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.processes import warm


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text("import sys; print(sys.path)")
    return path


@pytest.fixture
def own_forker(monkeypatch: pytest.MonkeyPatch) -> Iterator[warm.Forker]:
    """One that a test may end."""
    forker = warm.Forker()
    monkeypatch.setattr(warm, "_only", lambda: forker)
    yield forker
    forker.end()


@pytest.mark.parametrize("path", [None, "", "/nowhere", "/nowhere:/elsewhere"])
def test_it_imports_from_where_any_program_does(program: Path, path: str | None) -> None:
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    env |= {} if path is None else {"PYTHONPATH": path}
    cold = subprocess.run([sys.executable, program], env=env, capture_output=True, text=True, check=True)
    assert warm.run([str(program)], env=env, input=None, timeout=30).stdout == cold.stdout


def test_it_says_so_when_nothing_can_be_started_any_more(program: Path, own_forker: warm.Forker) -> None:
    own_forker.process.kill()
    own_forker.process.wait()
    with pytest.raises(warm.ForkerDied, match=r"program.py.* was not started; the forker ended with -9"):
        warm.run([str(program)], env={}, input=None, timeout=30)


def test_it_says_so_when_nobody_can_tell_of_its_end_any_more(tmp_path: Path, own_forker: warm.Forker) -> None:
    program = tmp_path / "program.py"
    program.write_text("input()")
    with warm.Piped([str(program)], env={}) as process:
        own_forker.process.kill()
        with pytest.raises(warm.ForkerDied, match=r"program.py"):
            process.wait(30)


def test_threads_share_one_forker(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    two = threading.Barrier(2)

    def make_slowly() -> object:
        with suppress(threading.BrokenBarrierError):
            two.wait(0.2)  # as long as it takes a second one to come in here
        made.append(object())
        return made[-1]

    monkeypatch.setattr(warm, "_only", functools.cache(make_slowly))
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: warm.forker(), range(8)))
    assert set(found) == set(made)
    assert len(made) == 1
