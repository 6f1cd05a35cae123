"""What is installed: exactly the releases that were locked."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.servers import ROOT

LOCKS = ("requirements", "requirements-dev")


def stated(name: str) -> list[Requirement]:
    lines = [re.sub(r"(^|\s)#.*", "", line).strip() for line in (ROOT / name).read_text().splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith("-r")]


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_locked_to_a_release_that_it_allows_with_hashes_and_without_an_address(name: str) -> None:
    text = (ROOT / f"{name}.lock").read_text()
    pins = dict(re.findall(r"^([a-z0-9-]+)==(\S+)[^\n]*\\\n    --hash=sha256:[0-9a-f]{64}\b", text, re.MULTILINE))
    assert len(pins) > 30
    for requirement in stated(f"{name}.txt"):
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement
    assert "://" not in text


def test_what_the_tests_run_with_is_what_an_installation_runs_with() -> None:
    run, dev = (set(re.findall(r"^\S+==\S+", (ROOT / f"{name}.lock").read_text(), re.MULTILINE)) for name in LOCKS)
    assert run <= dev


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with what bin/setup reads, and a Python in .venv that notes what it is asked to install."""
    for path in (*ROOT.glob("requirements*"), ROOT / "bin" / "setup", ROOT / "bin" / "install"):
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(path, copy)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\ncase "$*" in *install*) echo "$*" >> "$0.asked";; esac\n')
    python.chmod(0o755)
    sleep = tmp_path / "bin" / "sleep"
    sleep.write_text("#!/bin/sh\n")
    sleep.chmod(0o755)
    return tmp_path


def set_up(checkout: Path) -> tuple[str, list[str]]:
    """What bin/setup says, and the files that it has had installed."""
    asked = checkout / ".venv" / "bin" / "python.asked"
    asked.unlink(missing_ok=True)
    environment = {"PATH": f"{checkout / 'bin'}:/usr/bin:/bin"}
    command = ["sh", "bin/setup", "requirements.txt"]
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=True)
    lines = asked.read_text().splitlines() if asked.exists() else []
    return done.stdout, [("hashes " if "--require-hashes" in line else "") + line.split()[-1] for line in lines]


def test_set_up_installs_what_is_locked_once_and_again_when_the_lock_changes(checkout: Path) -> None:
    said, installed = set_up(checkout)
    assert installed == ["hashes requirements.lock"]
    assert "instead" not in said
    assert set_up(checkout) == ("", [])
    with (checkout / "requirements.lock").open("a") as lock:
        lock.write("# another release\n")
    assert set_up(checkout)[1] == ["hashes requirements.lock"]


def test_set_up_says_in_a_line_why_it_takes_the_requirements_instead_of_the_lock(checkout: Path) -> None:
    python = checkout / ".venv" / "bin" / "python"
    python.write_text(python.read_text() + 'case "$*" in *require-hashes*) exit 1;; esac\n')
    said, installed = set_up(checkout)
    assert installed == ["hashes requirements.lock", "hashes requirements.lock", "requirements.txt"]  # uv, then pip
    assert re.search(r"^requirements\.lock cannot be installed here .* requirements\.txt instead", said, re.MULTILINE)

    with (checkout / "requirements.txt").open("a") as requirements:
        requirements.write("another~=1.0\n")
    said, installed = set_up(checkout)
    assert installed == ["requirements.txt"]
    assert re.search(r"^requirements\.lock was made from other requirements \(make lock ", said, re.MULTILINE)


def test_uv_installs_from_where_pip_is_told_to_and_pip_does_where_uv_cannot(checkout: Path) -> None:
    python = checkout / ".venv" / "bin" / "python"
    config = 'case "$*" in *config*) echo "global.index-url=\'https://mirror.example/simple\'";; esac\n'
    python.write_text(python.read_text() + config + 'case "$*" in *uv*) echo "$UV_DEFAULT_INDEX" > "$0.index";; esac\n')
    assert set_up(checkout)[1] == ["hashes requirements.lock"]
    assert python.with_suffix(".index").read_text() == "https://mirror.example/simple\n"
    assert "-m uv " in python.with_suffix(".asked").read_text()

    python.write_text(python.read_text() + 'case "$*" in *uv*) exit 1;; esac\n')
    (checkout / ".venv" / ".installed-requirements.txt").unlink()
    said, installed = set_up(checkout)
    assert installed == ["hashes .venv/.uv.txt", "hashes requirements.lock"]
    assert "instead" not in said
    assert (checkout / ".venv" / ".uv.txt").read_text().startswith("uv==")


def test_without_node_the_check_of_the_javascript_is_left_out_and_says_so(tmp_path: Path) -> None:
    dirname, sh = shutil.which("dirname"), shutil.which("sh")
    assert dirname
    assert sh
    (tmp_path / "dirname").symlink_to(dirname)
    command = [sh, str(ROOT / "bin" / "check-javascript")]
    done = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=True)
    assert done.stderr.startswith("The JavaScript is not checked: there is no node (")
