"""The published clients, packed and installed as their users do it, each in a folder of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

from tests.servers import ROOT

JS, PYTHON = ROOT / "clients" / "js", ROOT / "clients" / "python"
FROM_OUTSIDE = ("react", "react-test-renderer", "react-is", "scheduler", "@types", "csstype")
NPM = shutil.which("npm")
HAS_PACKAGES = NPM is not None and (ROOT / "node_modules" / "react-test-renderer").exists()


def new_javascript_project(folder: Path) -> Path:
    """Pack the client, install it into a fresh project, and return its folder."""
    source, project = folder / "source", folder / "project"
    shutil.copytree(JS, source / "clients" / "js", ignore=shutil.ignore_patterns("client"))
    static = Path("events") / "static" / "events" / "client"
    shutil.copytree(ROOT / static, source / static)
    npm("pack", "--silent", "--pack-destination", str(folder), cwd=source / "clients" / "js")
    project.mkdir()
    (project / "package.json").write_text('{"name": "app", "private": true, "type": "module"}')
    (package,) = folder.glob("*.tgz")
    npm("install", "--offline", "--silent", "--no-audit", "--no-fund", "--legacy-peer-deps", str(package), cwd=project)
    for name in FROM_OUTSIDE:
        (project / "node_modules" / name).symlink_to(ROOT / "node_modules" / name)
    return project


def npm(*arguments: str, cwd: Path) -> None:
    assert NPM is not None
    done = subprocess.run([NPM, *arguments], cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def installed_wheel(folder: Path) -> Path:
    """Build the wheel of the Python client, and return a folder for PYTHONPATH that has nothing but what is in it."""
    source = folder / "source"
    shutil.copytree(PYTHON, source, ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
    with zipfile.ZipFile(build_wheel(source, folder)) as opened:
        opened.extractall(folder / "installed")
    return folder / "installed"


def build_wheel(source: Path, folder: Path) -> Path:
    """Build a wheel into a folder as pip does, by the same call of what `pyproject.toml` names, and return it. pip
    itself would ask first what the wheel is called, which takes it as long again."""
    backend = tomllib.loads((source / "pyproject.toml").read_text())["build-system"]["build-backend"]
    build = f"import sys, {backend} as backend; backend.build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, folder], cwd=source, capture_output=True, timeout=300, check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel
