"""Chat and paging by Apprise: only services of the list, and nobody sees their addresses."""

from __future__ import annotations

import asyncio
import re

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import Settings

from subscriptions.models import Destination, StandingSubscription
from subscriptions.standing.answer import ACCEPTED, Answer
from subscriptions.standing.kinds.chat import Chat
from subscriptions.standing.message import Message
from subscriptions.standing.sending import Sender
from tests.servers import ROOT
from tests.subscriptions.standing.receiver import Receiver
from tests.subscriptions.standing.stepped import AGAIN, STATUS, Stepped, a_standing, an_owner

MESSAGE = Message(
    "7-ep-12", b"resolved: oracle_mcp went active\n", "text/plain", title="resolved: oracle_mcp went active"
)
VARIABLE = "EVENTHUB_DESTINATION_OPERATIONS"
REFERENCE = f"env:{VARIABLE}"


def send(monkeypatch: pytest.MonkeyPatch, url: str) -> Answer:
    monkeypatch.setenv(VARIABLE, url)

    async def sending() -> Answer:
        async with Sender(chat=Chat()) as sender:
            return await sender.send(Destination(kind="chat", address=REFERENCE, secret=REFERENCE), MESSAGE)

    return asyncio.run(sending())


def test_a_service_gets_the_message_and_redirects_are_not_followed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")  # of all that has no level of its own
    with Receiver() as receiver:
        url = f"ntfy://hub:s3cret@127.0.0.1:{receiver.port}/operations"
        receiver.always("says_ok")
        assert send(monkeypatch, url) == ACCEPTED
        assert receiver.got[0].event["message"].strip() == "resolved: oracle_mcp went active"
        receiver.always("redirects")
        assert send(monkeypatch, url).error == "ntfy did not take the message."
        assert len(receiver.got) == 2
    assert "operations" not in caplog.text  # the path, which is the secret of many a service


@pytest.mark.parametrize(
    "url",
    ["json://127.0.0.1/s3cret", "xml://127.0.0.1/s3cret", "form://h/s3cret", "syslog://s3cret", "mailto://s3cret"],
)
def test_whatever_is_not_in_the_list_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    answer = send(monkeypatch, url)
    assert answer.error_class == "config"
    assert "slack://" in answer.error
    assert "s3cret" not in answer.error


def test_an_address_that_is_none_and_a_variable_that_is_not_set_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert send(monkeypatch, "slack://s3cret").error == "The variable holds no usable address of slack."
    assert VARIABLE in send(monkeypatch, "").error


@pytest.mark.django_db
def test_it_needs_a_permission_and_a_variable_which_is_for_one_user(client: Client) -> None:
    def make(user: User, secret: str = REFERENCE) -> tuple[int, str]:
        client.force_login(user)
        body = {"event_types": [STATUS], "destination": {"kind": "chat", "secret": secret}}
        answer = client.post("/api/v1/standing/", body, "application/json")
        return answer.status_code, answer.content.decode()

    users = [User.objects.create(username=name) for name in ("olga", "oscar")]
    assert make(users[0])[0] == 403
    for user in users:
        user.user_permissions.add(Permission.objects.get(codename="use_chat"))
    status, told = make(users[0], "slack://s3cret")
    assert (status, "s3cret" in told) == (400, False)
    status, told = make(users[0])
    assert (status, "secret" in told) == (201, False)
    assert make(users[1])[0] == 400


@pytest.mark.django_db
def test_a_bearer_token_is_not_what_a_variable_holds(client: Client) -> None:
    client.force_login(an_owner())
    destination = {"kind": "alertmanager", "url": "https://93.184.215.14", "secret": REFERENCE}
    body = {"event_types": [STATUS], "destination": destination}
    assert client.post("/api/v1/standing/", body, "application/json").status_code == 400


@pytest.mark.usefixtures("unhashed_static_files")
def test_the_process_that_delivers_sends_the_test_and_the_page_tells_what_became_of_it(
    stepped: Stepped, client: Client, settings: Settings
) -> None:
    owner = an_owner()
    standing = a_standing(owner, REFERENCE, kind="chat", secret=REFERENCE)
    client.force_login(owner)
    stepped.step()
    assert "is on its way" in client.post(f"/deliveries/{standing.pk}/test", follow=True).content.decode()
    stepped.step()
    assert [each.title for each in stepped.destinations.messages] == [f"Test of {standing.name}"]
    stepped.destinations.always[REFERENCE] = AGAIN
    assert client.post(f"/api/v1/standing/{standing.pk}/test", {}, "application/json").json() == {
        "accepted": None,
        "error": None,
    }
    stepped.step()
    standing.refresh_from_db()
    assert (standing.test_asked, standing.last_error, standing.failing_since) == (False, AGAIN.error, None)
    stepped.step()
    assert len(stepped.destinations.messages) == 2
    StandingSubscription.objects.update(state="paused")
    assert client.post(f"/api/v1/standing/{standing.pk}/test", {}, "application/json").status_code == 400


@pytest.mark.parametrize(
    ("module", "importer"),
    [
        ("apprise", "subscriptions/standing/kinds/chat.py"),
        ("subscriptions.standing.kinds.chat", "subscriptions/standing/process/term.py"),
        ("subscriptions.standing.process.term", "subscriptions/management/commands/deliver.py"),
    ],
)
def test_only_the_process_that_delivers_loads_apprise(module: str, importer: str) -> None:
    imports = re.compile(rf"^(from|import) {re.escape(module)}\b", re.MULTILINE)
    sources = (path for top in ("eventhub", "events", "subscriptions") for path in (ROOT / top).rglob("*.py"))
    found = {str(path.relative_to(ROOT)) for path in sources if imports.search(path.read_text())}
    assert found == {importer}
