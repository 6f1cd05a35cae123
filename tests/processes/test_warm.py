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
from tests.servers import ROOT
from tests.waiting import WITHIN_S


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text("import sys; print(sys.path)")
    return path


@pytest.fixture
def own_forker(monkeypatch: pytest.MonkeyPatch) -> Iterator[warm.Forker]:
    """One that a test may end."""
    forkers = warm.Forkers()
    monkeypatch.setattr(warm, "_only", lambda: forkers)
    yield forkers.first
    forkers.retire(0)
    forkers.first.end()


@pytest.mark.parametrize("path", [None, "", "/nowhere", "/nowhere:/elsewhere"])
def test_it_imports_from_where_any_program_does(program: Path, path: str | None) -> None:
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    env |= {} if path is None else {"PYTHONPATH": path}
    cold = subprocess.run([sys.executable, program], env=env, capture_output=True, text=True, check=True)
    assert warm.run([str(program)], env=env, input=None, timeout=WITHIN_S).stdout == cold.stdout


def test_it_says_so_when_nothing_can_be_started_any_more(program: Path, own_forker: warm.Forker) -> None:
    own_forker.process.kill()
    own_forker.process.wait()
    with pytest.raises(warm.ForkerDied, match=r"program.py.* was not started; the forker ended with -9"):
        warm.run([str(program)], env={}, input=None, timeout=WITHIN_S)


def test_it_says_so_when_nobody_can_tell_of_its_end_any_more(tmp_path: Path, own_forker: warm.Forker) -> None:
    program = tmp_path / "program.py"
    program.write_text("input()")
    with warm.Piped([str(program)], env={}) as process:
        own_forker.process.kill()
        with pytest.raises(warm.ForkerDied, match=r"program.py"):
            process.wait(WITHIN_S)


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
        found = list(threads.map(lambda _: warm.forkers(), range(8)))
    assert set(found) == set(made)
    assert len(made) == 1


def environment(folder: Path, **settings: str) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "eventhub.settings",
        "EVENTHUB_ENV_FILE": "",
        "EVENTHUB_VAR_DIR": str(folder),
        "PYTHONPATH": str(ROOT),
        **settings,
    }


def test_the_programs_of_one_environment_share_its_set_up_and_no_other(program: Path, tmp_path: Path) -> None:
    program.write_text("import os, sys; from django.apps import apps; print(apps.ready, os.getppid(), sys.path)")

    def said(**settings: str) -> list[str]:
        done = warm.run([str(program)], env=environment(tmp_path, **settings), input=None, timeout=WITHIN_S)
        return done.stdout.split(maxsplit=2)

    (ready, parent, path), again, other = said(), said(), said(EVENTHUB_WORKERS="2")
    assert ready == "True"
    assert again == [ready, parent, path]
    assert (other[0], other[2]) == (ready, path)
    assert other[1] != parent
    assert path.count(f"'{ROOT}'") == 1
    assert said(EVENTHUB_WORKERS="none")[0] == "False"


def test_they_share_it_from_server_to_server_and_each_has_its_own_settings(program: Path, tmp_path: Path) -> None:
    program.write_text(
        "import os\nfrom django.conf import settings\nfrom django.db import connection\n"
        "print(os.getppid(), settings.STATIC_ROOT, settings.EVENTHUB_PORTS, connection.settings_dict['NAME'])"
    )

    def said(folder: str, ports: str) -> list[str]:
        env = environment(tmp_path / folder, EVENTHUB_PORTS=ports)
        return warm.run([str(program)], env=env, input=None, timeout=WITHIN_S).stdout.split(maxsplit=3)

    one, other = said("one", "8001"), said("other", "8002")
    assert one[0] == other[0]
    assert one[1:] == [str(tmp_path / "one/static"), "[8001]", f"{tmp_path}/one/eventhub.sqlite3\n"]
    assert other[1:] == [str(tmp_path / "other/static"), "[8002]", f"{tmp_path}/other/eventhub.sqlite3\n"]


def test_a_setting_of_one_server_that_cannot_be_is_refused_as_ever(tmp_path: Path) -> None:
    env = environment(tmp_path)
    assert warm.run([str(ROOT / "manage.py"), "version"], env=env, input=None, timeout=WITHIN_S).returncode == 0
    refused = warm.run(
        [str(ROOT / "manage.py"), "version"], env={**env, "EVENTHUB_PORTS": "x"}, input=None, timeout=WITHIN_S
    )
    assert refused.returncode == 1
    assert "'x' is not a port" in refused.stderr


def test_the_end_of_a_program_is_told_though_its_set_up_is_no_longer_needed(
    program: Path, tmp_path: Path, own_forker: warm.Forker
) -> None:
    program.write_text("input(); exit(7)")
    with warm.Piped([str(program)], env=environment(tmp_path)) as process:
        warm.forkers().retire(0)
        assert process.poll() is None
        process.stdin.write(b"\n")
        assert process.wait(WITHIN_S) == 7
