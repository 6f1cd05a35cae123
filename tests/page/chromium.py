"""Finds and starts the Chromium that tests drive; `python -m tests.page.chromium` gets one where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.waiting import WITHIN_S

# The shell is the same Chromium without windows: it takes a third less of CPU.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DOWNLOAD_S = 300
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def installed() -> str | None:
    """Return the path of a Chromium: one of the machine, else the one that Playwright has downloaded."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


@contextmanager
def started() -> Iterator[Browser]:
    """Start it; while it runs, no test can run an event loop of its own, because Playwright runs one."""
    path = installed()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS, timeout=WITHIN_S * 1000)
        yield browser
        browser.close()


def install() -> None:
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        install = ["apt-get", "install", "-qy", "--no-install-recommends"]
        attempts = [["apt-get", "update", "-q"], [*install, NAMES[0]], [*install, "chromium"], *attempts]
    for command in attempts:
        print(f"No Chromium found. Trying: {' '.join(command)}", flush=True)
        try:
            subprocess.run(command, timeout=DOWNLOAD_S, check=False, capture_output=True)
        except subprocess.TimeoutExpired:
            continue
        if installed():
            return


if __name__ == "__main__":
    if not installed():
        install()
    if not installed():
        sys.exit("The browser tests need Chromium: install it (Debian: apt install chromium), or `make test-fast`.")
