"""A Redis that speaks TLS alone: doorbells come through it, and a certificate of somebody else is not believed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from redis import Redis, RedisError

from eventhub.inside.redis_servers import parse_servers
from events.notify.lines import connect
from tests.conftest import MakeServer
from tests.faults.publishing import publishing
from tests.faults.readiness import hears_doorbells, ready
from tests.faults.subscriber import subscribed
from tests.faults.tally import NOTHING, tally
from tests.ports import free_ports
from tests.waiting import WITHIN_S, eventually

REDIS = shutil.which("redis-server")  # the Valkey of the wheel has no TLS
pytestmark = pytest.mark.skipif(REDIS is None, reason="Redis is not installed (apt-get install redis-server)")


@dataclass(frozen=True)
class EncryptedRedis:
    port: int
    folder: Path

    def url(self, authority: str) -> str:
        return f"rediss://127.0.0.1:{self.port}?ssl_ca_certs={self.folder / authority}.pem"

    def answers(self) -> bool:
        with closing(
            Redis(host="127.0.0.1", port=self.port, ssl=True, ssl_ca_certs=str(self.folder / "ours.pem"))
        ) as client:
            try:
                return bool(client.ping())
            except RedisError:
                return False


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[EncryptedRedis]:
    [port] = free_ports(1)
    ours, stranger = trustme.CA(), trustme.CA()
    ours.cert_pem.write_to_path(tmp_path / "ours.pem")
    stranger.cert_pem.write_to_path(tmp_path / "stranger.pem")
    issued = ours.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "site.crt")
    issued.private_key_pem.write_to_path(tmp_path / "site.key")
    assert REDIS is not None
    options = {
        "port": "0",
        "bind": "127.0.0.1",
        "save": "",
        "tls-port": str(port),
        "tls-auth-clients": "no",
        "tls-cert-file": str(tmp_path / "site.crt"),
        "tls-key-file": str(tmp_path / "site.key"),
        "tls-ca-cert-file": str(tmp_path / "ours.pem"),
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    with (tmp_path / "redis.log").open("wb") as log:
        process = subprocess.Popen([REDIS, *arguments], cwd=tmp_path, stdout=log, stderr=log)
    try:
        redis = EncryptedRedis(port, tmp_path)
        eventually(redis.answers)
        yield redis
    finally:
        process.terminate()
        process.wait(WITHIN_S)


async def test_doorbells_come_by_tls_and_a_stranger_gets_none(
    make_server: MakeServer, encrypted: EncryptedRedis
) -> None:
    server = make_server(env={"REDIS_URL": encrypted.url("ours")})
    deceived = make_server(beside=server, start=False, env={"REDIS_URL": encrypted.url("stranger")})
    async with subscribed(server) as everything:
        async with publishing(server) as publisher, publishing(deceived, "deceived") as other:
            await publisher.more(50)
            await other.more(50)
            await ready(server)
        assert await tally(server, everything, publishers=[publisher, other]) == NOTHING
        async with publishing(server, "alone"):
            await hears_doorbells(server, everything)
    assert "Channel layer unreachable" not in publisher.log
    assert "Channel layer unreachable" in other.log  # its events came by the poll


def test_whoever_rings_often_asks_the_same_certificate(encrypted: EncryptedRedis) -> None:
    connection = connect(parse_servers(encrypted.url("ours")), 0)
    connection.send_command("PING")  # type: ignore[no-untyped-call]
    assert connection.read_response() == b"PONG"
    connection.disconnect()  # type: ignore[no-untyped-call]
    with pytest.raises(RedisError, match="certificate verify failed"):
        connect(parse_servers(encrypted.url("stranger")), 0)
