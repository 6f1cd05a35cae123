"""A program asks, a person allows it, and it has a token for /mcp, which the person sees and can end."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import User
from django.test import Client
from knox.models import AuthToken
from pytest_django import Settings

from events.access import token_terms
from events.access.token_terms import make_token
from events.page.account.token_form import MAX_TOKENS
from subscriptions.agents.oauth import codes
from subscriptions.models import AuthorizationCode
from tests.subscriptions.agents.calling import Agent
from tests.subscriptions.agents.oauth.signing_in import (
    CLIENT_ID,
    REDIRECT,
    Person,
    back_of,
    exchange,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files")]
DISCOVERY = ("/.well-known/oauth-protected-resource", "/.well-known/oauth-authorization-server")


def test_an_agent_that_is_allowed_reads_and_its_user_can_end_that(person: Person, user: User) -> None:
    back = back_of(person.answers())
    assert back.address == REDIRECT
    assert back.told["state"] == "s ~1&="
    assert back.told["iss"] == "https://testserver"
    status, answer = exchange(back.told["code"])
    assert status == 200
    assert (answer["token_type"], answer["scope"]) == ("Bearer", "read")
    assert 29 * 86_400 < answer["expires_in"] <= 30 * 86_400
    assert "refresh_token" not in answer
    agent = Agent(answer["access_token"])
    assert agent.ask("events/list").status_code == 200
    page = person.client.get("/account", secure=True).content.decode()
    assert "agents.example: Agents" in page
    assert "read, at /mcp alone" in page
    AuthToken.objects.get(user=user).delete()  # as “Revoke” does
    assert agent.ask("events/list").status_code == 401


def test_what_a_person_does_not_tick_is_not_given(person: Person) -> None:
    for form, asked, given in (
        ({}, "read emit", "read"),
        ({"may_emit": "on"}, "read emit", "read emit"),
        ({"may_emit": "on"}, "read", "read"),
        ({"may_emit": "on"}, "", "read emit"),
    ):
        assert exchange(person.allows(form=form, scope=asked))[1]["scope"] == given


def test_a_person_who_does_not_allow_it_is_sent_back_without_a_code(person: Person) -> None:
    back = back_of(person.answers("deny"))
    assert (back.address, back.told["error"], back.told["state"]) == (REDIRECT, "access_denied", "s ~1&=")
    assert not AuthorizationCode.objects.exists()


@pytest.mark.parametrize("resource", ["", "HTTPS://TestServer/mcp", "https://testserver/mcp/"])
def test_the_resource_may_be_written_as_hosts_write_it(person: Person, resource: str) -> None:
    assert exchange(person.allows(resource=resource), resource=resource)[0] == 200


def test_a_lifetime_that_is_not_offered_is_asked_for_again(person: Person) -> None:
    page = person.answers(form={"valid_for": "never"})
    assert (page.status_code, b"valid_for-problem" in page.content) == (200, True)


def test_who_has_too_many_tokens_or_codes_gets_no_other(person: Person, user: User) -> None:
    for _ in range(codes.MAX_OF_USER):
        person.allows()
    assert person.answers().status_code == 429
    AuthorizationCode.objects.all().delete()
    for number in range(MAX_TOKENS):
        make_token(user, str(number), ["read"], None)
    assert b"revoke those that are not used" in person.answers().content


def test_what_the_hub_says_of_itself_is_what_it_does(person: Person) -> None:
    challenge = Client().post("/mcp", "{}", content_type="application/json", secure=True)["WWW-Authenticate"]
    address = challenge.removeprefix('Bearer resource_metadata="https://testserver').removesuffix('"')
    assert address == "/.well-known/oauth-protected-resource/mcp"
    told = json.loads(Client().get(address, secure=True).content)
    assert told == json.loads(Client().get(DISCOVERY[0], secure=True).content)
    assert (told["resource"], told["authorization_servers"]) == ("https://testserver/mcp", ["https://testserver"])
    told = json.loads(Client().get(DISCOVERY[1], secure=True).content)
    assert told["issuer"] == "https://testserver"
    assert told["authorization_endpoint"] == f"https://testserver{person.address().split('?')[0]}"
    assert told["token_endpoint"] == "https://testserver/oauth/token"
    assert told["client_id_metadata_document_supported"] is True
    assert "registration_endpoint" not in told
    wrong = Client(headers={"Authorization": "Bearer ehub_wrong"})
    refused = wrong.post("/mcp", "{}", content_type="application/json", secure=True)
    assert refused["WWW-Authenticate"].startswith('Bearer error="invalid_token", resource_metadata=')


@pytest.mark.parametrize("path", ["/api", "/mcp/more", "//evil.example"])
def test_nothing_else_here_is_for_such_tokens(path: str) -> None:
    for each in DISCOVERY:
        assert Client().get(each + path, secure=True).status_code == 404


def test_oauth_is_there_over_https_and_on_ones_own_machine_and_can_be_off(settings: Settings, user: User) -> None:
    def statuses(*, secure: bool, host: str) -> list[int]:
        client = Client(headers={"Host": host})
        client.force_login(user)
        pages = [client.get(each, secure=secure).status_code for each in (*DISCOVERY, Person.address(client_id="x"))]
        return [*pages, client.post("/oauth/token", secure=secure).status_code]

    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", "testserver"]
    there, off = [200, 200, 400, 400], [404, 404, 404, 404]
    assert statuses(secure=False, host="testserver") == off
    for host in ("localhost:8090", "127.0.0.1:8090", "[::1]:8090"):
        assert statuses(secure=False, host=host) == there
    assert statuses(secure=True, host="testserver") == there
    settings.EVENTHUB_OAUTH = False
    assert statuses(secure=True, host="testserver") == off
    refused = Client().post("/mcp", "{}", content_type="application/json", secure=True)
    assert refused["WWW-Authenticate"] == "Bearer"


def test_below_a_path_all_addresses_are_below_it(settings: Settings) -> None:
    settings.EVENTHUB_PATH = "/eventhub"
    told = json.loads(Client().get(f"{DISCOVERY[1]}/eventhub", secure=True).content)
    assert told["issuer"] == "https://testserver/eventhub"
    assert told["token_endpoint"] == "https://testserver/eventhub/oauth/token"
    told = json.loads(Client().get(f"{DISCOVERY[0]}/eventhub/mcp", secure=True).content)
    assert told["resource"] == "https://testserver/eventhub/mcp"


def test_the_name_of_a_token_says_whose_it_is(person: Person, user: User) -> None:
    long = f"https://{'a' * 60}.agents.example/client.json"
    exchange(person.allows(client_id=long), client_id=long)
    token = AuthToken.objects.get(user=user)
    assert token_terms.name_of(token).startswith("…")
    assert ".agents.example: Agents" in token_terms.name_of(token)
    exchange(person.allows(client_id=CLIENT_ID))
