"""A ticket lets in once, soon, and only whom its token or session would let in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from knox.models import AuthToken

from events.access import token_terms
from events.models.token_terms import EMIT
from subscriptions.clients import tickets
from subscriptions.models import Ticket
from tests.events.callers import person, problem

pytestmark = pytest.mark.django_db
PATH = "/api/v1/tickets/"


def made(client: Client) -> str:
    answer = client.post(PATH)
    assert answer.status_code == 201, answer.content
    assert "no-store" in answer["Cache-Control"]
    return str(answer.json()["ticket"])


def test_a_ticket_stands_for_the_token_that_it_was_made_with_once() -> None:
    ticket = made(person("ada"))
    assert [getattr(Ticket.objects.get(), field.attname) for field in Ticket._meta.fields].count(ticket) == 0
    identity = tickets.redeem(ticket)
    assert identity is not None
    assert (identity.username, identity.token_digest) == ("ada", AuthToken.objects.get().digest)
    assert tickets.redeem(ticket) is None
    assert tickets.redeem("ticket_of_nobody") is None


def test_a_ticket_stands_for_the_session_that_it_was_made_with(client: Client) -> None:
    client.force_login(User.objects.create(username="ada"))
    identity = tickets.redeem(made(client))
    assert identity is not None
    assert (identity.username, identity.session_key) == ("ada", client.session.session_key)
    ticket = made(client)
    client.logout()
    assert tickets.redeem(ticket) is None


def test_a_ticket_ends_with_its_time_or_its_token(monkeypatch: pytest.MonkeyPatch) -> None:
    ada = person("ada")
    ticket = made(ada)
    AuthToken.objects.update(expiry="2020-01-01T00:00:00Z")
    assert tickets.redeem(ticket) is None
    AuthToken.objects.update(expiry=None)
    ticket = made(ada)
    AuthToken.objects.all().delete()
    assert tickets.redeem(ticket) is None
    monkeypatch.setattr(tickets, "LIFETIME", timedelta(0))
    ben = person("ben")
    assert tickets.redeem(made(ben)) is None
    made(ben)
    assert Ticket.objects.count() == 1  # what is too old goes when another is made


def test_who_may_not_read_gets_no_ticket(client: Client) -> None:
    problem(client.post(PATH), 401, "unauthorized")
    _, token = token_terms.make_token(User.objects.create(username="ada"), "", [EMIT], None)
    problem(client.post(PATH, headers={"Authorization": f"Bearer {token}"}), 403, "forbidden")
    assert problem(client.get(PATH), 401, "unauthorized")


def test_nobody_keeps_too_many_tickets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tickets, "MAX_OF_USER", 1)
    ada, ben = person("ada"), person("ben")
    made(ada)
    refused = ada.post(PATH)
    problem(refused, 429, "too_many_requests")
    assert refused["Retry-After"]
    made(ben)
