"""Mail through a real mail server, and what one sees when it does not take it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import Settings

from subscriptions.models import Destination, StandingSubscription
from subscriptions.standing.answer import ACCEPTED, Answer
from subscriptions.standing.message import Message
from subscriptions.standing.sending import Sender
from tests.subscriptions.standing.people.mail_server import MailServer
from tests.subscriptions.standing.stepped import STATUS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files")]

MESSAGE = Message("7-ep-12", "oracle_mcp ging – aus\n".encode(), "text/plain", title="error: oracle_mcp ging – aus")
NEW = f"/deliveries/new?event_type={STATUS}&to=mail"


@pytest.fixture(autouse=True)
def server(settings: Settings) -> Iterator[MailServer]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with MailServer() as started:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", started.port
        yield started


@pytest.fixture
def browser(client: Client) -> Client:
    client.force_login(User.objects.create(username="olga", email="olga@example.org"))
    return client


def send(address: str = "olga@example.org") -> Answer:
    async def sending() -> Answer:
        async with Sender() as sender:
            return await sender.send(Destination(kind="mail", address=address), MESSAGE)

    return asyncio.run(sending())


def test_a_mail_is_the_same_at_every_attempt_and_says_that_a_program_wrote_it(server: MailServer) -> None:
    assert [send(), send()] == [ACCEPTED, ACCEPTED]
    one, again = server.got
    assert (one["To"], one["From"], one["Subject"]) == ("olga@example.org", "eventhub@localhost", MESSAGE.title)
    assert one.get_content().replace("\r\n", "\n") == MESSAGE.body.decode()
    assert one["Auto-Submitted"] == "auto-generated"
    assert one["Message-ID"] == again["Message-ID"]


def test_what_the_mail_server_says_is_told_by_its_number_alone(server: MailServer, settings: Settings) -> None:
    assert send("nobody@example.org").error == "The mail server refuses the address: 550."
    server.answer = "451 Try later; s3cret"
    assert send().error == "The mail server answered 451."
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "eventhub", "pa55word"
    assert "pa55word" not in send().error
    settings.EMAIL_PORT = 1
    assert send().error == "The mail server cannot be reached: ConnectionRefusedError."
    settings.EMAIL_HOST = ""
    assert "EMAIL_HOST" in send().error


def test_a_person_without_permission_has_mail_sent_to_themselves_and_tries_it(
    browser: Client, server: MailServer
) -> None:
    form = browser.get(NEW).content.decode()
    assert 'value="olga@example.org"' in form
    assert '<option value="mcp_name">' in form
    assert "leaves out what ends something" not in form
    assert "leaves out what ends something" in browser.get(f"{NEW}&filter.severity=error").content.decode()
    given = {"address": "olga@example.org", "name": "Mine", "group_by": "mcp_name", "least_severity": "error"}
    hours = {"quiet_from": "22:00", "quiet_until": "07:00", "daily_at": "", "time_zone": "Europe/Berlin"}
    assert browser.post(NEW, given | hours).status_code == 302
    standing = StandingSubscription.objects.get()
    listed = browser.get("/deliveries").content.decode()
    assert "grouped by mcp_name, from error on, quiet from 22:00 until 07:00 (Europe/Berlin)" in listed
    assert "New secret" not in listed
    browser.post(f"/deliveries/{standing.pk}/test")
    assert server.got[0]["Subject"] == "Test of Mine"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"address": "other@example.org"}, "Can have events mailed to other addresses"),
        ({"address": "olga"}, "Enter a valid email address"),
        ({"quiet_from": "22:00"}, "come together"),
        ({"quiet_from": "25:00", "quiet_until": "07:00"}, "is not a time of day"),
        ({"time_zone": "Mars/Olympus"}, "is not a time zone"),
        ({"group_by": "password"}, "is not one of the available choices"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(browser: Client, given: dict[str, str], says: str) -> None:
    usual = {"address": "olga@example.org", "name": "Mine", "least_severity": "info", "time_zone": "UTC"}
    answer = browser.post(NEW, usual | given)
    assert (answer.status_code, says in answer.content.decode()) == (422, True)
    assert not StandingSubscription.objects.exists()


def test_over_http_one_mails_oneself_and_others_with_a_permission(browser: Client) -> None:
    def make(**destination: object) -> tuple[int, dict[str, object]]:
        body = {"event_types": [STATUS], "destination": {"kind": "mail", **destination}}
        answer = browser.post("/api/v1/standing/", body, "application/json")
        return answer.status_code, answer.json()

    status, made = make(quiet_from="22:00", quiet_until="07:30")
    assert (status, made["destination"]) == (
        201,
        {
            "kind": "mail", "address": "olga@example.org", "group_by": "", "least_severity": "info",
            "quiet_from": "22:00", "quiet_until": "07:30", "daily_at": None, "time_zone": "UTC",
        },
    )  # fmt: skip
    assert make(address="other@example.org")[0] == 403
    assert make(url="https://93.184.215.14/")[0] == 400
    changed = browser.patch(f"/api/v1/standing/{made['id']}/", {"destination": {"quiet_until": ""}}, "application/json")
    assert changed.status_code == 400
    User.objects.get().user_permissions.add(Permission.objects.get(codename="mail_others"))
    assert make(address="other@example.org")[0] == 201
