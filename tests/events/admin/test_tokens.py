from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.utils import timezone
from knox.auth import TokenAuthentication
from knox.models import AuthToken

from tests.events.admin_forms import errors_of, messages_of, submit

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


def staff(*codenames: str) -> tuple[User, Client]:
    user = User.objects.create_user("stan", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return user, client


def test_a_token_is_preset_to_90_days_and_ends_never_only_if_that_is_ticked(admin_client: Client, ada: User) -> None:
    made = submit(admin_client, f"{TOKENS}add/", user=ada.pk)
    expiry = AuthToken.objects.get().expiry
    assert expiry is not None
    assert timedelta(days=89) < expiry - timezone.now() < timedelta(days=91)
    assert f"valid until {expiry:%Y-%m-%d}" in messages_of(made)[0]
    empty = submit(admin_client, f"{TOKENS}add/", user=ada.pk, expiry_0="", expiry_1="")
    assert "tick “valid for ever”" in errors_of(empty)["expiry"]
    past = submit(admin_client, f"{TOKENS}add/", user=ada.pk, expiry_0="2025-01-01")
    assert "over" in errors_of(past)["expiry"]
    made = submit(admin_client, f"{TOKENS}add/", user=ada.pk, for_ever="on")
    assert "valid for ever" in messages_of(made)[0]
    assert AuthToken.objects.filter(expiry=None).count() == 1


def test_staff_make_tokens_for_themselves_alone(ada: User) -> None:
    root = User.objects.create_superuser("root")
    user, client = staff("add_authtoken", "view_authtoken")
    for other in (root, ada):
        page = submit(client, f"{TOKENS}add/", user=other.pk)
        assert "for yourself only" in errors_of(page)["user"]
    assert not AuthToken.objects.exists()
    submit(client, f"{TOKENS}add/")
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
