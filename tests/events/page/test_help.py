"""The page /help: who may do what, and the documents."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from eventhub.local.first_run import make_people
from events.models import EventType

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files")]


def page(client: Client) -> str:
    return client.get("/help").content.decode()


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_who_may_see_groups_reads_what_each_may_today() -> None:
    make_people()
    Group.objects.get(name="emitters").permissions.add(Permission.objects.get(codename="view_category"))
    text = page(signed_in(User.objects.get(username="admin")))
    for group in ("watchers", "emitters", "fleet admins", "auditors"):
        assert group in text
    assert "Can view category, Can add event" in text
    assert "Access change" in text


def test_others_read_of_their_own_groups_alone() -> None:
    make_people()
    ada = User.objects.create_user("ada")
    assert "You are in no group" in page(signed_in(ada))
    ada.groups.add(Group.objects.get(name="emitters"))
    text = page(signed_in(ada))
    assert "emitters" in text
    assert "You may send events" in text
    for hidden in ("watchers", "auditors", "Access change"):
        assert hidden not in text


def test_a_type_that_is_not_active_is_what_no_group_sees() -> None:
    ada = User.objects.create_user("ada")
    ada.groups.add(Group.objects.get(name="auditors"))
    assert "Access change" in page(signed_in(ada))
    EventType.objects.filter(pk="access_change").update(is_active=False)
    assert "Access change" not in page(signed_in(ada))


def test_documents_are_shown_as_text_to_those_signed_in_and_nothing_else_is() -> None:
    client = signed_in(User.objects.create_user("ada"))
    response = client.get("/help/protocol.md")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert b"# " in response.getvalue()
    assert client.get("/help/nothing.md").status_code == 404
    assert client.get("/help/..%2fREADME.md").status_code == 404
    assert Client().get("/help").status_code == 302
    assert Client().get("/help/protocol.md").status_code == 302
