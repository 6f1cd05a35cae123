"""A webhook is signed so that the published library verifies it, and its answer is taken for what it is."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import trustme
from django.utils import timezone
from pytest_django import Settings
from standardwebhooks import Webhook, WebhookVerificationError

from eventhub.environment import network
from events.outbound.address import AddressGuard, AddressRefused
from events.outbound.connector import GuardedResolver
from subscriptions.models import Destination
from subscriptions.standing import secret, webhook_address
from subscriptions.standing.answer import Answer, Verdict
from subscriptions.standing.message import Message
from subscriptions.standing.secret import SecretUnusable, new_webhook_secret, opened, sealed
from subscriptions.standing.sending import secrets_in_force
from subscriptions.standing.webhook import WebhookClient
from tests.subscriptions.standing.receiver import Got, Receiver
from tests.waiting import WITHIN_S

LOOPBACK = AddressGuard(allowed_networks=(network("127.0.0.0/8"),), allowed_by=webhook_address.ALLOWED_BY)
EVENT = Message("e-1", b'{"type":"user_login","id":"e-1","data":{"username":"J\xc3\xb6rg"}}')
SECRET, FORMER = new_webhook_secret(), new_webhook_secret()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as started:
        yield started


def post(url: str, *secrets: str, guard: AddressGuard = LOOPBACK, timeout_s: float = WITHIN_S, **client: Any) -> Answer:
    async def send() -> Answer:
        async with WebhookClient(guard, timeout_s=timeout_s, **client) as webhooks:
            return await webhooks.post(url, list(secrets or [SECRET]), EVENT)

    return asyncio.run(send())


def verified(got: Got, secret: str) -> Any:
    return Webhook(secret).verify(got.body, got.headers)


def test_the_published_library_verifies_what_is_sent(receiver: Receiver) -> None:
    receiver.always("")
    assert post(receiver.url).verdict is Verdict.ACCEPTED
    got = receiver.got[-1]
    assert got.body == EVENT.body
    assert verified(got, SECRET)["data"] == {"username": "Jörg"}
    assert (got.headers["webhook-id"], got.headers["content-type"]) == ("e-1", "application/json")
    with pytest.raises(WebhookVerificationError):
        verified(got, FORMER)


def test_after_a_change_either_secret_verifies(receiver: Receiver) -> None:
    receiver.always("")
    post(receiver.url, SECRET, FORMER)
    assert verified(receiver.got[-1], SECRET) == verified(receiver.got[-1], FORMER)


def test_the_former_secret_signs_for_a_day() -> None:
    now = timezone.now()
    destination = Destination(secret=sealed(SECRET), former_secret=sealed(FORMER))
    destination.former_until = now + timedelta(minutes=1)
    assert secrets_in_force(destination) == [SECRET, FORMER]
    destination.former_until = now - timedelta(minutes=1)
    assert secrets_in_force(destination) == [SECRET]


@pytest.mark.parametrize(
    ("behaviour", "verdict", "error_class"),
    [
        ("fails", Verdict.AGAIN, "http"),
        ("busy", Verdict.AGAIN, "http"),
        ("gone", Verdict.GONE, "gone"),
        ("too_large", Verdict.TOO_LARGE, "too_large"),
        ("redirects", Verdict.AGAIN, "redirect"),
        ("half_a_body", Verdict.AGAIN, "connect"),
        ("nothing", Verdict.AGAIN, "connect"),
        ("no_http", Verdict.AGAIN, "connect"),
        ("long_body", Verdict.AGAIN, "http"),
        ("longer_and_longer", Verdict.AGAIN, "http"),
        ("interim", Verdict.AGAIN, "http"),
        ("hangs", Verdict.AGAIN, "timeout"),
    ],
)
def test_every_answer_is_taken_for_what_it_is(
    receiver: Receiver, behaviour: str, verdict: Verdict, error_class: str
) -> None:
    receiver.always(behaviour)
    answer = post(receiver.url, timeout_s=0.3 if behaviour == "hangs" else WITHIN_S)
    assert (answer.verdict, answer.error_class) == (verdict, error_class)
    assert answer.retry_after_s == (120.0 if behaviour == "busy" else None)
    assert "hook" not in answer.error


def test_redirects_lead_nowhere(receiver: Receiver) -> None:
    with Receiver() as elsewhere:
        receiver.always("redirects")
        post(receiver.url)
        assert elsewhere.connections == 0


def test_a_connection_is_used_again(receiver: Receiver) -> None:
    receiver.always("")
    before = receiver.connections

    async def send_twice() -> None:
        async with WebhookClient(LOOPBACK) as webhooks:
            for _ in range(3):
                assert (await webhooks.post(receiver.url, [SECRET], EVENT)).verdict is Verdict.ACCEPTED

    asyncio.run(send_twice())
    assert receiver.connections == before + 1


def test_no_address_is_reached_that_no_setting_allows_and_none_of_this_installation(
    receiver: Receiver, settings: Settings
) -> None:
    before = receiver.connections
    answer = post(receiver.url, guard=AddressGuard(allowed_by=webhook_address.ALLOWED_BY))
    assert answer.error_class == "config"
    assert "EVENTHUB_DELIVERY_ALLOWED_NETWORKS=127.0.0.1/32" in answer.error
    settings.EVENTHUB_DELIVERY_ALLOWED_NETWORKS = [network("127.0.0.0/8")]
    settings.EVENTHUB_PORTS = [receiver.port]
    answer = post(receiver.url, guard=webhook_address.guard())
    assert "this installation itself" in answer.error
    settings.EVENTHUB_ALLOWED_ORIGINS = ["https://hub.example.org"]
    for form in ("hub.example.org", "Hub.Example.Org:443", "hub.example.org."):
        assert "this installation itself" in post(f"https://{form}/api/v1/events/").error
    assert receiver.connections == before


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_no_way_to_write_this_machine_leads_there(receiver: Receiver, host: str) -> None:
    before = receiver.connections
    answer = post(f"http://{host}:{receiver.port}/hook", guard=AddressGuard(allowed_by=webhook_address.ALLOWED_BY))
    assert answer.verdict is Verdict.AGAIN
    assert receiver.connections == before


def test_a_name_is_resolved_and_one_that_has_no_address_is_said_to_have_none(receiver: Receiver) -> None:
    receiver.always("")
    loopback = AddressGuard(allowed_networks=(network("127.0.0.0/8"), network("::1/128")))
    assert post(f"http://localhost:{receiver.port}/hook?a=%2F", guard=loopback).verdict is Verdict.ACCEPTED
    assert receiver.got[-1].headers["host"] == f"localhost:{receiver.port}"
    assert post("https://nobody.invalid/hook").error == "nobody.invalid has no address."


def test_a_socket_is_made_for_judged_addresses_alone() -> None:
    resolver = GuardedResolver(LOOPBACK, encrypted=False)
    with pytest.raises(AddressRefused):
        resolver.open_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 80)))
    resolver.judge("127.0.0.1", 80)
    resolver.open_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 80))).close()


def test_certificates_are_checked() -> None:
    authority = trustme.CA()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with Receiver(tls) as receiver:
        assert post(receiver.url, tls=trusting).verdict is Verdict.ACCEPTED
        assert post(receiver.url).error_class == "tls"


def test_secrets_are_kept_encrypted_or_as_references(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = sealed(SECRET)
    assert SECRET not in kept
    assert opened(kept) == SECRET
    monkeypatch.setenv("EVENTHUB_DESTINATION_SHOP", SECRET)
    assert sealed("env:EVENTHUB_DESTINATION_SHOP") == "env:EVENTHUB_DESTINATION_SHOP"
    assert opened("env:EVENTHUB_DESTINATION_SHOP") == SECRET
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"
    assert opened(kept) == SECRET
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(SecretUnusable, match="another EVENTHUB_SECRET_KEY"):
        opened(kept)


@pytest.mark.parametrize(
    "given", ["env:EVENTHUB_SECRET_KEY", "env:PATH", "env:EVENTHUB_DESTINATION_small", "short", "whsec_c2hvcnQ=", ""]
)
def test_what_is_no_secret_is_refused_without_being_repeated(given: str) -> None:
    with pytest.raises(SecretUnusable) as refused:
        secret.sealed(given)
    assert not given or given not in str(refused.value)
