"""What this machine gives: files that others can read, too few open files, a full disk, a disk of the network."""

from __future__ import annotations

import os
import resource
import shutil
import stat
from pathlib import Path

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.db import connection

from eventhub.server.lobby import KEPT_FILES

SECRET_FILES = ("secret_key", "eventhub.sqlite3")  # in EVENTHUB_VAR_DIR
NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "ceph", "glusterfs"}
MOUNTS = Path("/proc/mounts")
FEWEST_FREE = 200 * 1024 * 1024  # bytes


def check_machine() -> list[CheckMessage]:
    return [*_settings_file(), *_readable(), *_open_files(), *_disk()]


def _settings_file() -> list[CheckMessage]:
    named = os.environ.get("EVENTHUB_ENV_FILE")
    if not named or Path(named).is_file():
        return []
    told = f"There is no file {named}, which EVENTHUB_ENV_FILE names: no setting of a file counts."
    hint = "Name the file with its whole path, or set EVENTHUB_ENV_FILE= where none is meant."
    return [Error(told, hint=hint, id="eventhub.E012")]


def _readable() -> list[CheckMessage]:
    files = [settings.EVENTHUB_VAR_DIR / name for name in SECRET_FILES]
    if env_file := os.environ.get("EVENTHUB_ENV_FILE", str(settings.BASE_DIR / ".env")):
        files.append(Path(env_file))
    found: list[CheckMessage] = []
    for file in files:
        # A file that others could read, in a folder that they may not enter, is safe.
        if file.exists() and _open_to_others(file) and _open_to_others(file.parent):
            told = f"Other users of this machine can read {file}, which has secrets."
            found.append(Warning(told, hint=f"chmod go= {file}", id="eventhub.W008"))
    return found


def _open_to_others(path: Path) -> bool:
    return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def _open_files() -> list[CheckMessage]:
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = settings.EVENTHUB_MAX_CONNECTIONS + KEPT_FILES
    if allowed == resource.RLIM_INFINITY or allowed >= needed:
        return []
    told = f"{allowed:,} files may be open, too few for {settings.EVENTHUB_MAX_CONNECTIONS:,} WebSockets of a process."
    hint = (
        f"ulimit -n {needed} where serve is started (systemd: LimitNOFILE={needed}), or lower EVENTHUB_MAX_CONNECTIONS."
    )
    return [Warning(told, hint=hint, id="eventhub.W009")]


def _disk() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    folder = settings.EVENTHUB_VAR_DIR
    free = shutil.disk_usage(folder).free
    if free < FEWEST_FREE:
        told = f"The disk of {folder} has {free / 1e6:,.0f} MB left; when it is full, nothing can be broadcast."
        hint = "manage.py log_size says how the log grows, manage.py prune_events deletes old events. Make room."
        found.append(Warning(told, hint=hint, id="eventhub.W010"))
    if connection.vendor == "sqlite" and (kind := _kind_of_disk(folder)) in NETWORK:
        told = f"{folder} is on a disk of the network ({kind}), on which SQLite loses data."
        hint = "Set EVENTHUB_VAR_DIR to a folder of a local disk, or DATABASE_URL=postgres://…"
        found.append(Error(told, hint=hint, id="eventhub.E011"))
    return found


def _kind_of_disk(folder: Path) -> str:
    """Return the kind of the file system that a folder is on; empty where the system does not tell."""
    try:
        mounts = [line.split()[1:3] for line in MOUNTS.read_text().splitlines()]
    except OSError:
        return ""
    above = [(len(place), kind) for place, kind in mounts if folder.is_relative_to(place)]
    return max(above, default=(0, ""))[1]
