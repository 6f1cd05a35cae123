"""Hosts of their own on one machine: network namespaces at a bridge, whose links can be cut."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

NETWORK = "10.77.0"
OURS = f"{NETWORK}.1"  # of the bridge, where those who watch are
NAMES = Path("/run/netns")  # where `ip netns` keeps them
# All processes end with the first one.
ALONE = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
INSIDE = "EVENTHUB_TEST_INSIDE"  # set in the process that has a network of its own


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


def enter_or_explain() -> None:
    """Go on with a network of our own, which ends with us; exit with a sentence where that is not allowed."""
    if INSIDE in os.environ:
        NAMES.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "none", str(NAMES)], check=True)
        ip("link", "set", "lo", "up")
        ip("link", "add", "bridge", "type", "bridge")
        ip("addr", "add", f"{OURS}/24", "dev", "bridge")
        ip("link", "set", "bridge", "up")
        return
    if missing := [program for program in ("ip", "nsenter", "unshare", "nginx") if shutil.which(program) is None]:
        print(f"{', '.join(missing)} is not installed, so hosts that fail were not tried.")
        sys.exit(0)
    tried = subprocess.run([*ALONE, "ip", "netns", "list"], capture_output=True, check=False)
    if tried.returncode:
        print("This machine allows no network namespaces, so hosts that fail were not tried.")
        sys.exit(0)
    os.environ[INSIDE] = "1"
    program = [sys.executable, "-m", "tests.faults.hosts.scenario", *sys.argv[1:]]
    with subprocess.Popen([*ALONE, *program]) as inside:
        signal.signal(signal.SIGTERM, lambda *_: inside.kill())
        with suppress(KeyboardInterrupt):
            sys.exit(inside.wait())
        sys.exit(inside.wait())  # it was told by the same Ctrl-C, and takes away what it has made; another one ends all


class Host:
    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self.address = f"{NETWORK}.{number}"
        self._link = f"to-{name}"
        ip("netns", "add", name)
        ip("link", "add", self._link, "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("link", "set", self._link, "master", "bridge", "up")
        ip("-n", name, "addr", "add", f"{self.address}/24", "dev", "eth0")
        for device in ("eth0", "lo"):
            ip("-n", name, "link", "set", device, "up")

    def enter(self, user: int | None = None) -> Sequence[str]:
        """Return how a command begins that runs here."""
        as_user = [] if user is None else ["--setuid", str(user), "--setgid", str(user)]
        return ["nsenter", f"--net={NAMES / self.name}", *as_user, "--"]

    def cut(self) -> None:
        """Nothing comes here any more, and nobody is told."""
        ip("link", "set", self._link, "down")

    def mend(self) -> None:
        ip("link", "set", self._link, "up")
