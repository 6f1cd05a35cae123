"""Who sees an event type is said on its row, and never widens by accident."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from events import registry_cache
from events.access import policy
from events.core.event_types import Viewer
from events.models import Category, EventType
from tests.events.admin_forms import errors_of, messages_of, posted, submit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files", "unread_pages")]

PAGE = "/admin/events/eventtype/user_login/change/"
IMPORT = "/admin/events/eventtype/import/"
GROUPS = "/admin/auth/group/"


@pytest.fixture
def hr() -> Group:
    return Group.objects.create(name="hr")


def a_type() -> EventType:
    return EventType.objects.get(pk="user_login")


def is_open() -> bool:
    return "user_login" in policy.scopes_of(Viewer(), registry_cache.refresh())


def sees(group: Group) -> bool:
    return "user_login" in policy.scopes_of(Viewer(groups=frozenset({group.pk})), registry_cache.refresh())


def by_admin_page(client: Client, group: Group) -> None:
    client.post(f"{GROUPS}{group.pk}/delete/", {"post": "yes"})


def by_admin_action(client: Client, group: Group) -> None:
    client.post(GROUPS, {"action": "delete_selected", "_selected_action": [group.pk], "post": "yes"})


ENDS_OF_GROUPS: dict[str, Callable[[Client, Group], object]] = {
    "the admin's page": by_admin_page,
    "the admin's action": by_admin_action,
    "the row": lambda client, group: group.delete(),
    "a queryset": lambda client, group: Group.objects.all().delete(),
    "leaving the type": lambda client, group: a_type().allowed_groups.remove(group),
    "cleared from the type": lambda client, group: a_type().allowed_groups.clear(),
    "cleared from the group": lambda client, group: group.eventtype_set.clear(),
    "set to nothing": lambda client, group: a_type().allowed_groups.set([]),
}


@pytest.mark.parametrize("end", ENDS_OF_GROUPS)
def test_a_type_whose_groups_are_gone_is_visible_to_superusers_only(
    admin_client: Client, client: Client, settings: Settings, hr: Group, end: str
) -> None:
    settings.EVENTHUB_PUBLIC_METADATA = True
    a_type().allowed_groups.add(hr)
    ENDS_OF_GROUPS[end](admin_client, hr)
    assert not a_type().allowed_groups.exists()
    assert not is_open()
    assert "user_login" in policy.scopes_of(Viewer(is_superuser=True), registry_cache.refresh())
    metadata = client.get("/api/v1/events/metadata").content.decode()
    assert "user_action" in metadata
    assert "user_login" not in metadata
    client.force_login(User.objects.create_user("ada"))
    assert client.get("/api/v1/events/?event_type=user_login").status_code == 422
    assert "superusers only" in admin_client.get("/admin/events/eventtype/").content.decode()


def test_metadata_is_kept_for_those_alone_who_see_the_same(
    admin_client: Client, client: Client, settings: Settings, hr: Group
) -> None:
    settings.EVENTHUB_PUBLIC_METADATA = True
    a_type().allowed_groups.add(hr)
    registry_cache.refresh()
    for _ in range(2):
        assert "user_login" in admin_client.get("/api/v1/events/metadata").content.decode()
        assert "user_login" not in client.get("/api/v1/events/metadata").content.decode()


RESTRICTIONS: dict[str, Callable[[Group], object]] = {
    "add": lambda group: a_type().allowed_groups.add(group),
    "set": lambda group: a_type().allowed_groups.set([group]),
    "from the group": lambda group: group.eventtype_set.add(a_type()),
    "without a signal": lambda group: EventType.allowed_groups.through.objects.bulk_create(
        [EventType.allowed_groups.through(eventtype_id="user_login", group=group)]
    ),
}


@pytest.mark.parametrize("way", RESTRICTIONS)
def test_who_gives_a_type_a_group_by_code_restricts_it_for_good(hr: Group, way: str) -> None:
    RESTRICTIONS[way](hr)
    assert not is_open()
    assert sees(hr)
    hr.delete()
    assert not is_open()


def test_a_row_that_was_read_before_the_type_was_restricted_does_not_open_it(hr: Group) -> None:
    stale, also_stale = a_type(), a_type()
    a_type().allowed_groups.add(hr)
    stale.label = "Came in"
    stale.save()
    hr.delete()
    also_stale.save(update_fields=["order", "restricted"])
    assert a_type().label == "Came in"
    assert not is_open()


def test_a_row_written_over_the_type_does_not_open_it() -> None:
    EventType.objects.filter(pk="user_login").update(restricted=True)
    EventType(id="user_login", category_id="user", label="Written over").save()
    assert a_type().label == "Written over"
    assert not is_open()


def test_bulk_changes_open_no_type_that_has_groups(hr: Group) -> None:
    a_type().allowed_groups.add(hr)
    EventType.objects.filter(pk="user_login").update(restricted=False)
    hr.delete()
    assert not is_open()


def test_code_opens_a_type_by_saying_so(hr: Group) -> None:
    event_type = a_type()
    event_type.allowed_groups.add(hr)
    event_type.allowed_groups.clear()
    event_type.restricted = False
    event_type.save()
    assert is_open()
    event_type.allowed_groups.add(hr)
    event_type.open_to_everybody()
    assert is_open()


# --- the admin ---


def test_the_admin_closes_a_type_to_all_but_superusers_and_says_so(admin_client: Client) -> None:
    saved = submit(admin_client, PAGE, restricted=True)
    assert any("visible to superusers only: no group is chosen" in message for message in messages_of(saved))
    assert not is_open()


def test_groups_ticked_and_everybody_chosen_is_an_error_in_words(admin_client: Client, hr: Group) -> None:
    refused = submit(admin_client, PAGE, restricted=False, allowed_groups=[hr.pk])
    assert "Groups are chosen, but so is “Everybody”" in errors_of(refused)["restricted"]
    a_type().allowed_groups.add(hr)
    refused = submit(admin_client, PAGE, restricted=False)
    assert "restricted" in errors_of(refused)
    assert not is_open()


def test_a_program_that_posts_groups_alone_restricts_and_one_that_posts_none_opens_nothing(
    admin_client: Client, hr: Group
) -> None:
    submit(admin_client, PAGE, restricted="", allowed_groups=[hr.pk])
    assert sees(hr)
    assert not is_open()
    submit(admin_client, PAGE, restricted="", allowed_groups=[])
    assert not is_open()


def test_a_page_that_is_older_than_the_restriction_does_not_take_it_away(admin_client: Client, hr: Group) -> None:
    older = posted(admin_client.get(PAGE), {"order": 5})
    a_type().allowed_groups.add(hr)
    admin_client.post(PAGE, older)
    assert a_type().order == 5
    assert sees(hr)
    assert not is_open()


def test_the_page_that_deletes_a_group_says_which_types_lose_it(admin_client: Client, hr: Group) -> None:
    a_type().allowed_groups.add(hr)
    EventType.objects.get(pk="user_logout").allowed_groups.add(hr, Group.objects.create(name="ops"))
    asked = (
        admin_client.get(f"{GROUPS}{hr.pk}/delete/"),
        admin_client.post(GROUPS, {"action": "delete_selected", "_selected_action": [hr.pk]}),
    )
    for page in asked:
        text = page.content.decode()
        assert "“👤 User login” (user_login): will be visible to superusers only" in text
        assert "(user_logout): will be visible to superusers and ops" in text
        assert "EventType_allowed_groups" not in text
        assert "relationship" not in text.lower()


def test_history_tells_that_a_group_was_deleted_and_the_way_back_opens_nothing(admin_client: Client, hr: Group) -> None:
    a_type().allowed_groups.add(hr)
    hr.delete()
    newest = admin_client.get("/admin/events/eventtype/user_login/history/").context["versions"][0]
    assert (newest.part.restricted, newest.part.allowed_groups) == (True, [])


# --- documents ---


def document(**values: Any) -> bytes:
    told = {"id": "user_login", "category": "user", "label": "Came", "severity_levels": ["info"], "allowed_groups": []}
    return json.dumps({"event_types": [told | values]}).encode()


def imported(client: Client, text: bytes) -> tuple[Any, Any]:
    """The page that shows what would change, and the one after it was confirmed."""
    proposal = client.post(IMPORT, {"file": SimpleUploadedFile("registry.json", text)})
    return proposal, client.post(IMPORT, proposal.context.get("hidden", {}), follow=True)


def test_a_document_of_before_there_was_the_column_opens_nothing(admin_client: Client, hr: Group) -> None:
    a_type().allowed_groups.add(hr)
    imported(admin_client, document())
    assert a_type().label == "Came"
    assert not is_open()


def test_a_document_of_before_there_was_the_column_restricts_by_naming_groups(admin_client: Client, hr: Group) -> None:
    imported(admin_client, document(allowed_groups=["hr"]))
    assert a_type().restricted
    assert sees(hr)


def test_a_document_that_opens_a_type_says_so_before(admin_client: Client, hr: Group) -> None:
    a_type().allowed_groups.add(hr)
    proposal, _ = imported(admin_client, document(restricted=False))
    assert "This opens it: everybody who is signed in will see its events" in proposal.content.decode()
    (change,) = proposal.context["changes"]
    assert ("visible to", "superusers and hr", "everybody who is signed in") in change.differences
    assert is_open()


def test_a_document_that_closes_a_type_does_not_say_that_it_opens_it(admin_client: Client, hr: Group) -> None:
    proposal, _ = imported(admin_client, document(restricted=True))
    assert "This opens it" not in proposal.content.decode()
    assert not is_open()


def test_a_document_that_names_groups_and_says_everybody_is_refused(admin_client: Client, hr: Group) -> None:
    proposal, _ = imported(admin_client, document(restricted=False, allowed_groups=["hr"]))
    assert 'allowed_groups ["hr"]: restricted is false' in proposal.context["problems"][0]
    assert a_type().label == "User login"


def test_a_list_by_a_category_that_is_gone_is_empty_also_when_one_is_left(admin_client: Client) -> None:
    EventType.objects.exclude(category="user").delete()
    Category.objects.exclude(pk="user").delete()
    listed = admin_client.get("/admin/events/eventtype/?category__id__exact=mcp")
    assert listed.context["cl"].result_count == 0


# --- databases of before ---


def test_the_migration_closes_what_groups_kept_closed_and_what_lost_them_by_deletion(hr: Group) -> None:
    lost = Group.objects.create(name="lost")
    a_type().allowed_groups.add(hr)
    EventType.objects.get(pk="user_logout").allowed_groups.add(lost)
    opened = EventType.objects.get(pk="user_action")
    opened.allowed_groups.add(lost)
    opened.open_to_everybody()
    lost.delete()
    EventType.history.filter(id="user_logout").first().delete()  # what tells of the deletion was not there then
    for model in (EventType, EventType.history.model):
        model._base_manager.all().update(restricted=False)
    for model in (Category, Category.history.model):
        model._base_manager.all().update(is_audit=False)
    import_module("events.migrations.0006_restricted").close(apps, None)
    closed = set(EventType.objects.filter(restricted=True).values_list("pk", flat=True))
    for_audit = {"login_failed", "access_change", "endpoint_changed", "destination_suspended", "delivery_given_up"}
    assert closed == {"user_login", "user_logout", *for_audit}
    assert Category.objects.filter(is_audit=True).get().pk == "audit"
    assert all(row.restricted for row in EventType.history.filter(id="login_failed"))
