"""Event types in the admin: what is saved works at once, and what is wrong is refused at its input."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from pytest_django import Settings

from events import registry_cache
from events.access import policy
from events.access.metadata import metadata_for
from events.broadcast import InvalidData, broadcast_event
from events.core import filters
from events.core.event_types import Viewer
from events.core.limits import LIMITS
from events.mcp.models import McpServer
from events.models import Category, EventField, EventType, FieldOption
from tests.events.admin_forms import errors_of, messages_of, open_form, save, submit, with_another_row

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files")]

TYPES = "/admin/events/eventtype/"
ADD = f"{TYPES}add/"
NEW_TYPE = {
    "id": "order_paid",
    "category": "user",
    "label": "Order paid",
    "icon": "💶",
    "summary": "{customer} paid {amount}",
    "severity_levels": ["info", "error"],
}
NEW_FIELD = {
    "fields__0__name": "method",
    "fields__0__label": "Method",
    "fields__0__new_options": "card | Credit card\n\n cash \ncard",
}


def page_of_type(id: str) -> str:
    return f"{TYPES}{id}/change/"


def page_of_field(type_id: str, name: str) -> str:
    field = EventField.objects.get(event_type=type_id, name=name)
    return f"/admin/events/eventfield/{field.pk}/change/"


def options_of(type_id: str, name: str) -> list[str]:
    return list(FieldOption.objects.filter(field__event_type=type_id, field__name=name).values_list("value", flat=True))


@pytest.fixture
def staff(client: Client) -> Client:
    """Somebody who may enter the admin, and nothing else."""
    client.force_login(User.objects.create_user("staff", is_staff=True))
    return client


def allow(client: Client, *permissions: str) -> None:
    user = User.objects.get(username="staff")
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))


def test_a_type_made_in_one_form_is_known_filtered_and_broadcast_at_once(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry_cache, "REREAD_AFTER", 0)
    registry_cache.current()

    saved = submit(admin_client, ADD, **NEW_TYPE, **NEW_FIELD)

    assert saved.redirect_chain, errors_of(saved)
    event = broadcast_event("order_paid", {"customer": "Ada", "amount": 12, "method": "cash", "severity": "error"})
    assert event.severity == "error"
    with pytest.raises(InvalidData, match='"stones" is not an option; allowed: card, cash'):
        broadcast_event("order_paid", {"method": "stones"})
    order_paid = registry_cache.current().types["order_paid"]
    asked = filters.parse_filters({"method": ["cash"]}, [order_paid])["order_paid"]
    assert filters.matches(asked, event.payload)
    metadata = metadata_for(Viewer(), registry_cache.current(), LIMITS)
    (user,) = (category for category in metadata["categories"] if category["id"] == "user")
    (shown,) = (each for each in user["events"] if each["id"] == "order_paid")
    assert shown["severity_levels"] == ["info", "error"]
    field, severity = shown["filterable_fields"]
    assert (severity["name"], severity["options"]) == ("severity", ["info", "error"])  # by itself
    assert (field["name"], field["operator"], field["options"]) == ("method", "in", ["card", "cash"])
    assert field["option_labels"] == {"card": "Credit card"}


def test_after_saving_a_type_the_admin_says_what_it_did_and_leads_to_the_page(admin_client: Client) -> None:
    saved = submit(admin_client, ADD, **NEW_TYPE, **NEW_FIELD)
    text = " ".join(messages_of(saved))
    assert "“Method”: added 2 options (card, cash)." in text
    assert '<a href="/events?tab=user&amp;event_type=order_paid">Open on /events</a>' in text


def test_a_type_saved_inactive_is_said_to_be_so(admin_client: Client) -> None:
    page = admin_client.get(page_of_type("user_login"))
    assert page.context["adminform"].form["is_active"].value() is True
    saved = submit(admin_client, page_of_type("user_login"), is_active="")
    assert any("is inactive" in message for message in messages_of(saved))
    assert "user_login" not in policy.scopes_of(Viewer(is_superuser=True), registry_cache.refresh())


def test_severities_are_ticked_as_checkboxes(admin_client: Client) -> None:
    page = admin_client.get(page_of_type("circuit_breaker_state"))
    assert '<input type="checkbox" name="severity_levels" value="critical"' in page.content.decode()
    submit(admin_client, page_of_type("circuit_breaker_state"), severity_levels=["critical", "info"])
    assert EventType.objects.get(pk="circuit_breaker_state").severity_levels == ["info", "critical"]


def test_a_type_without_a_severity_is_refused(admin_client: Client) -> None:
    refused = submit(admin_client, ADD, **NEW_TYPE | {"severity_levels": []})
    assert set(errors_of(refused)) == {"severity_levels"}


def test_what_is_left_empty_of_a_field_gets_the_usual_value(admin_client: Client) -> None:
    submit(admin_client, ADD, **NEW_TYPE, **NEW_FIELD)
    field = EventField.objects.get(event_type="order_paid")
    assert (field.data_key, field.operator) == ("method", "in")


def test_a_new_type_of_a_field_brings_its_usual_operator(admin_client: Client) -> None:
    url = page_of_type("mcp_auto_disabled")
    submit(admin_client, url, fields__1__type="text")
    assert EventField.objects.get(name="min_failure_cycles").operator == "contains"


def test_a_select_field_without_options_is_refused_where_they_are_entered(admin_client: Client) -> None:
    refused = submit(admin_client, ADD, **NEW_TYPE, **NEW_FIELD | {"fields__0__new_options": ""})
    assert errors_of(refused) == {
        "fields-0-new_options": "Give at least one option, one per line, or choose another source of options."
    }
    assert not EventType.objects.filter(pk="order_paid").exists()


MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    ({"id": "subscribed"}, "id", "“subscribed” is a word of the protocol; choose another."),
    ({"id": "Order Paid"}, "id", "Use 2 to 64 lower-case letters"),
    ({"id": "user_login"}, "id", "already exists"),
    ({"summary": "{customer!r}"}, "summary", "Only {name} is understood"),
    ({"fields__0__type": "number", "fields__0__operator": "in"}, "fields-0-operator", "“is at least”"),
    ({"fields__0__type": "number"}, "fields-0-new_options", "A number field has no options."),
    ({"fields__0__options_source": "mcp_servers"}, "fields-0-new_options", "choose “Static list”"),
    ({"fields__0__new_options": "| Cash"}, "fields-0-new_options", "Line 1, “| Cash”, has no value"),
    ({"fields__0__new_options": "a\n" + "b" * 101}, "fields-0-new_options", "at most 100 are allowed"),
    ({"fields__0__new_options": "\n".join(map(str, range(501)))}, "fields-0-new_options", "at most 500 options"),
    ({"fields__0__name": "my method"}, "fields-0-name", "letters, digits and underscores"),
]


def test_a_mistake_is_shown_at_its_input(admin_client: Client) -> None:
    opened = open_form(admin_client, ADD)
    for filled_in, input_, message in MISTAKES:
        refused = save(admin_client, ADD, opened, **NEW_TYPE | NEW_FIELD | filled_in)
        assert message in errors_of(refused)[input_], filled_in
        assert not EventType.objects.filter(pk="order_paid").exists(), filled_in


def test_options_pasted_to_a_field_add_what_is_missing_and_keep_the_rest(admin_client: Client) -> None:
    url = page_of_field("circuit_breaker_state", "state")
    saved = submit(admin_client, url, new_options="open | Offen\njammed | Jammed")
    assert options_of("circuit_breaker_state", "state") == ["closed", "open", "half_open", "jammed"]
    assert FieldOption.objects.get(value="open").label == ""
    assert "“State”: added 1 option (jammed); already there: open." in messages_of(saved)
    assert saved.redirect_chain[-1][0] == page_of_type("circuit_breaker_state")


def test_an_option_both_pasted_and_added_as_a_row_is_there_once(admin_client: Client) -> None:
    url = page_of_field("circuit_breaker_state", "state")
    more = with_another_row(admin_client, url, "options")
    submit(admin_client, url, new_options="jammed", **more, **{"options-3-value": "jammed", "options-3-order": 5})
    assert options_of("circuit_breaker_state", "state").count("jammed") == 1


def test_a_field_with_many_options_can_still_be_edited(admin_client: Client) -> None:
    field = EventField.objects.get(event_type="mcp_status_change", name="old_status")
    field.options.bulk_create(FieldOption(field=field, value=f"v{number}", order=99) for number in range(248))
    url = page_of_field("mcp_status_change", "old_status")
    submit(admin_client, url, options__249__label="The last", label="Before")
    assert FieldOption.objects.filter(field__label="Before", label="The last").exists()


def test_the_last_option_of_a_field_cannot_be_taken_away(admin_client: Client) -> None:
    url = page_of_field("mcp_status_change", "old_status")
    refused = submit(admin_client, url, options__0__DELETE="on", options__1__DELETE="on")
    assert "Give at least one option" in errors_of(refused)["options"]
    submit(admin_client, url, options__0__DELETE="on", options__1__DELETE="on", new_options="asleep")
    assert options_of("mcp_status_change", "old_status") == ["asleep"]


def test_the_identifier_is_fixed_once_saved(admin_client: Client) -> None:
    page = admin_client.get(page_of_type("user_login"))
    assert "id" not in page.context["adminform"].form.fields
    submit(admin_client, page_of_type("user_login"), id="other", label="Came in")
    assert EventType.objects.get(pk="user_login").label == "Came in"
    assert not EventType.objects.filter(pk="other").exists()


def test_a_type_with_events_is_not_deleted_but_deactivated_says_the_page(admin_client: Client) -> None:
    broadcast_event("user_login", {"username": "ada"})
    for page in (
        admin_client.get(f"{TYPES}user_login/delete/"),
        admin_client.post(TYPES, {"action": "delete_selected", "_selected_action": ["user_login"]}),
        admin_client.post(f"{TYPES}user_login/delete/", {"post": "yes"}),
    ):
        assert "Make the type inactive instead" in page.content.decode()
        assert "History cannot bring back" not in page.content.decode()
    assert EventType.objects.filter(pk="user_login").exists()


def test_a_type_without_events_can_be_deleted_and_the_page_says_that_there_is_no_way_back(admin_client: Client) -> None:
    for page in (
        admin_client.get(f"{TYPES}user_action/delete/"),
        admin_client.post(TYPES, {"action": "delete_selected", "_selected_action": ["user_action"]}),
    ):
        assert "History cannot bring back what is deleted." in page.content.decode()
    admin_client.post(f"{TYPES}user_action/delete/", {"post": "yes"})
    assert "user_action" not in registry_cache.refresh().types


def test_types_are_deactivated_and_activated_from_the_list(admin_client: Client) -> None:
    for action, word in (("deactivate", "inactive"), ("activate", "active")):
        data = {"action": action, "_selected_action": ["user_login", "user_logout"]}
        asked = admin_client.post(TYPES, data)
        assert f"{action.capitalize()} 2 event types" in asked.content.decode()
        assert ("user_login" in policy.scopes_of(Viewer(), registry_cache.refresh())) is (action == "deactivate")
        done = admin_client.post(TYPES, {**data, "confirmed": "yes"}, follow=True)
        assert messages_of(done) == [f"Now {word}: 👤 User login, 🚪 User logout."]
        assert ("user_login" in policy.scopes_of(Viewer(), registry_cache.refresh())) is (action == "activate")
        again = admin_client.post(TYPES, data, follow=True)
        assert messages_of(again) == [f"All of these are {word} already."]


def test_a_category_is_made_and_stands_among_the_others(admin_client: Client) -> None:
    submit(admin_client, "/admin/events/category/add/", id="shop", label="Shop", order=5)
    assert registry_cache.refresh().categories[0].id == "shop"
    assert "id" not in admin_client.get("/admin/events/category/shop/change/").context["adminform"].form.fields


def test_a_category_with_types_is_kept(admin_client: Client) -> None:
    page = admin_client.post("/admin/events/category/mcp/delete/", {"post": "yes"})
    assert "MCP status change" in page.content.decode()
    assert Category.objects.filter(pk="mcp").exists()


def test_a_server_added_in_the_admin_is_an_option_at_once(admin_client: Client, settings: Settings) -> None:
    settings.MCP_ALLOWED_HOSTS = ["127.0.0.1"]
    saved = submit(admin_client, "/admin/mcp/mcpserver/add/", name="oracle_mcp", url="http://127.0.0.1:3001/mcp")
    assert saved.redirect_chain, errors_of(saved)
    field = registry_cache.refresh().types["mcp_status_change"].field("mcp_names")
    assert field is not None
    assert [option.value for option in field.options] == ["oracle_mcp"]
    assert "oracle_mcp" in admin_client.get("/admin/mcp/mcpserver/").content.decode()


def test_a_server_needs_a_plain_name_and_a_web_address(admin_client: Client) -> None:
    refused = submit(admin_client, "/admin/mcp/mcpserver/add/", name="Oracle MCP", url="file:///etc/passwd")
    assert set(errors_of(refused)) == {"name", "url"}
    assert not McpServer.objects.exists()


PAGES = {
    TYPES: "view_eventtype",
    ADD: "add_eventtype",
    page_of_type("user_login"): "view_eventtype",
    "/admin/events/category/": "view_category",
    "/admin/events/event/": "view_event",
    "/admin/mcp/mcpserver/": "view_mcpserver",
    "/admin/knox/authtoken/": "view_authtoken",
}


@pytest.mark.parametrize("url", PAGES)
def test_staff_without_permission_sees_nothing(staff: Client, url: str) -> None:
    assert staff.get(url).status_code == 403
    assert url not in staff.get("/admin/").content.decode()
    allow(staff, PAGES[url])
    assert staff.get(url).status_code == 200


def test_who_may_only_look_gets_nothing_to_change(staff: Client) -> None:
    allow(staff, "view_eventtype", "view_eventfield")
    for url in (page_of_type("circuit_breaker_state"), page_of_field("circuit_breaker_state", "state")):
        page = staff.get(url)
        assert page.status_code == 200
        assert 'name="_save"' not in page.content.decode()
        assert staff.post(url, {"label": "Mine"}).status_code == 403
    assert EventType.objects.get(pk="circuit_breaker_state").label == "Circuit breaker state"


def test_who_may_change_fields_may_change_their_options(staff: Client) -> None:
    allow(staff, "view_eventtype", "change_eventfield")
    submit(staff, page_of_field("circuit_breaker_state", "state"), new_options="jammed", options__0__label="Shut")
    assert options_of("circuit_breaker_state", "state")[-1] == "jammed"
    assert FieldOption.objects.get(value="closed").label == "Shut"


def test_the_admin_restricts_a_type_to_a_group(admin_client: Client) -> None:
    developers = Group.objects.create(name="developers")
    submit(admin_client, page_of_type("user_login"), restricted=True, allowed_groups=[developers.pk])
    registry = registry_cache.refresh()
    assert "user_login" not in policy.scopes_of(Viewer(), registry)
    assert "user_login" in policy.scopes_of(Viewer(groups=frozenset({developers.pk})), registry)


def test_the_counters_of_the_log_and_the_registry_are_not_in_the_admin(admin_client: Client) -> None:
    assert admin_client.get("/admin/events/loghead/").status_code == 404
    assert admin_client.get("/admin/events/revision/").status_code == 404
