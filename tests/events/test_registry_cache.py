"""A process's copy of the registry: read once, looked after cheaply, and never changed under a reader."""

from __future__ import annotations

from contextlib import suppress

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User
from django.db import connection, transaction
from pytest_django import DjangoAssertNumQueries

from events import registry_cache
from events.access import policy
from events.access.metadata import metadata_for, metadata_of_field
from events.broadcast import broadcast_event
from events.core.event_types import Field, Option, Viewer
from events.core.limits import LIMITS
from events.mcp.models import McpServer
from events.models import Category, EventField, EventType, FieldOption
from events.validation import InactiveEventType

pytestmark = pytest.mark.django_db

AUDIT = {"login_failed", "access_change", "endpoint_changed"}


def field_of(type_id: str, name: str) -> Field:
    field = registry_cache.refresh().types[type_id].field(name)
    assert field is not None
    return field


def test_the_registry_is_read_once_and_then_costs_no_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    first = registry_cache.current()
    with django_assert_num_queries(0):
        assert registry_cache.current() is first


def test_a_look_costs_one_query_when_nothing_has_changed(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    first = registry_cache.current()
    with django_assert_num_queries(1):
        assert registry_cache.refresh() is first


def test_loading_costs_as_many_queries_for_many_types_as_for_few(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(30):
        event_type = EventType.objects.create(id=f"type_{number}", category_id="user", label="Type")
        event_type.fields.create(name="state", label="State", data_key="state").options.create(value="on")
    with django_assert_max_num_queries(10):
        registry_cache.refresh()


def test_an_older_registry_stays_as_it_was_when_rows_change() -> None:
    before = registry_cache.current()
    EventType.objects.filter(pk="user_login").update(label="Hello")
    after = registry_cache.refresh()
    assert after.version > before.version
    assert (before.types["user_login"].label, after.types["user_login"].label) == ("User login", "Hello")


class Unwanted(Exception):
    pass


@pytest.mark.django_db(transaction=True)
def test_what_was_only_seen_by_a_transaction_that_rolls_back_is_not_kept() -> None:
    with suppress(Unwanted), transaction.atomic():
        EventType.objects.create(id="never_made", category_id="user", label="Type")
        seen = registry_cache.refresh()
        assert "never_made" in seen.types
        raise Unwanted
    EventType.objects.filter(pk="user_login").update(label="Hello")
    registry = registry_cache.refresh()
    assert registry.version == seen.version
    assert "never_made" not in registry.types
    assert registry.types["user_login"].label == "Hello"


def another_process_renames_a_type() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE events_eventtype SET label = 'Hello' WHERE id = 'user_login'")
        cursor.execute("UPDATE events_revision SET registry = registry + 1")


def test_looking_again_is_bounded_in_time(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    registry_cache.current()
    another_process_renames_a_type()
    for look, bound in ((registry_cache.reread, "REREAD_AFTER"), (registry_cache.recent, "RECENT_S")):
        monkeypatch.setattr(registry_cache, bound, 60)
        with django_assert_num_queries(0):
            assert look().types["user_login"].label == "User login"
    monkeypatch.setattr(registry_cache, "RECENT_S", 0)
    assert registry_cache.recent().types["user_login"].label == "Hello"


def test_what_this_process_has_changed_counts_for_its_next_event(monkeypatch: pytest.MonkeyPatch) -> None:
    for bound in ("REREAD_AFTER", "RECENT_S"):
        monkeypatch.setattr(registry_cache, bound, 60)
    broadcast_event("user_login", {"username": "alice"})
    EventType.objects.filter(pk="user_login").update(is_active=False)
    with pytest.raises(InactiveEventType):
        broadcast_event("user_login", {"username": "alice"})
    EventType.objects.create(id="made_now", category_id="user", label="Made now")
    broadcast_event("made_now", {})


def test_a_renamed_server_is_an_option_at_once_and_any_string_may_be_asked_for() -> None:
    server = McpServer.objects.create(name="oracle_mcp", url="http://127.0.0.1/mcp")
    assert field_of("mcp_status_change", "mcp_names").options == (Option("oracle_mcp", "oracle_mcp"),)
    server.name = "postgres_mcp"
    server.save()
    field = field_of("mcp_status_change", "mcp_names")
    assert field.options == (Option("postgres_mcp", "postgres_mcp"),)
    assert field.live
    assert field.folded_options is None


def test_group_names_are_options_shown_only_to_those_signed_in() -> None:
    Group.objects.create(name="developers")
    field = field_of("user_login", "user_roles")
    assert [option.value for option in field.options] == ["admin", "staff", "auditors", "developers"]
    assert metadata_of_field(field, signed_in=False)["options"] == []


def test_a_type_of_several_severities_has_a_filter_for_them_by_itself_unless_an_admin_made_one() -> None:
    EventField.objects.filter(event_type="user_action").delete()
    assert field_of("user_action", "severity").allowed_values == "info, warning"
    assert registry_cache.current().types["user_login"].field("severity") is None  # it has but one level
    EventField.objects.create(
        event_type_id="user_action", name="grade", label="Grade", data_key="severity", type="text"
    )
    assert registry_cache.refresh().types["user_action"].field("severity") is None


def test_severity_options_are_the_levels_of_the_type() -> None:
    EventType.objects.filter(pk="circuit_breaker_state").update(severity_levels=["error", "critical"])
    assert field_of("circuit_breaker_state", "severity").allowed_values == "error, critical"


def test_static_options_have_their_order_and_the_value_for_a_label() -> None:
    field = EventField.objects.get(event_type="circuit_breaker_state", name="state")
    FieldOption.objects.create(field=field, value="jammed", label="Jammed", order=1)
    assert field_of("circuit_breaker_state", "state").options[:2] == (
        Option("jammed", "Jammed"),
        Option("closed", "closed"),
    )


def test_types_stand_in_the_order_of_their_categories_and_their_own() -> None:
    Category.objects.filter(pk="audit").update(order=0)
    EventType.objects.filter(pk="endpoint_changed").update(order=0)
    assert list(registry_cache.refresh().types)[:2] == ["endpoint_changed", "login_failed"]


@pytest.mark.parametrize(
    ("name", "sees_audit"), [("member", True), ("superuser", True), ("other", False), ("anonymous", False)]
)
def test_only_auditors_and_superusers_learn_of_audit_types(name: str, sees_audit: bool) -> None:
    auditors = Group.objects.get(name="auditors")
    user: User | AnonymousUser = AnonymousUser()
    if name != "anonymous":
        user = User.objects.create_user(name, is_superuser=name == "superuser")
        if name == "member":
            user.groups.add(auditors)
    registry, viewer = registry_cache.refresh(), policy.viewer_of(user)
    assert policy.scopes_of(viewer, registry).keys() & AUDIT == (AUDIT if sees_audit else set())
    categories = [category["id"] for category in metadata_for(viewer, registry, LIMITS)["categories"]]
    assert ("audit" in categories) is sees_audit


def test_a_deactivated_user_is_nobody() -> None:
    user = User.objects.create_user("ada", is_superuser=True, is_active=False)
    assert policy.viewer_of(user) == Viewer(signed_in=False)


def test_nobody_sees_an_inactive_type() -> None:
    EventType.objects.filter(pk="user_login").update(is_active=False)
    assert "user_login" not in policy.scopes_of(Viewer(is_superuser=True), registry_cache.refresh())
