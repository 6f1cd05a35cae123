"""Who a program is, by its document, and where it may be answered."""

from __future__ import annotations

import json
from typing import Any

import pytest

from subscriptions.agents.oauth.client import ClientRefused, check_client_id, read_client
from tests.subscriptions.agents.oauth.signing_in import CLIENT_ID, DOCUMENT, REDIRECT


def read(**changes: Any) -> Any:
    return read_client(CLIENT_ID, json.dumps({**DOCUMENT, **changes}).encode())


@pytest.mark.parametrize(
    ("listed", "asked", "is_accepted"),
    [
        (REDIRECT, REDIRECT, True),
        (REDIRECT, REDIRECT.upper(), False),
        (REDIRECT, "https://agents.example:8443/callback", False),
        ("http://localhost/cb", "http://localhost:50000/cb", True),
        ("http://localhost:1/cb", "http://localhost/cb", True),
        ("http://[::1]/cb", "http://[::1]:7/cb", True),
        ("http://localhost/cb", "http://127.0.0.1:7/cb", False),
        ("http://localhost/cb", "https://localhost:7/cb", False),
        ("http://localhost/cb", "http://localhost:7/cb/more", False),
        ("http://localhost/cb", "http://localhost:7/cb?more", False),
        ("http://localhost/cb", "http://me@localhost:7/cb", False),
        ("http://localhost/cb", "http://localhost:99999/cb", False),
        ("http://localhost/cb", "http://localhost:7/cb#part", False),
        ("https://agents.example/a\\b", "https://agents.example/a\\b", False),
        ("https://agents.example/ a", "https://agents.example/ a", False),
        ("https://agents.example;script-src/", "https://agents.example;script-src/", False),
        ("http://agents.example/cb", "http://agents.example/cb", False),
        ("cursor://agents.example/cb", "cursor://agents.example/cb", False),
        ("javascript:alert(1)", "javascript:alert(1)", False),
    ],
)
def test_a_program_is_answered_at_exactly_what_it_lists(listed: str, asked: str, is_accepted: bool) -> None:
    assert read(redirect_uris=[listed, "https://agents.example/other"]).accepts(asked) is is_accepted


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"client_id": "https://other.example/c"}, "is of another one"),
        ({"client_id": f"{CLIENT_ID}?"}, "is of another one"),
        ({"client_id": None}, "describes no program"),
        ({"redirect_uris": []}, "no redirect_uris that can be used"),
        ({"redirect_uris": ["http://agents.example/"]}, "no redirect_uris that can be used"),
        ({"redirect_uris": "https://agents.example/"}, "describes no program"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "wants to prove who it is"),
        ({"token_endpoint_auth_methods_supported": ["client_secret_basic"]}, "wants to prove who it is"),
    ],
)
def test_a_document_of_another_kind_is_refused_in_a_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ClientRefused, match=sentence):
        read(**changes)


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"[" * 100_000, b'{"client_id": "\\ud800"}'])
def test_what_is_no_document_is_refused_in_a_sentence(body: bytes) -> None:
    with pytest.raises(ClientRefused, match="describes no program"):
        read_client(CLIENT_ID, body)


def test_a_name_steers_nothing_and_is_not_what_tokens_are_known_by() -> None:
    client = read(client_name="\u202eevil\n" + "x" * 500)
    assert "\u202e" not in client.name
    assert "\n" not in client.name
    assert len(client.token_name) <= 60
    assert client.token_name.startswith("agents.example: ")
    assert read(client_name="").name == "agents.example"


@pytest.mark.parametrize(
    "client_id",
    [
        "http://agents.example/client.json",
        "https://agents.example",
        "https://agents.example/",
        "https://agents.example/client.json#part",
        "https://agents.example/a/../client.json",
        "https://agents.example/a/%2e%2e/client.json",
        "https://me@agents.example/client.json",
        "https://agents.example/\u00e9",
        "https://agents.example/" + "x" * 500,
        "https:///client.json",
        "agents",
        "\x00",
    ],
)
def test_only_the_https_address_of_a_document_is_a_client_id(client_id: str) -> None:
    with pytest.raises(ClientRefused, match="cannot be used: it must be"):
        check_client_id(client_id)
