"""Fixtures for tests of OAuth: a document that is read without a network."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User

from events.access import attempts
from subscriptions.agents.oauth import documents
from tests.subscriptions.agents.oauth.signing_in import DOCUMENT, Person


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> Iterator[None]:
    yield
    documents.forget()
    attempts.forget()


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Answer each question for a document with the usual one, and return whose were asked for."""
    asked: list[str] = []

    async def fetch(client_id: str) -> bytes:
        asked.append(client_id)
        return json.dumps({**DOCUMENT, "client_id": client_id}).encode()

    monkeypatch.setattr(documents, "fetch", fetch)
    return asked


@pytest.fixture
def person(user: User, read: list[str]) -> Person:
    return Person(user)
