"""What comes to the addresses of OAuth is answered, whatever it is, and never by a failure."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.settings import examples
from tests.subscriptions.agents.calling import a_user
from tests.subscriptions.agents.oauth.signing_in import CLIENT_ID, REDIRECT, REQUEST, VERIFIER

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files", "read")]
NAMES = [*REQUEST, "grant_type", "code", "code_verifier", "response_mode", "prompt", "refresh_token", "client_secret"]
words = st.sampled_from(
    [*REQUEST.values(), VERIFIER, "authorization_code", "plain", "\x00", "http://[", "https://[::1"]
)
sent = st.dictionaries(
    st.sampled_from(NAMES) | st.text(max_size=4), st.lists(words | st.text(max_size=9), max_size=2), max_size=5
)
ANYTHING = settings(
    max_examples=examples(90), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@ANYTHING
@given(changes=sent, is_posted=st.booleans())
def test_whatever_is_asked_is_a_page_or_leads_to_the_program(changes: dict[str, list[str]], is_posted: bool) -> None:
    person = Client()
    person.force_login(User.objects.filter(username="olga").first() or a_user())
    address = f"/oauth/authorize?{urlencode({**REQUEST, **changes}, doseq=True)}"
    form = {"decision": "allow", "asked": "olga", "valid_for": "30"}
    answer = person.post(address, form, secure=True) if is_posted else person.get(address, secure=True)
    assert answer.status_code in (200, 303, 400, 429)
    if answer.status_code == 303:
        assert answer["Location"].startswith(f"{REDIRECT}?")


@ANYTHING
@given(changes=sent)
def test_whatever_comes_to_be_exchanged_gets_no_token(changes: dict[str, list[str]]) -> None:
    usual = {"grant_type": "authorization_code", "code": "none", "client_id": CLIENT_ID, "redirect_uri": REDIRECT}
    body = urlencode({**usual, "code_verifier": VERIFIER, **changes}, doseq=True, errors="surrogatepass")
    answer = Client().post("/oauth/token", body, content_type="application/x-www-form-urlencoded", secure=True)
    assert answer.status_code in (400, 429)
    assert answer.json()["error"]
