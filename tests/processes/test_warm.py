"""A program that a test starts from a warm process is as one that a shell starts."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.processes import forker, warm
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
    forkers = warm.Forkers(warm.Forker({}, bare=True))
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


def said(program: Path, env: dict[str, str]) -> str:
    """What a program writes, forked if it can be."""
    return warm.run([str(program)], env=env, input=None, timeout=WITHIN_S).stdout


def test_programs_share_a_set_up_but_where_it_keeps_something_of_their_settings(program: Path, tmp_path: Path) -> None:
    program.write_text("import os, sys; from django.apps import apps; print(apps.ready, os.getppid(), sys.path)")

    def ran(**settings: str) -> list[str]:
        return said(program, environment(tmp_path, **settings)).split(maxsplit=2)

    (ready, parent, path), again, other = ran(), ran(EVENTHUB_WORKERS="2"), ran(EVENTHUB_SOURCES="auth")
    assert ready == "True"
    assert again == [ready, parent, path]
    assert (other[0], other[2]) == (ready, path)
    assert other[1] != parent
    assert path.count(f"'{ROOT}'") == 1
    assert ran(EVENTHUB_SOURCES="none")[0] == "False"


def test_each_has_the_settings_of_its_own_environment_whatever_the_last_one_had(program: Path, tmp_path: Path) -> None:
    program.write_text(
        "import django; django.setup()\nfrom django.conf import settings\nfrom django.db import connection\n"
        "names = sorted(name for name in dir(settings) if name.isupper() and name != 'SECRET_KEY')\n"
        "print([(name, getattr(settings, name)) for name in names], connection.settings_dict['NAME'])"
    )
    plain = environment(tmp_path)
    (tmp_path / "other").mkdir()
    odd = {
        **environment(tmp_path / "other", EVENTHUB_PORTS="8002", EVENTHUB_PATH="/hub", EVENTHUB_WORKERS="2"),
        "EVENTHUB_ALLOWED_ORIGINS": "https://events.example.org",
        "EVENTHUB_HTTPS_REDIRECT": "1",
        "EVENTHUB_LOG_FORMAT": "json",
        "EMAIL_HOST": "mail.example.org",
        "MCP_ALLOWED_NETWORKS": "10.0.0.0/8",
        "REDIS_URL": "redis://one redis://two",
    }
    shared = {env["EVENTHUB_VAR_DIR"]: said(program, env) for env in (plain, odd, plain)}
    for env in (plain, odd):
        alone = subprocess.run([sys.executable, program], env=env, capture_output=True, text=True)
        assert shared[env["EVENTHUB_VAR_DIR"]] == alone.stdout, alone.stderr


def test_what_the_set_up_asks_for_is_known(program: Path, tmp_path: Path) -> None:
    """So no program has a setting of another one: each reads all settings anew, but for these."""
    program.write_text(
        "import importlib\nfrom django.conf import LazySettings\nasked, ask = set(), LazySettings.__getattr__\n"
        "LazySettings.__getattr__ = lambda self, name: (asked.add(name), ask(self, name))[1]\n"
        "import django\ndjango.setup()\n"
        f"[importlib.import_module(name) for name in {forker.OF_EVENTHUB}]\n"
        "print(*(name for name in asked if name.startswith(('EVENTHUB_', 'MCP_', 'EMAIL_', 'CHANNEL_'))))"
    )
    alone = {**environment(tmp_path), "EVENTHUB_ENV_FILE": str(tmp_path / "none")}
    assert {*said(program, alone).split()} - {"EVENTHUB_VERSION"} <= {*forker.OF_THE_SET_UP}


@pytest.mark.parametrize(
    ("name", "value", "told"), [("PORTS", "x", "'x' is not a port"), ("SOURCES", "x", "no source “x”")]
)
def test_a_setting_of_one_program_that_cannot_be_is_refused_as_ever_and_troubles_no_other(
    tmp_path: Path, name: str, value: str, told: str
) -> None:
    def version(**settings: str) -> subprocess.CompletedProcess[str]:
        arguments = [str(ROOT / "manage.py"), "version"]
        return warm.run(arguments, env=environment(tmp_path, **settings), input=None, timeout=WITHIN_S)

    refused = version(**{f"EVENTHUB_{name}": value})
    assert refused.returncode == 1
    assert told in refused.stderr
    assert version().returncode == 0


def test_the_end_of_a_program_is_told_though_its_set_up_is_no_longer_needed(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.write_text("input(); exit(7)")
    forkers = warm.Forkers(warm.forkers().first)
    monkeypatch.setattr(warm, "_only", lambda: forkers)
    with warm.Piped([str(program)], env=environment(tmp_path)) as process:
        forkers.retire(0)
        assert process.poll() is None
        process.stdin.write(b"\n")
        assert process.wait(WITHIN_S) == 7


def test_tests_that_are_told_to_end_do_so_as_by_ctrl_c_and_end_what_they_have_started() -> None:
    assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL  # else this would be the end of them
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
