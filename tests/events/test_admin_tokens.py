from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from knox.auth import TokenAuthentication
from knox.models import AuthToken

from tests.events.admin_forms import messages_of, submit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files")]

TOKENS = "/admin/knox/authtoken/"


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada")


def test_a_token_made_in_the_admin_is_shown_once_and_works(admin_client: Client, ada: User) -> None:
    made = submit(admin_client, f"{TOKENS}add/", user=ada.pk)
    (shown,) = (message for message in messages_of(made) if "shown only this once" in message)
    token = shown.partition("<strong>")[2].partition("</strong>")[0]
    assert token.startswith("ehub_")
    assert TokenAuthentication().authenticate_credentials(token.encode())[0] == ada
    assert token not in admin_client.get(TOKENS).content.decode()


def test_the_digest_of_a_token_is_shown_nowhere(admin_client: Client, ada: User) -> None:
    submit(admin_client, f"{TOKENS}add/", user=ada.pk)
    token = AuthToken.objects.get()
    text = admin_client.get(TOKENS).content.decode()
    assert f"{token.token_key}…" in text
    # The checkbox of a row has its key, which for Knox is the digest.
    assert text.replace(f'value="{token.digest}"', "").count(token.digest) == 0
    asked = admin_client.get(f"/admin/auth/user/{ada.pk}/delete/").content.decode()
    assert f"{token.token_key}… of ada" in asked
    assert f">{token.digest}" not in asked
    assert LogEntry.objects.get().object_repr == f"{token.token_key}… of ada"


def test_a_token_cannot_be_changed_but_revoked(admin_client: Client, ada: User) -> None:
    token, _ = AuthToken.objects.create(ada)
    assert admin_client.post(f"{TOKENS}{token.pk}/change/", {"expiry_0": ""}).status_code == 403
    data = {"action": "delete_selected", "_selected_action": [token.pk], "post": "yes"}
    admin_client.post(TOKENS, data)
    assert not AuthToken.objects.exists()
