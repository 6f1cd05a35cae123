"""A PgBouncer in transaction mode before the PostgreSQL of these tests, with TLS for whoever asks for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import trustme

from tests.database.postgres import NOBODY, PASSWORD, USER, PostgresServer
from tests.ports import free_ports
from tests.waiting import WITHIN_S, eventually

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
MISSING = "PgBouncer is not installed (apt-get install pgbouncer)"
POOL = 4  # connections to the server: fewer than there are clients, so that each has those of all others
# Round robin lets whatever one client leaves behind in a connection reach the others at once.
CONFIG = """
[databases]
* = host=127.0.0.1 port={postgres}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = {pool}
server_round_robin = 1
max_client_conn = 500
client_tls_sslmode = allow
client_tls_key_file = {folder}/site.pem
client_tls_cert_file = {folder}/site.pem
"""


class PgBouncer:
    def __init__(self, postgres: PostgresServer) -> None:
        [self.port] = free_ports(1)
        self._postgres = postgres
        self.folder = Path(tempfile.mkdtemp(prefix="eventhub-pgbouncer-"))
        self.authority, stranger = trustme.CA(), trustme.CA()
        self.authority.cert_pem.write_to_path(self.folder / "authority.pem")
        stranger.cert_pem.write_to_path(self.folder / "stranger.pem")
        site = self.authority.issue_cert("127.0.0.1")
        site.private_key_and_cert_chain_pem.write_to_path(self.folder / "site.pem")
        (self.folder / "users").write_text(f'"{USER}" "{PASSWORD}"\n')
        config = CONFIG.format(postgres=postgres.port, port=self.port, folder=self.folder, pool=POOL)
        (self.folder / "pgbouncer.ini").write_text(config)
        if os.geteuid() == 0:  # as which it refuses to run
            for path in (self.folder, *self.folder.iterdir()):
                os.chown(path, NOBODY, NOBODY)

    def start(self) -> None:
        assert PROGRAM is not None
        user = NOBODY if os.geteuid() == 0 else None
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAM, self.folder / "pgbouncer.ini"], stdout=log, stderr=log, user=user, group=user
            )
        eventually(self._answers)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(WITHIN_S)

    def url(self, database: str, options: str = "") -> str:
        return self._postgres.url(database, self.port) + options

    def _answers(self) -> bool:
        assert self._process.poll() is None, (self.folder / "log").read_text()
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def running_pgbouncer(postgres: PostgresServer) -> Iterator[PgBouncer]:
    pgbouncer = PgBouncer(postgres)
    try:
        pgbouncer.start()
        yield pgbouncer
    finally:
        pgbouncer.kill()
        shutil.rmtree(pgbouncer.folder)
