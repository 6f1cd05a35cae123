"""API tokens in the admin: shown once, never changed, revoked by those who may."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.utils import timezone
from knox.auth import TokenAuthentication
from knox.models import AuthToken

from events.models import TokenTerms
from tests.events.admin_forms import errors_of, messages_of, submit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files", "unread_pages")]

TOKENS = "/admin/knox/authtoken/"


def make(client: Client, **filled_in: Any) -> Any:
    return submit(client, f"{TOKENS}add/", **{"name": "backup", **filled_in})


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada")


def test_a_token_made_in_the_admin_is_shown_once_and_works(admin_client: Client, ada: User) -> None:
    made = make(admin_client, user=ada.pk)
    (shown,) = (message for message in messages_of(made) if "shown only this once" in message)
    token = shown.partition("<strong>")[2].partition("</strong>")[0]
    assert token.startswith("ehub_")
    assert TokenAuthentication().authenticate_credentials(token.encode())[0] == ada
    assert token not in admin_client.get(TOKENS).content.decode()


def test_the_digest_of_a_token_is_shown_nowhere(admin_client: Client, ada: User) -> None:
    make(admin_client, user=ada.pk)
    token = AuthToken.objects.get()
    text = admin_client.get(TOKENS).content.decode()
    assert "backup of ada" in text
    assert token.token_key not in text
    # The checkbox of a row has its key, which for Knox is the digest.
    assert text.replace(f'value="{token.digest}"', "").count(token.digest) == 0
    asked = admin_client.get(f"/admin/auth/user/{ada.pk}/delete/").content.decode()
    assert "backup of ada" in asked
    assert token.token_key not in asked
    assert f">{token.digest}" not in asked
    assert LogEntry.objects.get().object_repr == "backup of ada"


def test_a_token_cannot_be_changed_but_revoked(admin_client: Client, ada: User) -> None:
    token, _ = AuthToken.objects.create(ada)
    assert admin_client.post(f"{TOKENS}{token.pk}/change/", {"expiry_0": ""}).status_code == 403
    data = {"action": "delete_selected", "_selected_action": [token.pk], "post": "yes"}
    admin_client.post(TOKENS, data)
    assert not AuthToken.objects.exists()


def staff(*codenames: str) -> tuple[User, Client]:
    user = User.objects.create_user("stan", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return user, client


def test_a_token_is_preset_to_read_for_90_days_and_one_for_ever_is_warned_of(admin_client: Client, ada: User) -> None:
    made = make(admin_client, user=ada.pk)
    token = AuthToken.objects.get()
    assert token.expiry is not None
    assert timedelta(days=89) < token.expiry - timezone.now() < timedelta(days=91)
    assert TokenTerms.of(token).scopes == ["read"]
    assert f"backup of ada (read), valid until {token.expiry:%Y-%m-%d}" in messages_of(made)[0]
    empty = make(admin_client, user=ada.pk, name="other", valid_for="date")
    assert "Say until which day" in errors_of(empty)["until"]
    past = make(admin_client, user=ada.pk, name="other", valid_for="date", until="2025-01-01")
    assert "over" in errors_of(past)["until"]
    made = make(admin_client, user=ada.pk, name="other", valid_for="never", scopes=["read", "emit"])
    assert "other of ada (read, emit), valid for ever" in messages_of(made)[0]
    assert "it has no end of its own" in messages_of(made)[0]
    assert AuthToken.objects.filter(expiry=None).count() == 1


def test_a_user_is_found_by_typing_where_there_are_many(admin_client: Client, ada: User) -> None:
    page = admin_client.get(f"{TOKENS}add/").content.decode()
    assert 'class="admin-autocomplete"' in page
    query = {"term": "ad", "app_label": "knox", "model_name": "authtoken", "field_name": "user"}
    found = admin_client.get("/admin/autocomplete/", query).json()["results"]
    assert {each["text"] for each in found} == {"ada", "admin"}


def test_a_name_tells_the_tokens_of_a_user_apart(admin_client: Client, ada: User) -> None:
    make(admin_client, user=ada.pk)
    assert "choose another name" in errors_of(make(admin_client, user=ada.pk))["name"]
    make(admin_client)  # another's
    assert AuthToken.objects.count() == 2


def test_staff_make_tokens_for_themselves_alone(ada: User) -> None:
    root = User.objects.create_superuser("root")
    user, client = staff("add_authtoken", "view_authtoken")
    for other in (root, ada):
        page = make(client, user=other.pk)
        assert "for yourself only" in errors_of(page)["user"]
    assert not AuthToken.objects.exists()
    make(client)
    assert AuthToken.objects.get().user == user


def test_staff_revoke_tokens_of_people_who_may_no_more_than_they(ada: User) -> None:
    root, auditor = User.objects.create_superuser("root"), User.objects.create_user("otto")
    auditor.groups.add(Group.objects.get(name="auditors"))
    user, client = staff("delete_authtoken", "view_authtoken")
    for owner in (root, auditor, ada, user):
        token, _ = AuthToken.objects.create(owner)
        client.post(TOKENS, {"action": "delete_selected", "_selected_action": [token.pk], "post": "yes"})
        client.post(f"{TOKENS}{token.pk}/delete/", {"post": "yes"})
    assert {token.user for token in AuthToken.objects.all()} == {root, auditor}
