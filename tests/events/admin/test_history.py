"""The history of the registry: who changed what, and the way back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db.models import QuerySet
from django.test import Client

from events import registry_cache
from events.access import policy
from events.admin.document import versions
from events.admin.document.document import present, type_part
from events.core.event_types import Viewer
from events.models import Category, EventField, EventType, FieldOption, Revision
from tests.events.admin_forms import messages_of, submit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files", "unread_pages")]

HISTORY = "/admin/events/eventtype/circuit_breaker_state/history/"
CHANGE = "/admin/events/eventtype/circuit_breaker_state/change/"


@pytest.fixture(autouse=True)
def _each_save_is_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits here between two clicks, so changes are told apart by who made them and their moments alone."""
    monkeypatch.setattr(versions, "APART", timedelta(0))


def way_back(version: Any) -> str:
    return f"?to={quote(version.moment.isoformat())}"


def before(client: Client, url: str = HISTORY) -> str:
    """The way back to before the newest changes, all that they did included: the version of a fresh database."""
    return way_back(client.get(url).context["versions"][-1])


def go_back(client: Client, url: str) -> Any:
    proposal = client.get(url)
    assert proposal.status_code == 200
    return client.post(url, proposal.context["hidden"], follow=True)


def test_history_tells_who_changed_what_and_when(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "APART", timedelta(minutes=1))
    submit(admin_client, CHANGE, label="Fuse", fields__0__label="Fuse box")
    page = admin_client.get(HISTORY)
    newest, first = page.context["versions"]
    assert newest.user == "admin"
    assert ("label", "Circuit breaker state", "Fuse") in newest.differences
    assert any(each.after == "Fuse box" for each in newest.differences)
    assert first.is_first
    text = page.content.decode()
    assert "Fuse box" in text
    assert text.count("Go back to this") == 1


def test_going_back_restores_fields_and_options_and_tells_every_process_once(admin_client: Client) -> None:
    (was,) = present([], ["circuit_breaker_state"]).event_types
    EventType.objects.filter(pk=was.id).update(label="Fuse", severity_levels=["info"])
    field = EventField.objects.get(event_type=was.id, name="state")
    field.options.filter(value="half_open").delete()
    FieldOption.objects.create(field=field, value="jammed")
    EventField.objects.filter(event_type=was.id, name="mcp_names").delete()
    EventField.objects.create(event_type_id=was.id, name="extra", label="Extra", type="text", data_key="extra")
    revision = Revision.current().registry

    done = go_back(admin_client, HISTORY + before(admin_client))

    assert "is again as it was at" in messages_of(done)[0]
    assert type_part(EventType.objects.get(pk=was.id)) == was
    assert Revision.current().registry == revision + 1
    assert registry_cache.refresh().types[was.id].label == "Circuit breaker state"


def test_the_way_back_is_shown_first_and_can_itself_be_taken_back(admin_client: Client) -> None:
    submit(admin_client, CHANGE, label="Fuse")
    url = HISTORY + before(admin_client)
    (change,) = admin_client.get(url).context["changes"]
    assert change.differences == [("label", "Fuse", "Circuit breaker state")]
    assert EventType.objects.get(pk="circuit_breaker_state").label == "Fuse"
    go_back(admin_client, url)
    newest, fuse, *_ = admin_client.get(HISTORY).context["versions"]
    assert (newest.user, fuse.part.label) == ("admin", "Fuse")
    go_back(admin_client, HISTORY + way_back(fuse))
    assert EventType.objects.get(pk="circuit_breaker_state").label == "Fuse"


def test_a_restriction_comes_back_with_its_type(admin_client: Client) -> None:
    url = "/admin/events/eventtype/user_login/"
    EventType.objects.get(pk="user_login").allowed_groups.add(Group.objects.create(name="developers"))
    was = admin_client.get(f"{url}history/").context["versions"][0]
    submit(admin_client, f"{url}change/", restricted=False, allowed_groups=[])
    assert "user_login" in policy.scopes_of(Viewer(), registry_cache.refresh())
    go_back(admin_client, f"{url}history/" + way_back(was))
    assert "user_login" not in policy.scopes_of(Viewer(), registry_cache.refresh())
    assert EventType.objects.get(pk="user_login").audience == "superusers and developers"


def test_going_back_to_a_group_that_is_gone_is_refused_and_opens_nothing(admin_client: Client) -> None:
    url = "/admin/events/eventtype/login_failed/history/"
    EventType.objects.filter(pk="login_failed").update(label="Missed")
    back = before(admin_client, url)
    Group.objects.get(name="auditors").delete()
    EventType.objects.get(pk="login_failed").allowed_groups.set([Group.objects.create(name="others")])
    page = admin_client.post(url + back, {"registry": Revision.current().registry})
    assert "there is no such group; allowed: others" in page.context["problems"][0]
    assert [group.name for group in EventType.objects.get(pk="login_failed").allowed_groups.all()] == ["others"]


def test_a_change_in_bulk_leaves_history_too(admin_client: Client) -> None:
    data = {"action": "deactivate", "_selected_action": ["login_failed"], "confirmed": "yes"}
    admin_client.post("/admin/events/eventtype/", data)
    newest = admin_client.get("/admin/events/eventtype/login_failed/history/").context["versions"][0]
    assert newest.differences == [("is active", "yes", "no")]
    assert newest.user == "admin"
    assert newest.part.allowed_groups == ["auditors"]


def test_options_pasted_leave_history(admin_client: Client) -> None:
    field = EventField.objects.get(event_type="circuit_breaker_state", name="state")
    submit(admin_client, f"/admin/events/eventfield/{field.pk}/change/", new_options="jammed")
    newest = admin_client.get(HISTORY).context["versions"][0]
    assert newest.differences == [
        ("field “state”, options", "closed, open, half_open", "closed, open, half_open, jammed")
    ]


def test_pruning_the_log_leaves_no_history_and_going_back_does_not_undo_it(admin_client: Client) -> None:
    QuerySet(EventType).filter(pk="circuit_breaker_state").update(pruned_to=7)
    assert len(admin_client.get(HISTORY).context["versions"]) == 1
    submit(admin_client, CHANGE, label="Fuse")
    go_back(admin_client, HISTORY + before(admin_client))
    assert EventType.objects.get(pk="circuit_breaker_state").pruned_to == 7


def test_a_registry_that_moved_since_the_look_is_looked_at_again(admin_client: Client) -> None:
    submit(admin_client, CHANGE, label="Fuse")
    url = HISTORY + before(admin_client)
    proposal = admin_client.get(url)
    Category.objects.filter(pk="user").update(label="People")
    again = admin_client.post(url, proposal.context["hidden"])
    assert "has been changed meanwhile" in messages_of(again)[0]
    assert EventType.objects.get(pk="circuit_breaker_state").label == "Fuse"


def test_who_may_not_change_a_type_sees_its_history_and_no_way_back(client: Client) -> None:
    EventType.objects.filter(pk="circuit_breaker_state").update(label="Fuse")
    user = User.objects.create_user("looker", is_staff=True)
    client.force_login(user)
    assert client.get(HISTORY).status_code in (403, 404)
    user.user_permissions.set(Permission.objects.filter(codename="view_eventtype"))
    page = client.get(HISTORY)
    assert "Fuse" in page.content.decode()
    assert "Go back to this" not in page.content.decode()
    url = HISTORY + before(client)
    assert client.get(url).status_code == 403
    assert client.post(url, {"registry": Revision.current().registry}).status_code == 403
    assert EventType.objects.get(pk="circuit_breaker_state").label == "Fuse"


@pytest.mark.parametrize("asked", ["yesterday", "2026-01-01T00:00:00+00:00", "2026-99-01T00:00:00"])
def test_a_version_that_there_never_was_is_not_found(admin_client: Client, asked: str) -> None:
    assert admin_client.get(f"{HISTORY}?to={quote(asked)}").status_code == 404


def test_the_links_of_the_admin_lead_to_history_and_to_tests(admin_client: Client) -> None:
    """They write an underscore as `_5F`."""
    page = admin_client.get("/admin/events/eventtype/mcp_5Fstatus_5Fchange/change/")
    assert "Send test event" in page.content.decode()
    assert admin_client.get("/admin/events/eventtype/mcp_5Fstatus_5Fchange/history/").status_code == 200


def test_the_history_of_a_field_is_that_of_its_type(admin_client: Client) -> None:
    field = EventField.objects.get(event_type="circuit_breaker_state", name="state")
    assert admin_client.get(f"/admin/events/eventfield/{field.pk}/history/")["Location"].endswith("_5Fstate/history/")


def test_a_category_has_history_and_a_way_back(admin_client: Client) -> None:
    url = "/admin/events/category/user/"
    submit(admin_client, f"{url}change/", label="People", order=99)
    go_back(admin_client, f"{url}history/" + before(admin_client, f"{url}history/"))
    assert Category.objects.get(pk="user").label == "User"


def test_nobody_needs_permissions_for_history_rows() -> None:
    assert not Permission.objects.filter(codename__contains="historical").exists()
