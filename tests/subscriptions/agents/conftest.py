"""Fixtures for tests of agents: a host that they run in, and the process that delivers to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from eventhub.environment import network
from subscriptions.models import Destination
from subscriptions.standing.answer import Answer
from subscriptions.standing.message import Message
from subscriptions.standing.sending import Sender
from tests.subscriptions.agents.calling import Agent, a_user, agent_of
from tests.subscriptions.agents.host import Host
from tests.subscriptions.standing.stepped import Stepped
from tests.waiting import WITHIN_S


@pytest.fixture(autouse=True)
def unhurried_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no poll run out of its time, however busy the machine is: the test of that time sets it."""
    monkeypatch.setattr("subscriptions.agents.polling.SECONDS", 60)


@pytest.fixture(autouse=True)
def unhurried_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no address run out of the time for its proof either."""
    monkeypatch.setattr("subscriptions.agents.verification.TIMEOUT_S", WITHIN_S)


@pytest.fixture
def host(settings: Settings) -> Iterator[Host]:
    settings.EVENTHUB_DELIVERY_ALLOWED_NETWORKS = [network("127.0.0.0/8")]
    with Host() as host:
        yield host


@pytest.fixture
def user(db: None) -> User:
    return a_user(may=("use_webhooks",))


@pytest.fixture
def agent(user: User) -> Agent:
    return agent_of(user)


@pytest.fixture
def deliver(db: None, settings: Settings) -> Iterator[Stepped]:
    """Give a process that delivers, with real connections, which moves only when the test steps it."""
    settings.EVENTHUB_DOORBELLS = False
    process = Stepped()

    async def send(destination: Destination, message: Message) -> Answer:
        async with Sender() as sender:
            return await sender.send(destination, message)

    process.destinations.send = send  # type: ignore[method-assign]
    process.kill()  # and begin with that
    yield process
    process.close()
