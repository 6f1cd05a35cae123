"""What a fresh database has."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import Group

from events import registry_cache
from events.core.event_types import EventType as FrozenType
from events.models import Category, Event, EventType, LogHead, Revision
from tests.cases import each_case

seed = import_module("events.migrations.0002_seed").seed

pytestmark = pytest.mark.django_db

ALL = "info warning error critical"
# type: category, filters as `name → member operator`, severities
DESIGN = {
    "mcp_status_change": ("mcp", "mcp_names→mcp_name in, old_status in, new_status in, severity in", ALL),
    "circuit_breaker_state": ("mcp", "mcp_names→mcp_name in, state in, severity in", "info warning error"),
    "mcp_health_check": ("mcp", "mcp_names→mcp_name in, health_status in, severity in", "info warning error"),
    "mcp_auto_disabled": ("mcp", "mcp_names→mcp_name in, min_failure_cycles→failure_cycles gte", "critical"),
    "mcp_fleet_summary": ("mcp", "severity in", "info warning"),
    "mcp_tools_changed": ("mcp", "mcp_names→mcp_name in, state in, flags in, severity in", ALL),
    "mcp_maintenance": ("mcp", "mcp_names→mcp_name in, state in, severity in", "info"),
    "certificate_expires": ("mcp", "mcp_names→mcp_name in, max_days→days lte, severity in", "warning error"),
    "user_login": ("user", "user_roles in", "info"),
    "user_action": ("user", "action_type in, user_roles in, severity in", "info warning"),
    "user_logout": ("user", "user_roles in", "info"),
    "config_change": ("system", "model in, action in", "info"),
    "system_error": ("system", "component contains, severity in", "error critical"),
    "component_health": ("system", "component in, new_state in, severity in", "info warning error"),
    "login_failed": ("audit", "severity in", "warning error"),
    "access_change": ("audit", "kind in, severity in", "warning"),
    "endpoint_changed": ("audit", "mcp_names→mcp_name in", "warning"),
    "destination_suspended": ("audit", "kind in, state in, owner contains, severity in", "error"),
    "delivery_given_up": ("audit", "kind in, owner contains, of_type→event_type eq, severity in", "warning"),
}
OPTIONS = {
    ("mcp_status_change", "old_status"): "active inactive",
    ("mcp_status_change", "new_status"): "active inactive",
    ("circuit_breaker_state", "state"): "closed open half_open",
    ("mcp_health_check", "health_status"): "healthy degraded unhealthy",
    ("mcp_tools_changed", "state"): "changed as_approved first_seen",
    ("mcp_maintenance", "state"): "began ended",
    ("component_health", "component"): "monitor channel_layer database",
    ("access_change", "kind"): "role permission token active destination",
    ("config_change", "action"): "added changed deleted",
}


def described(event_type: FrozenType) -> tuple[str, str, str]:
    fields = (
        f"{field.name}{'' if field.data_key == field.name else f'→{field.data_key}'} {field.operator}"
        for field in event_type.fields
    )
    return event_type.category, ", ".join(fields), " ".join(event_type.severities)


def test_a_fresh_database_has_the_event_types_of_the_design_and_no_other() -> None:
    assert {id: described(each) for id, each in registry_cache.current().types.items()} == DESIGN


@each_case(("type_id", "name"), OPTIONS)
def test_the_options_are_those_of_the_design(type_id: str, name: str) -> None:
    field = registry_cache.current().types[type_id].field(name)
    assert field is not None
    assert " ".join(option.value for option in field.options) == OPTIONS[type_id, name]
    assert field.is_static


@each_case("type_id", DESIGN)
def test_every_type_can_be_read_by_people(type_id: str) -> None:
    event_type = registry_cache.current().types[type_id]
    assert event_type.icon
    assert event_type.label
    assert event_type.description
    assert event_type.summary
    assert event_type.payload_check == "reject"
    assert event_type.active


def test_what_is_told_of_a_server_has_it_as_its_subject() -> None:
    types = registry_cache.current().types.values()
    assert {each.subject for each in types if each.field("mcp_names")} == {"mcp_name"}


@each_case("type_id", DESIGN)
def test_every_row_passes_the_checks_of_the_admin(type_id: str) -> None:
    event_type = EventType.objects.get(pk=type_id)
    event_type.full_clean()
    for field in event_type.fields.all():
        field.full_clean()
        for option in field.options.all():
            option.full_clean()


def test_audit_types_are_for_auditors_kept_a_year_and_never_emitted_from_outside() -> None:
    auditors = Group.objects.get(name="auditors")
    for event_type in EventType.objects.all():
        audit = event_type.category_id == "audit"
        assert list(event_type.allowed_groups.all()) == ([auditors] if audit else [])
        assert event_type.external is not audit
        assert event_type.retention_days == (365 if audit else None)


def test_the_log_begins_at_position_zero_of_a_random_epoch() -> None:
    head = LogHead.objects.get()
    assert head.position == 0
    assert len(bytes.fromhex(head.epoch)) == 8
    assert not Event.objects.exists()


def test_seeding_again_adds_what_is_missing_and_touches_no_edit() -> None:
    EventType.objects.filter(pk="user_login").update(label="Somebody came", is_active=False)
    EventType.objects.get(pk="user_login").fields.all().delete()
    EventType.objects.get(pk="login_failed").allowed_groups.clear()
    Category.objects.filter(pk="user").update(label="People")
    EventType.objects.filter(pk="user_logout").delete()
    epoch = LogHead.objects.get().epoch

    seed(apps, None)

    edited = EventType.objects.get(pk="user_login")
    assert (edited.label, edited.is_active, edited.fields.count()) == ("Somebody came", False, 0)
    assert not EventType.objects.get(pk="login_failed").allowed_groups.exists()
    assert Category.objects.get(pk="user").label == "People"
    assert EventType.objects.get(pk="user_logout").fields.get().name == "user_roles"
    assert LogHead.objects.get().epoch == epoch
    assert Revision.objects.count() == 1
