"""Two people, or two tabs, with the same form: whoever saves second does not undo what the first has saved."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from pytest_django import Settings

from eventhub.environment import network
from events.editing.shown import FIELD
from events.mcp.models import McpServer
from events.models import Category, EventField, EventType, FieldOption
from tests.events.admin_forms import errors_of, messages_of
from tests.events.editing.open_form import Page, row, two_pages
from tests.events.unread_pages import unread

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files")]

TYPE = "/admin/events/eventtype/mcp_status_change/change/"
CATEGORY = "/admin/events/category/mcp/change/"


def test_what_only_one_of_two_has_changed_of_a_type_is_kept_and_told() -> None:
    ops = Group.objects.create(name="ops")
    ada, bob = two_pages(TYPE)
    restricted = {"restricted": "True", "allowed_groups": [ops.pk]}
    assert ada.save(**restricted, description="Why", is_active="", external="").redirect_chain

    saved = bob.save(order=5)

    assert saved.redirect_chain, errors_of(saved)
    event_type = EventType.objects.get(pk="mcp_status_change")
    assert list(event_type.allowed_groups.all()) == [ops]
    assert (event_type.description, event_type.is_active, event_type.external) == ("Why", False, False)
    assert event_type.order == 5
    (told,) = (text for text in messages_of(saved) if "meanwhile" in text)
    assert "meanwhile by ada at " in told
    for label in ("allowed groups", "description", "active", "external"):
        assert label in told.lower() or label == "external"


def test_what_both_have_changed_is_refused_with_who_and_to_what_and_saved_after_a_second_look() -> None:
    ada, bob = two_pages(TYPE)
    ada.save(label="Ada's", description="Why")

    refused = bob.save(label="Bob's", order=5)

    assert not refused.redirect_chain
    assert "by ada at " in errors_of(refused)["label"]
    assert "it is now “Ada&#x27;s”" in refused.content.decode()
    assert "Not saved: changed meanwhile by ada at" in errors_of(refused)["__all__"]
    assert refused.context["adminform"].form["label"].value() == "Bob's"
    assert refused.context["adminform"].form["description"].value() == "Why"
    assert EventType.objects.get(pk="mcp_status_change").label == "Ada's"
    assert bob.save().redirect_chain
    event_type = EventType.objects.get(pk="mcp_status_change")
    assert (event_type.label, event_type.description, event_type.order) == ("Bob's", "Why", 5)


def test_a_second_look_is_at_one_state_a_third_save_is_refused_again() -> None:
    ada, bob = two_pages(CATEGORY)
    ada.save(label="One")
    bob.save(label="Bob's")
    Page("ada", CATEGORY).save(label="Two")
    assert "it is now “Two”" in errors_of(bob.save())["label"]
    assert bob.save().redirect_chain
    assert Category.objects.get(pk="mcp").label == "Bob's"


def test_both_may_change_it_to_the_same() -> None:
    ada, bob = two_pages(CATEGORY)
    ada.save(label="Servers")
    saved = bob.save(label="Servers", order=7)
    assert saved.redirect_chain
    assert not [text for text in messages_of(saved) if "meanwhile" in text]


def test_the_same_person_in_two_tabs_is_called_you() -> None:
    one, other = Page("ada", CATEGORY), Page("ada", CATEGORY)
    one.save(label="Servers")
    assert "by you, on another page, at " in errors_of(other.save(label="Machines"))["label"]


def test_a_change_by_code_is_not_undone_either() -> None:
    bob = Page("bob", CATEGORY)
    Category.objects.filter(pk="mcp").update(label="Servers")
    saved = bob.save(order=7)
    assert "by something else than a form of the admin, and left so: label." in " ".join(messages_of(saved))
    assert Category.objects.get(pk="mcp").label == "Servers"


def test_groups_permissions_and_people_are_not_put_back() -> None:
    permission = Permission.objects.get(codename="view_event")
    group = Group.objects.create(name="ops")
    cleo = User.objects.create_user("cleo", is_staff=True)
    ada, bob = two_pages(f"/admin/auth/group/{group.pk}/change/")
    ada.save(permissions=[permission.pk])
    assert bob.save(name="operators").redirect_chain
    assert list(group.permissions.all()) == [permission]
    ada, bob = two_pages(f"/admin/auth/user/{cleo.pk}/change/")
    ada.save(is_active="", groups=[group.pk], date_joined_0="2026-01-01", date_joined_1="12:00:00")
    assert bob.save(first_name="Cleo").redirect_chain
    cleo.refresh_from_db()
    assert (cleo.is_active, cleo.first_name, list(cleo.groups.all())) == (False, "Cleo", [group])
    assert f"{cleo.date_joined:%Y-%m-%d %H:%M:%S}" == "2026-01-01 12:00:00"


def test_a_login_meanwhile_is_not_put_back() -> None:
    cleo = User.objects.create_user("cleo", is_staff=True)
    bob = Page("bob", f"/admin/auth/user/{cleo.pk}/change/")
    Client().force_login(cleo)
    before = User.objects.get(username="cleo").last_login
    assert bob.save(first_name="Cleo").redirect_chain
    after = User.objects.get(username="cleo").last_login
    assert before is not None
    assert after == before.replace(microsecond=0)


class TestRows:
    def test_a_field_that_somebody_has_deleted_stays_so_when_the_other_has_not_touched_it(self) -> None:
        ada, bob = two_pages(TYPE)
        ada.save(**{f"fields__{row(ada, name='old_status')}__DELETE": "on"})
        saved = bob.save(label="Status")
        assert saved.redirect_chain, errors_of(saved)
        (told,) = (text for text in messages_of(saved) if "meanwhile" in text)
        assert "by ada at" in told
        assert "filterable field “Old status” was deleted" in told
        assert not EventField.objects.filter(event_type="mcp_status_change", name="old_status").exists()
        assert EventType.objects.get(pk="mcp_status_change").label == "Status"

    @pytest.mark.parametrize("again", [True, False])
    def test_a_field_that_one_has_deleted_and_the_other_changed_can_be_made_anew_or_dropped(self, again: bool) -> None:
        ada, bob = two_pages(TYPE)
        ada.save(**{f"fields__{row(ada, name='old_status')}__DELETE": "on"})
        count = EventField.objects.filter(event_type="mcp_status_change").count()

        refused = bob.save(label="Status", **{f"fields__{row(bob, name='old_status')}__label": "Before"})

        assert not refused.redirect_chain
        last = refused.context["inline_admin_formsets"][0].formset.total_form_count() - 1
        error = errors_of(refused)[f"fields-{last}-__all__"]
        assert "“Old status” was deleted meanwhile by ada at" in error
        assert error.split(".")[0] in bob.text  # on the page, not only in the form
        assert 'value="Before"' in bob.text
        more = {f"fields__{last}__new_options": "a"} if again else {"fields__TOTAL_FORMS": last}
        assert bob.save(**more).redirect_chain, errors_of(bob.answer)
        assert EventType.objects.get(pk="mcp_status_change").label == "Status"
        fields = EventField.objects.filter(event_type="mcp_status_change")
        assert fields.count() == count + again
        assert fields.filter(name="old_status", label="Before").exists() is again

    def test_whoever_may_not_add_fields_is_told_that_theirs_is_gone(self) -> None:
        ada, bob = two_pages(TYPE)
        user = User.objects.get(username="bob")
        user.is_superuser = False
        user.save()
        user.user_permissions.set(Permission.objects.filter(codename__in=["change_eventtype", "change_eventfield"]))
        ada.save(**{f"fields__{row(ada, name='old_status')}__DELETE": "on"})
        refused = bob.save(**{f"fields__{row(bob, name='old_status')}__label": "Before"})
        assert "“Old status” was deleted meanwhile by ada at" in errors_of(refused)["fields"]
        assert errors_of(refused)["fields"] in bob.text
        assert bob.save().redirect_chain

    def test_rows_are_merged_field_by_field(self) -> None:
        ada, bob = two_pages(TYPE)
        ada.save(**{f"fields__{row(ada, name='old_status')}__label": "Before"})
        saved = bob.save(**{f"fields__{row(bob, name='old_status')}__order": 9})
        assert saved.redirect_chain, errors_of(saved)
        field = EventField.objects.get(event_type="mcp_status_change", name="old_status")
        assert (field.label, field.order) == ("Before", 9)

    def test_a_row_that_both_have_changed_is_refused_at_its_input(self) -> None:
        ada, bob = two_pages(TYPE)
        number = row(bob, name="old_status")
        ada.save(**{f"fields__{row(ada, name='old_status')}__label": "Before"})
        refused = bob.save(**{f"fields__{number}__label": "Earlier"})
        assert "it is now “Before”" in errors_of(refused)[f"fields-{number}-label"]
        assert bob.save().redirect_chain
        assert EventField.objects.get(event_type="mcp_status_change", name="old_status").label == "Earlier"

    def test_a_row_is_not_deleted_over_a_change_that_nobody_has_seen(self) -> None:
        ada, bob = two_pages(TYPE)
        number = row(bob, name="old_status")
        ada.save(**{f"fields__{row(ada, name='old_status')}__label": "Before"})
        refused = bob.save(**{f"fields__{number}__DELETE": "on"})
        assert "Mark it once more" in errors_of(refused)[f"fields-{number}-__all__"]
        assert bob.save(**{f"fields__{number}__DELETE": "on"}).redirect_chain
        assert not EventField.objects.filter(event_type="mcp_status_change", name="old_status").exists()

    def test_a_row_that_somebody_has_added_stays_and_its_name_is_taken(self) -> None:
        ada, bob = two_pages(TYPE)
        total = len(ada.answer.context["inline_admin_formsets"][0].formset.forms)
        new: dict[str, Any] = {
            f"fields__{total}__name": "zone",
            f"fields__{total}__label": "Zone",
            f"fields__{total}__type": "text",
        }
        new |= {"fields__TOTAL_FORMS": total + 1, f"fields__{total}__options_source": "static"}
        new[f"fields__{total}__order"] = 9
        assert ada.save(**new).redirect_chain, errors_of(ada.answer)
        refused = bob.save(**new)
        assert "already has a field of that name" in errors_of(refused)[f"fields-{total}-name"]
        saved = bob.save(**{f"fields__{total}__name": "place"})
        assert saved.redirect_chain, errors_of(saved)
        assert "filterable field “Zone” was added" in " ".join(messages_of(saved))
        names = set(EventField.objects.filter(event_type="mcp_status_change").values_list("name", flat=True))
        assert {"zone", "place"} <= names

    def test_rows_keep_their_names_beside_them_when_somebody_has_changed_their_order(self) -> None:
        ada, bob = two_pages(TYPE)
        number = row(bob, name="old_status")
        ada.save(**{f"fields__{row(ada, name='old_status')}__order": 0, "fields__0__order": 99})
        refused = bob.save(label="", **{f"fields__{number}__label": "Before"})
        shown = list(refused.context["inline_admin_formsets"][0])
        assert shown[number].original.name == "old_status"

    def test_the_options_of_a_field_changed_on_its_own_page(self) -> None:
        field = EventField.objects.get(event_type="mcp_status_change", name="old_status")
        url = f"/admin/events/eventfield/{field.pk}/change/"
        (ada, bob), of_type = two_pages(url), Page("cleo", TYPE)
        first, second = (option.value for option in field.options.all())
        ada.save(label="Before", **{f"options__{row(ada, value=first)}__DELETE": "on"})
        saved = bob.save(help_text="x", **{f"options__{row(bob, value=second)}__label": "Second"})
        assert saved.redirect_chain, errors_of(saved)
        field.refresh_from_db()
        assert (field.label, field.help_text) == ("Before", "x")
        assert [(option.value, option.label) for option in field.options.all()] == [(second, "Second")]
        refused = of_type.save(**{f"fields__{row(of_type, name='old_status')}__label": "Earlier"})
        number = row(of_type, name="old_status")
        assert "by bob at" in errors_of(refused)[f"fields-{number}-label"]


class TestServers:
    @pytest.fixture(autouse=True)
    def _server(self, settings: Settings) -> None:
        settings.MCP_ALLOWED_NETWORKS = [network("127.0.0.0/8")]
        server = McpServer.objects.create(name="oracle", url="http://127.0.0.1:1/mcp")
        self.url = f"/admin/mcp/mcpserver/{server.pk}/change/"

    def server(self) -> McpServer:
        return McpServer.objects.get()

    def test_an_address_and_a_timeout_are_not_put_back(self) -> None:
        ada, bob = two_pages(self.url)
        ada.save(url="http://127.0.0.1:2/mcp", timeout_s="20")
        saved = bob.save(tags="one two")
        assert saved.redirect_chain, errors_of(saved)
        assert (self.server().url, self.server().timeout_s) == ("http://127.0.0.1:2/mcp", 20)
        assert self.server().tags == ["one", "two"]

    def test_a_secret_does_not_go_to_an_address_that_it_was_not_entered_for(self) -> None:
        ada, bob = two_pages(self.url)
        ada.save(url="http://127.0.0.1:2/mcp")
        refused = bob.save(auth="bearer", secret_ref="env:MCP_SECRET_ORACLE")
        assert "belongs together with URL" in errors_of(refused)["secret_ref"]
        assert refused.context["adminform"].form["url"].value() == "http://127.0.0.1:2/mcp"
        assert bob.save().redirect_chain
        assert self.server().secret_ref == "env:MCP_SECRET_ORACLE"

    def test_what_the_monitor_does_makes_no_form_stale_and_is_not_undone(self) -> None:
        bob = Page("bob", self.url)
        McpServer.objects.filter(pk=self.server().pk).update(status="inactive", disabled_by="auto", status_reason="x")
        saved = bob.save(title="Oracle")
        assert saved.redirect_chain, errors_of(saved)
        server = self.server()
        assert (server.title, server.status, server.disabled_by) == ("Oracle", "inactive", "auto")
        assert not [text for text in messages_of(saved) if "meanwhile" in text]


def test_a_form_whose_origin_nobody_can_read_is_held_against_what_is_there() -> None:
    ada, bob = two_pages(CATEGORY)
    ada.save(label="Servers")
    refused = bob.save(order=7, **{FIELD: "forged"})
    assert set(errors_of(refused)) == {"label", "order", "__all__"}
    assert "it cannot be told which state" in errors_of(refused)["__all__"]
    assert bob.save(label="Servers").redirect_chain


def test_a_post_of_a_script_counts_as_made_from_what_is_there(admin_client: Client) -> None:
    answer = admin_client.post(CATEGORY, {"label": "Servers", "icon": "", "order": "3"})
    assert answer.status_code == 302
    assert Category.objects.get(pk="mcp").label == "Servers"


def test_the_state_is_on_the_page_once(admin_client: Client) -> None:
    group = Group.objects.create(name="ops")
    for url in (TYPE, CATEGORY, f"/admin/auth/group/{group.pk}/change/", "/admin/auth/user/1/change/"):
        page = admin_client.get(url.replace("/1/", f"/{User.objects.get(username='admin').pk}/"))
        assert page.content.decode().count(f'name="{FIELD}"') == 1
    assert FIELD not in admin_client.get("/admin/events/category/add/").content.decode()


def test_a_field_of_500_options_carries_a_small_state(admin_client: Client) -> None:
    field = EventField.objects.get(event_type="mcp_status_change", name="old_status")
    field.options.bulk_create(FieldOption(field=field, value=f"value{n}", order=9) for n in range(498))
    with unread():
        page = admin_client.get(f"/admin/events/eventfield/{field.pk}/change/")
    form = page.context["adminform"].form
    assert len(form[FIELD].value()) < 40_000
