"""A program that wants to be allowed, and the person at the browser whom it asks."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

from django.contrib.auth.models import User
from django.test import Client

CLIENT_ID = "https://agents.example/oauth/client.json"
REDIRECT = "https://agents.example/callback"
ON_MACHINE = "http://127.0.0.1/callback"
DOCUMENT = {"client_id": CLIENT_ID, "client_name": "Agents", "redirect_uris": [REDIRECT, ON_MACHINE]}
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
RESOURCE = "https://testserver/mcp"
REQUEST = {
    "response_type": "code",
    "client_id": CLIENT_ID,
    "redirect_uri": REDIRECT,
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
    "state": "s ~1&=",
    "resource": RESOURCE,
    "scope": "read emit",
}


class Back(NamedTuple):
    """Where the browser is sent."""

    address: str
    told: dict[str, str]


class Person:
    """Somebody at a browser, over https, which sends what forms have in them."""

    def __init__(self, user: User | None = None) -> None:
        self.client = Client(enforce_csrf_checks=True, headers={"Referer": "https://testserver/"})
        if user is not None:
            self.client.force_login(user)

    def opens(self, **changes: Any) -> Any:
        return self.client.get(self.address(**changes), secure=True)

    def answers(self, decision: str = "allow", *, form: dict[str, str] | None = None, **changes: Any) -> Any:
        page = self.opens(**changes)
        assert page.status_code == 200, page.content.decode()
        sent = {"decision": decision, "valid_for": "30", **hidden_in(page), **(form or {})}
        return self.client.post(self.address(**changes), sent, secure=True)

    def allows(self, *, form: dict[str, str] | None = None, **changes: Any) -> str:
        """Return the code with which the browser is sent back."""
        return back_of(self.answers(form=form, **changes)).told["code"]

    @staticmethod
    def address(**changes: Any) -> str:
        return f"/oauth/authorize?{urlencode({**REQUEST, **changes}, doseq=True)}"


def hidden_in(page: Any) -> dict[str, str]:
    """Return what a form sends that nobody sees."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]+)"', page.content.decode()))


def back_of(answer: Any) -> Back:
    assert answer.status_code == 303, answer.content.decode()
    address, _, query = answer["Location"].partition("?")
    return Back(address, {name: value for name, [value] in parse_qs(query).items()})


def link_back(page: Any) -> Back:
    """Return where the link of a page leads that says what is wrong."""
    found = re.search(r'<a href="([^"]+)" rel="noreferrer">Go back', page.content.decode())
    assert found is not None, page.content.decode()
    address = urlsplit(found[1].replace("&amp;", "&"))
    told = {name: value for name, [value] in parse_qs(address.query).items()}
    return Back(address._replace(query="").geturl(), told)


def exchange(code: str, /, **changes: str) -> tuple[int, dict[str, Any]]:
    """Exchange a code as the program does; a change to "" leaves a parameter out."""
    sent = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        "resource": RESOURCE,
        **changes,
    }
    sent = {name: value for name, value in sent.items() if value}
    answer = Client().post("/oauth/token", sent, secure=True)
    assert "no-store" in answer["Cache-Control"]
    return answer.status_code, json.loads(answer.content)
