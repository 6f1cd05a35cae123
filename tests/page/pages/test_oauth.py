"""The page on which somebody allows a host of agents, with and without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import trustme
from playwright.sync_api import Page, expect

from tests.conftest import MakeServer
from tests.page.looks import check, pictures
from tests.page.visit import Visit
from tests.servers import ServerProcess
from tests.subscriptions.agents.oauth.hosting import Program, trusted
from tests.subscriptions.agents.oauth.signing_in import Person
from tests.subscriptions.standing.receiver import Receiver

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    with Program(trustme.CA()) as program:
        program.describe()
        yield program


@pytest.fixture(scope="module")
def server(
    make_lasting_server: MakeServer, program: Program, tmp_path_factory: pytest.TempPathFactory
) -> ServerProcess:
    authority = trusted(program.authority, Path(tmp_path_factory.mktemp("authority")))
    return make_lasting_server(env={"SSL_CERT_FILE": authority, "EVENTHUB_OAUTH_ALLOWED_NETWORKS": "127.0.0.0/8"})


@pytest.mark.parametrize("javascript", [True, False])
def test_somebody_allows_a_program_and_is_sent_back_to_it(
    visit: Visit, server: ServerProcess, program: Program, javascript: bool
) -> None:
    with Receiver() as listener:
        listener.always("says_ok")
        back = f"http://127.0.0.1:{listener.port}/callback"
        address = Person.address(client_id=program.client_id, redirect_uri=back, resource=f"{server.url}/mcp")
        page = visit("emitter", server, address, java_script_enabled=javascript)
        expect(page.get_by_role("heading", level=1)).to_contain_text("act for you?")
        if javascript:
            check(page)
            pictures(page, "oauth")
        page.get_by_label("For how long").select_option("one year")
        page.get_by_role("button", name="Allow", exact=True).click()
        assert set(sent_to(page, back)) == {"code", "state", "iss"}
        page.goto(address)
        page.get_by_role("button", name="Do not allow").click()
        assert sent_to(page, back)["error"] == ["access_denied"]
    page.goto(Person.address(client_id=program.client_id, redirect_uri=back, scope="all"))
    expect(page.get_by_role("link", name="Go back to")).to_be_visible()
    if javascript:
        check(page)
        pictures(page, "oauth-refused")


def sent_to(page: Page, address: str) -> dict[str, list[str]]:
    """Return what the browser brings to where it is sent."""
    page.wait_for_url(f"{address}?*")
    return parse_qs(urlsplit(page.url).query)
