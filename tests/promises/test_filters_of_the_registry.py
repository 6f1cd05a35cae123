"""Every filter of a fresh database selects and rejects as the protocol says, in index and predicate alike."""

from __future__ import annotations

from typing import Any

import pytest

from events import registry_cache
from events.core.event_types import Registry
from events.core.filters import FilterError, matches, parse_filters
from subscriptions.matching.matcher import Matcher

pytestmark = pytest.mark.django_db


def selected(registry: Registry, chosen: list[str], filters: dict[str, Any], event_type: str, data: Any) -> bool:
    of_type = parse_filters(filters, [registry.types[each] for each in chosen])
    matcher: Matcher[str] = Matcher()
    for each, filter in of_type.items():
        matcher.add(each, filter, "subscriber")
    found = list(matcher.match(event_type, data)) == ["subscriber"]
    assert found == (event_type in of_type and matches(of_type[event_type], data))
    return found


# event type, filter, a value asked for, a payload member that it selects, one that it rejects
SELECTS = [
    ("mcp_status_change", "mcp_names", ["oracle_mcp"], {"mcp_name": "oracle_mcp"}, {"mcp_name": "postgres_mcp"}),
    ("mcp_status_change", "old_status", ["active"], {"old_status": "active"}, {"old_status": "inactive"}),
    ("mcp_status_change", "new_status", ["inactive"], {"new_status": "inactive"}, {"new_status": "active"}),
    ("mcp_status_change", "severity", ["critical"], {"severity": "critical"}, {"severity": "info"}),
    ("circuit_breaker_state", "mcp_names", ["a"], {"mcp_name": "a"}, {"mcp_name": "b"}),
    (
        "circuit_breaker_state",
        "state",
        ["half_open"],
        {"state": "half_open"},
        {"state": "open", "new_state": "half_open"},
    ),
    ("circuit_breaker_state", "severity", ["warning"], {"severity": "warning"}, {"severity": "error"}),
    ("mcp_health_check", "mcp_names", ["a"], {"mcp_name": "a"}, {"mcp_name": "b"}),
    ("mcp_health_check", "health_status", ["degraded"], {"health_status": "degraded"}, {"health_status": "healthy"}),
    ("mcp_health_check", "severity", ["error"], {"severity": "error"}, {"severity": "info"}),
    ("mcp_auto_disabled", "mcp_names", ["a"], {"mcp_name": "a"}, {"mcp_name": "b"}),
    ("mcp_auto_disabled", "min_failure_cycles", 3, {"failure_cycles": 3}, {"failure_cycles": 2}),
    ("mcp_tools_changed", "mcp_names", ["a"], {"mcp_name": "a"}, {"mcp_name": "b"}),
    ("mcp_tools_changed", "state", ["changed"], {"state": "changed"}, {"state": "as_approved"}),
    (
        "mcp_tools_changed",
        "flags",
        ["like_tool"],
        {"flags": ["became_destructive", "like_tool"]},
        {"flags": ["became_destructive"]},
    ),
    ("mcp_tools_changed", "severity", ["critical"], {"severity": "critical"}, {"severity": "info"}),
    ("mcp_maintenance", "mcp_names", ["a"], {"mcp_name": "a"}, {"mcp_name": "b"}),
    ("mcp_maintenance", "state", ["began"], {"state": "began"}, {"state": "ended"}),
    ("mcp_maintenance", "severity", ["info"], {"severity": "info"}, {"severity": "warning"}),
    ("certificate_expires", "mcp_names", ["a"], {"mcp_name": "a"}, {"mcp_name": "b"}),
    ("certificate_expires", "max_days", 7, {"days": 7}, {"days": 8}),
    ("certificate_expires", "severity", ["error"], {"severity": "error"}, {"severity": "warning"}),
    ("user_login", "user_roles", ["admin"], {"user_roles": ["staff", "admin"]}, {"user_roles": ["staff"]}),
    ("user_action", "action_type", ["deleted"], {"action_type": "deleted"}, {"action_type": "added"}),
    ("user_action", "user_roles", ["staff"], {"user_roles": ["staff"]}, {"user_roles": []}),
    ("user_action", "severity", ["warning"], {"severity": "warning"}, {"severity": "info"}),
    ("user_logout", "user_roles", ["admin"], {"user_roles": ["admin"]}, {"user_roles": ["dba"]}),
    ("mcp_fleet_summary", "severity", ["warning"], {"severity": "warning"}, {"severity": "info"}),
    ("config_change", "model", ["event_type"], {"model": "event_type"}, {"model": "group"}),
    ("config_change", "action", ["added"], {"action": "added"}, {"action": "deleted"}),
    ("system_error", "component", "post", {"component": "PostgreSQL"}, {"component": "valkey"}),
    ("system_error", "severity", ["critical"], {"severity": "critical"}, {"severity": "error"}),
    ("component_health", "component", ["database"], {"component": "database"}, {"component": "monitor"}),
    ("component_health", "new_state", ["down"], {"new_state": "down"}, {"new_state": "up"}),
    ("component_health", "severity", ["error"], {"severity": "error"}, {"severity": "info"}),
    ("login_failed", "severity", ["error"], {"severity": "error"}, {"severity": "warning"}),
    ("access_change", "kind", ["token"], {"kind": "token"}, {"kind": "role"}),
    ("access_change", "severity", ["warning"], {"severity": "warning"}, {"severity": "error"}),
    ("endpoint_changed", "mcp_names", ["a"], {"mcp_name": "a"}, {"mcp_name": "b"}),
    ("destination_suspended", "kind", ["webhook"], {"kind": "webhook"}, {"kind": "email"}),
    ("destination_suspended", "state", ["ended"], {"state": "ended"}, {"state": "suspended"}),
    ("destination_suspended", "owner", "ada", {"owner": "ada"}, {"owner": "bob"}),
    ("destination_suspended", "severity", ["error"], {"severity": "error"}, {"severity": "warning"}),
    ("delivery_given_up", "kind", ["webhook"], {"kind": "webhook"}, {"kind": "email"}),
    ("delivery_given_up", "owner", "ada", {"owner": "ada"}, {"owner": "bob"}),
    ("delivery_given_up", "of_type", "a", {"event_type": "a"}, {"event_type": "b"}),
    ("delivery_given_up", "severity", ["warning"], {"severity": "warning"}, {"severity": "error"}),
]


@pytest.mark.parametrize(("event_type", "name", "asked", "selects", "rejects"), SELECTS)
def test_a_filter_selects_and_rejects(
    event_type: str, name: str, asked: object, selects: dict[str, Any], rejects: dict[str, Any]
) -> None:
    registry = registry_cache.current()
    field = registry.types[event_type].field(name)
    assert field is not None
    assert selected(registry, [event_type], {name: asked}, event_type, selects)
    assert not selected(registry, [event_type], {name: asked}, event_type, rejects)
    assert not selected(registry, [event_type], {name: asked}, event_type, {})
    assert not selected(registry, [event_type], {name: asked}, event_type, {field.data_key: None})


def test_every_declared_filter_is_in_the_table() -> None:
    declared = {(type.id, field.name) for type in registry_cache.current().types.values() for field in type.fields}
    assert declared == {row[:2] for row in SELECTS}


A_OR_B_IN_ERROR = {"mcp_names": ["a", "b"], "severity": ["error"]}

# filters on these types, an event of the first, whether it is selected
MEANINGS: list[tuple[list[str], dict[str, Any], dict[str, Any], bool]] = [
    # Values of one filter are alternatives, several filters must all hold.
    (["mcp_status_change"], A_OR_B_IN_ERROR, {"mcp_name": "b", "severity": "error"}, True),
    (["mcp_status_change"], A_OR_B_IN_ERROR, {"mcp_name": "b", "severity": "info"}, False),
    (["mcp_status_change"], A_OR_B_IN_ERROR, {"mcp_name": "c", "severity": "error"}, False),
    # What asks nothing.
    (["mcp_status_change"], {"mcp_names": [], "severity": "", "old_status": None}, {}, True),
    # One value need not be a list; case does not count.
    (["mcp_status_change"], {"mcp_names": "ORACLE_mcp"}, {"mcp_name": "oracle_mcp"}, True),
    (["mcp_status_change"], {"severity": "Error"}, {"severity": "error"}, True),
    (["system_error"], {"component": "STRASSE"}, {"component": "Straße"}, True),
    # Nor does the way in which an accent is written; forms that are other characters stay such.
    (["system_error"], {"component": "caf\u00e9"}, {"component": "at the Cafe\u0301"}, True),
    (["system_error"], {"component": "CAFE\u0301"}, {"component": "caf\u00e9s"}, True),
    (["mcp_status_change"], {"mcp_names": "\u1e9b\u0323"}, {"mcp_name": "\u017f\u0323\u0307"}, True),
    (["mcp_status_change"], {"mcp_names": "\u212b"}, {"mcp_name": "a\u030a"}, True),
    (["system_error"], {"component": "cafe"}, {"component": "caf\u00e9"}, False),
    (["mcp_status_change"], {"mcp_names": "m2"}, {"mcp_name": "m\u00b2"}, False),
    # A filter binds only the types that declare it.
    (["user_logout", "mcp_status_change"], {"severity": ["error"]}, {"user_roles": []}, True),
    # A value that only another type allows never matches this one.
    (["circuit_breaker_state", "mcp_status_change"], {"severity": ["critical"]}, {"severity": "error"}, False),
    (["circuit_breaker_state", "mcp_status_change"], {"severity": ["critical", "error"]}, {"severity": "error"}, True),
    # Numbers: the lowest bound counts, text is understood, booleans are none.
    (["mcp_auto_disabled"], {"min_failure_cycles": [5, 3]}, {"failure_cycles": 4}, True),
    (["mcp_auto_disabled"], {"min_failure_cycles": "3.5"}, {"failure_cycles": 3}, False),
    (["mcp_auto_disabled"], {"min_failure_cycles": 0}, {"failure_cycles": True}, False),
    (["mcp_auto_disabled"], {"min_failure_cycles": 3}, {"failure_cycles": "3"}, False),
    (["mcp_auto_disabled"], {"min_failure_cycles": 3}, {"failure_cycles": [1, 3]}, True),
    # Other values compare by their JSON text.
    (["user_action"], {"user_roles": [True]}, {"user_roles": True}, True),
    (["user_action"], {"user_roles": ["1"]}, {"user_roles": 1}, True),
    (["user_action"], {"user_roles": ["a"]}, {"user_roles": {"a": 1}}, False),
]  # fmt: skip


@pytest.mark.parametrize(("chosen", "filters", "data", "expected"), MEANINGS)
def test_filters_mean_what_the_protocol_says(
    chosen: list[str], filters: dict[str, Any], data: dict[str, Any], expected: bool
) -> None:
    assert selected(registry_cache.current(), chosen, filters, chosen[0], data) is expected


def test_a_server_that_is_not_registered_yet_can_be_asked_for() -> None:
    assert parse_filters({"mcp_names": ["of_tomorrow"]}, [registry_cache.current().types["mcp_status_change"]])


@pytest.mark.parametrize("value", [True, "x", float("inf"), "nan", "1e999", [[1]]])
def test_a_number_filter_takes_only_numbers(value: object) -> None:
    with pytest.raises(FilterError) as refused:
        parse_filters({"min_failure_cycles": value}, [registry_cache.current().types["mcp_auto_disabled"]])
    assert refused.value.code == "invalid_filter"
