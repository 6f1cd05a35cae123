"""No permission of the admin can be turned into more than it says."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from events import registry_cache
from events.access import policy
from events.core.event_types import Viewer
from tests.cases import each_case
from tests.events.admin_forms import messages_of, submit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files", "unread_pages")]

USERS, GROUPS = "/admin/auth/user/", "/admin/auth/group/"
VERBS = ("add", "change", "delete", "view")
NEW = "correct-horse-battery"


def named(*codenames: str) -> list[Permission]:
    return list(Permission.objects.filter(codename__in=codenames))


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def manager() -> User:
    """Who may do everything with users and groups, and emit events."""
    user = User.objects.create_user("mia", is_staff=True)
    codenames = [f"{verb}_{model}" for verb in VERBS for model in ("user", "group")]
    user.user_permissions.set(named(*codenames, "add_event"))
    user.groups.add(Group.objects.create(name="managers"))
    return user


@pytest.fixture
def client(manager: User) -> Client:
    return signed_in(manager)


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", password="pw-ada")


def page_of(row: User | Group) -> str:
    return f"{GROUPS if isinstance(row, Group) else USERS}{row.pk}/change/"


def powers(user: User) -> tuple[bool, set[str], set[str]]:
    user = User.objects.get(pk=user.pk)
    return user.is_superuser, {group.name for group in user.groups.all()}, user.get_all_permissions()


def everything() -> dict[str, Any]:
    """All that a form of a user could give."""
    return {
        "is_superuser": "on",
        "groups": [group.pk for group in Group.objects.all()],
        "user_permissions": [permission.pk for permission in Permission.objects.all()],
    }


@each_case("given", ["is_superuser", "groups", "user_permissions"])
@each_case("to", ["mia", "ada"])
def test_who_may_change_users_gives_nobody_more_than_they_have(
    to: str, given: str, client: Client, manager: User, ada: User
) -> None:
    user = User.objects.get(username=to)
    before = powers(user)
    submit(client, page_of(user), **{given: everything()[given]})
    assert powers(user) == before


def test_who_may_change_users_gives_what_they_have(client: Client, manager: User, ada: User) -> None:
    group = manager.groups.get()
    add_event = named("add_event")[0]
    submit(client, page_of(ada), user_permissions=[add_event.pk], groups=[group.pk], is_staff="on")
    assert powers(ada) == (False, {"managers"}, {"events.add_event"})


def superuser() -> User:
    return User.objects.create_superuser("root", password="pw-root")


def inactive_superuser() -> User:
    return User.objects.create_superuser("root", password="pw-root", is_active=False)


def with_a_permission() -> User:
    user = User.objects.create_user("root", password="pw-root")
    user.user_permissions.set(named("change_eventtype"))
    return user


def with_a_permission_of_a_group() -> User:
    user = User.objects.create_user("root", password="pw-root", is_active=False)
    group = Group.objects.create(name="editors")
    group.permissions.set(named("change_eventtype"))
    user.groups.add(group)
    return user


def an_auditor() -> User:
    user = User.objects.create_user("root", password="pw-root")
    user.groups.add(Group.objects.get(name="auditors"))
    return user


@pytest.mark.parametrize(
    "make", [superuser, inactive_superuser, with_a_permission, with_a_permission_of_a_group, an_auditor]
)
def test_people_who_may_more_are_looked_at_only(make: Any, client: Client) -> None:
    root = make()
    page = client.get(page_of(root))
    assert "a superuser can change it" in messages_of(page)[0]
    assert client.post(page_of(root), {"username": "root", "email": "mia@evil.example"}).status_code == 403
    passwords = {"password1": NEW, "password2": NEW, "usable_password": "true", "set-password": "x"}
    assert client.post(f"{USERS}{root.pk}/password/", passwords).status_code == 403
    assert client.post(f"{USERS}{root.pk}/delete/", {"post": "yes"}).status_code == 403
    client.post(USERS, {"action": "delete_selected", "_selected_action": [root.pk], "post": "yes"})
    kept = User.objects.get(pk=root.pk)
    assert (kept.email, kept.check_password("pw-root")) == ("", True)


def test_people_who_may_no_more_are_managed(client: Client, ada: User) -> None:
    assert client.get(f"{USERS}{ada.pk}/password/").status_code == 200
    submit(client, page_of(ada), first_name="Ada")
    assert User.objects.get(pk=ada.pk).first_name == "Ada"
    assert client.post(f"{USERS}{ada.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=ada.pk).exists()


def test_a_new_user_begins_with_nothing(client: Client) -> None:
    submit(client, f"{USERS}add/", username="eve", password1=NEW, password2=NEW, **everything())
    assert powers(User.objects.get(username="eve")) == (False, set(), set())


def test_who_may_change_groups_adds_no_permission_that_they_lack(client: Client, manager: User) -> None:
    group = manager.groups.get()
    submit(client, page_of(group), permissions=[permission.pk for permission in Permission.objects.all()])
    submit(client, f"{GROUPS}add/", name="gods", permissions=[permission.pk for permission in Permission.objects.all()])
    assert not Group.objects.filter(name="gods").exists()
    assert not group.permissions.exists()
    submit(client, page_of(group), permissions=[named("add_event")[0].pk])
    assert list(group.permissions.all()) == named("add_event")


@pytest.mark.parametrize("name", ["auditors", "editors"])
def test_groups_that_open_more_are_looked_at_only(name: str, client: Client) -> None:
    Group.objects.create(name="editors").permissions.set(named("change_eventtype"))
    group = Group.objects.get(name=name)
    assert client.get(page_of(group)).status_code == 200
    assert client.post(page_of(group), {"name": "mine"}).status_code == 403
    assert client.post(f"{GROUPS}{group.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Group.objects.filter(name=name).exists()


def test_a_manager_may_delete_a_group_that_restricts_event_types_which_opens_none(
    client: Client, manager: User
) -> None:
    auditors = Group.objects.get(name="auditors")
    manager.groups.add(auditors)
    assert client.post(f"{GROUPS}{auditors.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Group.objects.filter(name="auditors").exists()
    seen = policy.scopes_of(Viewer(), registry_cache.refresh())
    assert not seen.keys() & {"access_change", "login_failed", "endpoint_changed"}


def test_a_superuser_gives_everything(admin_client: Client, ada: User) -> None:
    submit(admin_client, page_of(ada), **everything())
    is_superuser, groups, permissions = powers(ada)
    assert is_superuser
    assert "auditors" in groups
    assert "events.change_eventtype" in permissions
