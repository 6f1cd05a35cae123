"""A document is read from the address that it is named by, and eventhub connects nowhere else for it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from functools import partial

import pytest
import trustme
from pytest_django import Settings

from eventhub.environment import network
from subscriptions.agents.oauth import documents
from subscriptions.agents.oauth.client import ClientRefused
from tests.subscriptions.agents.oauth.hosting import Program
from tests.waiting import WITHIN_S

pytestmark = pytest.mark.django_db
NOT_READ = "could not be read. Operators of this hub can see in its log why."


@pytest.fixture
def program(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    settings.EVENTHUB_OAUTH_ALLOWED_NETWORKS = [network("127.0.0.0/8")]
    settings.EVENTHUB_LOGIN_ATTEMPTS = 3
    authority = trustme.CA()
    tls = ssl.create_default_context()
    authority.configure_trust(tls)
    monkeypatch.setattr(documents, "usual_authorities", lambda: tls)
    monkeypatch.setattr(documents, "TIMEOUT_S", WITHIN_S)
    with Program(authority) as program:
        program.describe()
        yield program


def test_a_document_is_read_once_in_a_while(program: Program) -> None:
    for user in (1, 2):
        assert documents.client_of(program.client_id, user).name == "Agents"
    assert program.connections == 1
    assert program.got[0].headers["host"] == f"127.0.0.1:{program.port}"
    assert not {"cookie", "authorization"} & set(program.got[0].headers)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",  # by NAT64
        "[2002:7f00:1::]",  # by 6to4
        "10.0.0.1",
        "169.254.169.254",
        "localhost",
    ],
)
def test_what_is_not_public_is_not_asked(
    program: Program, settings: Settings, host: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EVENTHUB_OAUTH_ALLOWED_NETWORKS = []
    with pytest.raises(ClientRefused) as refused:
        documents.client_of(f"https://{host}:{program.port}/client.json", 1)
    assert str(refused.value).endswith(NOT_READ)
    assert "no setting allows" in caplog.text or "would allow it" in caplog.text
    assert program.connections == 0


@pytest.mark.parametrize(
    "behaviour",
    ["redirects", "fails", "nothing", "no_http", "long_body", "longer_and_longer", "interim", "half_a_body"],
)
def test_what_answers_oddly_is_refused(program: Program, behaviour: str) -> None:
    program.always(behaviour)
    with pytest.raises(ClientRefused, match=NOT_READ):
        documents.client_of(program.client_id, 1)
    assert program.got


def test_what_does_not_answer_keeps_nobody_waiting_for_long(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "TIMEOUT_S", 0.2)
    program.always("hangs")
    with pytest.raises(ClientRefused, match=NOT_READ):
        documents.client_of(program.client_id, 1)


def test_a_document_that_is_too_long_is_refused(program: Program) -> None:
    program.body += b" " * documents.MAX_DOCUMENT
    with pytest.raises(ClientRefused, match=NOT_READ):
        documents.client_of(program.client_id, 1)


def test_a_certificate_that_nobody_vouches_for_is_refused(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "usual_authorities", ssl.create_default_context)
    with pytest.raises(ClientRefused, match=NOT_READ):
        documents.client_of(program.client_id, 1)
    assert not program.got


def test_who_names_documents_that_cannot_be_read_waits_and_others_do_not(program: Program) -> None:
    ask = partial(documents.client_of, program.client_id)
    program.always("fails")
    for _ in range(3):
        with pytest.raises(ClientRefused, match=NOT_READ):
            ask(1)
    program.always("")
    with pytest.raises(ClientRefused, match="try again in") as refused:
        ask(1)
    assert refused.value.wait > 0
    assert ask(2).name == "Agents"
    assert ask(1).name == "Agents"  # which is known now
