"""The sockets that a server listens on: TCP ports, and Unix sockets in the folder of the installation."""

from __future__ import annotations

import errno
import hashlib
import os
import socket
import tempfile
from pathlib import Path

UNIX_PATH_BYTES = 100  # macOS takes 103 in a socket's address, Linux 107
BACKLOG = 2048  # connections that wait for accept(): a restart makes all clients come back at once


class CannotListen(Exception):
    """Its message says in one line which address, why, and what to do."""


def unix_socket(var_dir: Path, name: str) -> Path:
    """Return the path of a socket of the installation in `var_dir`: there, or, where that path is too long
    for a socket, in a folder among the temporary files that only this user can enter."""
    path = var_dir / name
    if len(os.fsencode(path)) <= UNIX_PATH_BYTES:
        return path
    digest = hashlib.sha256(os.fsencode(var_dir)).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"eventhub-{os.getuid()}-{digest}"
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if folder.is_symlink() or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise PermissionError(f"{folder} is not a folder that this user alone can enter: remove it")
    return folder / name


def listen(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """Return a listening socket, or raise CannotListen. Of those that share an address, each gets its part of the
    connections."""
    try:
        family, address = _resolved(host, port)
        return socket.create_server(address, family=family, backlog=BACKLOG, reuse_port=shared)
    except OSError as error:
        raise CannotListen(_explain(error, host, port)) from error


def reserve(host: str, port: int) -> socket.socket:
    """Return a socket that keeps an address for those that will share it, or raise CannotListen. While it is open
    nobody else can take the address, even while nobody listens."""
    listen(host, port).close()  # fails if another program listens, which a socket that shares would not
    try:
        family, address = _resolved(host, port)
        reserved = socket.socket(family, socket.SOCK_STREAM)
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reserved.bind(address)
    except OSError as error:
        raise CannotListen(_explain(error, host, port)) from error
    return reserved


def _resolved(host: str, port: int) -> tuple[int, tuple[str, int]]:
    if not 0 < port < 65536:
        raise CannotListen(f"Port {port} does not exist: choose one between 1 and 65535.")
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    return family, (str(address[0]), int(address[1]))


def _explain(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is in use: stop the program that listens there, "
            "or choose other ports with EVENTHUB_PORTS (in .env) or `serve --port`."
        )
    if error.errno == errno.EACCES:
        return f"Port {port} on {host} needs more rights than this user has: choose one above 1023."
    return f"Cannot listen on {host}, port {port}: {error.strerror}. EVENTHUB_HOST or `serve --host` sets it."
