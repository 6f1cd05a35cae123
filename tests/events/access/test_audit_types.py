"""Audit events are read by auditors and superusers, and forged by nobody, whatever else staff may do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from events import registry_cache
from events.access import policy
from events.core.event_types import Viewer
from events.core.position import position_id
from events.models import Category, Event, EventField, EventType, LogHead
from tests.cases import each_case
from tests.events.admin_forms import errors_of, submit
from tests.events.log_rows import happened
from tests.events.unread_pages import unread

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files")]

TYPES = "/admin/events/eventtype/"
AUDIT = ("login_failed", "access_change", "endpoint_changed")
SECRET = "the_s3cr"


@pytest.fixture
def clerk() -> User:
    """Staff with every permission of eventhub but the one for audit."""
    user = User.objects.create_user("clerk", is_staff=True)
    mine = Permission.objects.filter(content_type__app_label__in=["events", "mcp", "knox"])
    user.user_permissions.set(mine.exclude(codename="change_audit"))
    return user


@pytest.fixture
def staff(client: Client, clerk: User) -> Client:
    happened("login_failed", {"username": SECRET, "ip": "127.0.0.1", "count": 1, "severity": SECRET})
    client.force_login(clerk)
    return client


def post(url: str, **data: Any) -> Callable[[Client], Any]:
    return lambda client: client.post(url, data, follow=True)


def change(url: str, **data: Any) -> Callable[[Client], Any]:
    """The page's form if it has one, else what it would have posted."""
    return lambda client: client.post(url, {"label": "x", "order": 1, **data}, follow=True)


def upload(**document: Any) -> Callable[[Client], Any]:
    def act(client: Client) -> Any:
        file = SimpleUploadedFile("registry.json", json.dumps(document).encode())
        proposal = client.post(f"{TYPES}import/", {"file": file})
        hidden = (proposal.context or {}).get("hidden")
        return client.post(
            f"{TYPES}import/", hidden or {"document": json.dumps(document), "registry": "1"}, follow=True
        )

    return act


def a_type(id: str, category: str, **more: Any) -> dict[str, Any]:
    open = {"allowed_groups": [], "restricted": False, "external": True, "severity_levels": ["warning"], "label": "x"}
    return {"id": id, "category": category, **open, **more}


OPEN = {"category": "audit", "restricted": "False", "external": "on", "severity_levels": ["warning"], "is_active": "on"}
ATTEMPTS: dict[str, Callable[[Client], Any]] = {
    "the type's form": change(f"{TYPES}login_failed/change/", **OPEN),
    "the type's form, into another category": change(f"{TYPES}login_failed/change/", **{**OPEN, "category": "user"}),
    "the category's form": change("/admin/events/category/audit/change/"),
    "the type's deletion": post(f"{TYPES}login_failed/delete/", post="yes"),
    "deletion from the list": post(TYPES, action="delete_selected", _selected_action=["access_change"], post="yes"),
    "deactivation": post(TYPES, action="deactivate", _selected_action=["login_failed"], confirmed="yes"),
    "an import of the type": upload(event_types=[a_type("login_failed", "audit")]),
    "an import into another category": upload(event_types=[a_type("login_failed", "user")]),
    "an import of the category": upload(categories=[{"id": "audit", "label": "x", "is_audit": False}]),
    "a duplicate": post(f"{TYPES}login_failed/duplicate/", id="login_odd", label="x"),
    "a test event": post(f"{TYPES}login_failed/test-event/", **{"data-severity": "warning", "send": "1", "key": "k"}),
    "an event by HTTP": lambda client: client.post(
        "/api/v1/events/", {"type": "login_failed", "data": {}}, content_type="application/json"
    ),
}


def audit_state() -> list[Any]:
    types = EventType.objects.filter(pk__in=AUDIT).values_list(
        "pk", "category", "restricted", "external", "is_active", "label", "allowed_groups__name"
    )
    return [*types, *Category.objects.filter(is_audit=True).values_list("pk", "label")]


def test_staff_without_the_permission_changes_nothing_of_audit_and_reads_and_forges_none(
    staff: Client, clerk: User
) -> None:
    before = audit_state()
    for name, attempt in ATTEMPTS.items():
        with unread():
            attempt(staff)
        assert audit_state() == before, name
        assert not EventType.objects.filter(pk="login_odd").exists(), name
        assert policy.scopes_of(policy.viewer_of(clerk), registry_cache.refresh()).keys().isdisjoint(AUDIT), name
        assert Event.objects.filter(type__in=AUDIT).count() == 1, name
    assert pages_with_the_secret(staff) == []


def pages_with_the_secret(client: Client) -> list[str]:
    """Those of all that tell of events which show the payload of an audit event, and not only what was asked for."""
    event = Event.objects.get(type="login_failed")
    id = position_id(LogHead.objects.get().epoch, event.position or 0)
    pages = [
        *("/api/v1/events/?limit=1000", "/api/v1/events/?event_type=login_failed", "/events", "/events/history"),
        *("/api/v1/events/preview", "/api/v1/events/preview?event_type=login_failed"),
        f"/api/v1/events/{id}/explain?event_type=login_failed&filter.severity=error",
        *("/admin/events/event/", "/admin/events/event/?q=the_", "/admin/events/event/?type=login_failed"),
        *(f"/admin/events/event/{event.pk}/change/", f"{TYPES}login_failed/test-event/"),
        *(f"{TYPES}login_failed/history/", f"{TYPES}login_failed/change/", f"{TYPES}export/", "/admin/"),
    ]
    return [page for page in pages if SECRET in client.get(page).content.decode()]


def test_only_auditors_and_superusers_read_audit_events(admin_client: Client, staff: Client) -> None:
    assert pages_with_the_secret(staff) == []
    assert len(pages_with_the_secret(admin_client)) >= 10
    auditor = User.objects.create_user("auditor")
    auditor.groups.add(Group.objects.get(name="auditors"))
    staff.force_login(auditor)
    assert len(pages_with_the_secret(staff)) == 7
    assert "login_failed" in staff.get("/api/v1/events/metadata").content.decode()


def test_an_audit_type_is_closed_whatever_its_own_columns_say(admin_user: User) -> None:
    """As written by SQL, of which nothing tells but the revision."""
    EventType._base_manager.filter(pk="login_failed").update(restricted=False, external=True)
    EventType.allowed_groups.through.objects.all().delete()
    registry_cache.forget()
    event_type = registry_cache.refresh().types["login_failed"]
    assert not event_type.external
    assert policy.scope_of(Viewer(), event_type) is None
    assert policy.scope_of(policy.viewer_of(admin_user), event_type) == policy.EVERYTHING


LEAVINGS: dict[str, Callable[[], object]] = {
    "the type is moved": lambda: moved("login_failed", "user"),
    "types are moved in bulk": lambda: EventType.objects.filter(pk="login_failed").update(category="user"),
    "the category is for audit no more": lambda: unset("audit"),
    "categories are for audit no more": lambda: Category.objects.update(is_audit=False),
}


def moved(id: str, category: str) -> None:
    event_type = EventType.objects.get(pk=id)
    event_type.category_id = category
    event_type.save()


def unset(id: str) -> None:
    category = Category.objects.get(pk=id)
    category.is_audit = False
    category.save()


@pytest.mark.parametrize("leaving", LEAVINGS)
def test_what_was_for_audit_stays_closed_and_needs_the_permission(staff: Client, leaving: str) -> None:
    EventType._base_manager.filter(pk="login_failed").update(restricted=False, external=True)
    LEAVINGS[leaving]()
    event_type = registry_cache.refresh().types["login_failed"]
    assert policy.scope_of(Viewer(), event_type) is None
    assert not event_type.external
    assert staff.post(f"{TYPES}login_failed/change/", OPEN).status_code == 403
    assert pages_with_the_secret(staff) == []


def test_staff_cannot_make_an_audit_type_anew_that_a_superuser_deleted(staff: Client) -> None:
    EventType.objects.get(pk="access_change").delete()
    refused = submit(staff, f"{TYPES}add/", id="access_change", label="Mine", category="user", restricted=False)
    assert "Audit events went by “access_change”" in errors_of(refused)["id"]
    upload(event_types=[a_type("access_change", "user")])(staff)
    assert not EventType.objects.filter(pk="access_change").exists()


def test_staff_changes_no_field_of_an_audit_type(staff: Client) -> None:
    field = EventField.objects.get(event_type="access_change", name="kind")
    url = f"/admin/events/eventfield/{field.pk}/change/"
    assert 'name="_save"' not in staff.get(url).content.decode()
    assert staff.post(url, {"label": "x"}).status_code == 403
    assert staff.post(url.replace("change/", "delete/").replace("5Fchange", ""), {"post": "yes"}).status_code == 403
    assert EventField.objects.filter(pk=field.pk).exists()


def test_staff_is_not_offered_what_it_may_not_do(staff: Client) -> None:
    page = staff.get(f"{TYPES}login_failed/change/").content.decode()
    for button in ("Duplicate", "Send test event", 'name="_save"'):
        assert button not in page
    form = staff.get(f"{TYPES}add/").context["adminform"].form
    assert "audit" not in [category.pk for category in form.fields["category"].queryset]
    assert "is_audit" not in staff.get("/admin/events/category/user/change/").context["adminform"].form.fields


def test_who_has_the_permission_changes_who_sees_audit_types_but_never_opens_them(staff: Client, clerk: User) -> None:
    clerk.user_permissions.add(Permission.objects.get(codename="change_audit"))
    hr = Group.objects.create(name="hr")
    refused = submit(staff, f"{TYPES}login_failed/change/", restricted=False, allowed_groups=[], external="on")
    assert set(errors_of(refused)) == {"restricted", "external"}
    submit(staff, f"{TYPES}login_failed/change/", allowed_groups=[hr.pk])
    assert EventType.objects.get(pk="login_failed").audience == "superusers and hr"


def test_a_type_in_another_category_that_is_for_audit_is_closed_too(admin_client: Client) -> None:
    submit(admin_client, "/admin/events/category/user/change/", is_audit="on")
    event_type = registry_cache.refresh().types["user_login"]
    assert policy.scope_of(Viewer(), event_type) is None
    assert not event_type.external


def test_a_copy_of_an_audit_type_is_as_closed(admin_client: Client) -> None:
    admin_client.post(f"{TYPES}login_failed/duplicate/", {"id": "login_odd", "label": "Odd"})
    copy = registry_cache.refresh().types["login_odd"]
    assert policy.scope_of(Viewer(), copy) is None
    assert not copy.external


@each_case("whose", ["root", "auditor", "ada"])
def test_staff_makes_no_token_of_somebody_else(staff: Client, whose: str) -> None:
    user = User.objects.create_user(whose, is_superuser=whose == "root")
    if whose == "auditor":
        user.groups.add(Group.objects.get(name="auditors"))
    refused = submit(staff, "/admin/knox/authtoken/add/", user=user.pk)
    assert "You can make tokens for yourself only" in errors_of(refused)["user"]
