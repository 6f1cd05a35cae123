"""Export and import of the registry: whole, looked at before anything is done, and refused with its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from events import registry_cache
from events.admin.document import changing, document
from events.admin.document.changing import carry_out
from events.admin.document.effort import MAX_ROWS, OF_A_TYPE
from events.admin.document.proposal import ProposalRefused, changes_of
from events.models import Category, Event, EventField, EventType, FieldOption, Revision
from tests.cases import each_case
from tests.events.admin_forms import messages_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files", "unread_pages")]

IMPORT = "/admin/events/eventtype/import/"
EXPORT = "/admin/events/eventtype/export/"
Made = dict[str, Any]


def exported(client: Client) -> Made:
    answer = client.get(EXPORT)
    assert answer["Content-Disposition"] == 'attachment; filename="eventhub-registry.json"'
    made: Made = json.loads(answer.content)
    return made


def type_of(made: Made, id: str) -> Made:
    (found,) = (each for each in made["event_types"] if each["id"] == id)
    assert isinstance(found, dict)
    return found


def uploaded(client: Client, made: Made | bytes) -> Any:
    text = made if isinstance(made, bytes) else json.dumps(made).encode()
    return client.post(IMPORT, {"file": SimpleUploadedFile("registry.json", text)})


def confirmed(client: Client, proposal: Any) -> Any:
    return client.post(IMPORT, proposal.context["hidden"], follow=True)


def new_type(**values: Any) -> Made:
    field = {"name": "method", "label": "Method", "type": "select", "options": [{"value": "card", "label": "Card"}]}
    given = {"id": "order_paid", "category": "user", "label": "Order paid", "severity_levels": ["info"]}
    return {"allowed_groups": [], "fields": [field], **given, **values}


def test_what_was_exported_changes_nothing_when_it_is_imported(admin_client: Client) -> None:
    proposal = uploaded(admin_client, exported(admin_client))
    assert proposal.context["changes"] == []
    assert "Nothing would change" in proposal.content.decode()


@each_case(
    ("model", "part", "elsewhere"),
    [
        (Category, document.CategoryPart, set()),
        (EventType, document.TypePart, {"pruned_to"}),  # of this log, not of the type
        (EventField, document.FieldPart, {"id", "event_type"}),
        (FieldOption, document.OptionPart, {"id", "field"}),
    ],
)
def test_no_column_of_the_registry_is_left_out(model: Any, part: Any, elsewhere: set[str]) -> None:
    there = {field.name for field in [*model._meta.concrete_fields, *model._meta.many_to_many]}
    assert set(part.__struct_fields__) - {"fields", "options"} == there - elsewhere


def test_a_deleted_registry_comes_back_whole_from_its_export(admin_client: Client) -> None:
    before = document.present()
    made = exported(admin_client)
    Event.objects.all().delete()  # that somebody logged in
    EventType.objects.all().delete()
    Category.objects.all().delete()
    confirmed(admin_client, uploaded(admin_client, made))
    assert document.present() == before


def test_what_would_change_is_shown_before_anything_is_done(admin_client: Client) -> None:
    made = exported(admin_client)
    login = type_of(made, "user_login")
    login["label"] = "Came in"
    login["fields"] = []
    made["event_types"].append(new_type())
    proposal = uploaded(admin_client, made)

    shown = {change.part.id: change.differences for change in proposal.context["changes"]}
    assert set(shown) == {"user_login", "order_paid"}
    assert ("label", "User login", "Came in") in shown["user_login"]
    assert ("field “user_roles”", "") in [(each.name, each.after) for each in shown["user_login"]]
    assert EventType.objects.get(pk="user_login").label == "User login"

    revision = Revision.current().registry
    done = confirmed(admin_client, proposal)
    assert "Imported: “Came in” (changed), “Order paid” (new)." in messages_of(done)[0]
    assert Revision.current().registry == revision + 1
    assert registry_cache.refresh().types["order_paid"].fields[0].allowed_values == "card"
    assert not EventField.objects.filter(event_type="user_login").exists()
    told = LogEntry.objects.filter(object_id__in=["user_login", "order_paid"])
    assert {(entry.object_id, entry.is_addition()) for entry in told} == {("user_login", False), ("order_paid", True)}


def test_what_the_file_does_not_name_stays_as_it_is(admin_client: Client) -> None:
    confirmed(admin_client, uploaded(admin_client, {"eventhub_registry": 1, "event_types": [new_type()]}))
    assert EventType.objects.count() == 20
    assert Category.objects.count() == 4


@each_case(
    ("change", "problem"),
    [
        (lambda made: made.update(severity_levels=["loud"]), 'severity_levels ["loud"]: Choose one or more of info'),
        (lambda made: made.update(id="subscribed"), 'id "subscribed": “subscribed” is a word of the protocol'),
        (lambda made: made.update(id="Order Paid"), 'id "Order Paid": Use 2 to 64 lower-case letters'),
        (lambda made: made.update(label=""), 'label "": This field cannot be blank.'),
        (lambda made: made.update(category="shop"), 'category "shop": there is no such category; allowed: audit, mcp'),
        (
            lambda made: made.update(allowed_groups=["devs"]),
            'allowed_groups "devs": there is no such group; allowed: auditors',
        ),
        (lambda made: made.update(summary="{0}"), 'summary "{0}": Only {name} is understood'),
        (
            lambda made: made.update(retention_days=-1),
            "retention_days -1: Ensure this value is greater than or equal to 0.",
        ),
        (lambda made: made["fields"].append(made["fields"][0]), 'fields: name "method" is there 2 times'),
        (lambda made: made["fields"][0].update(type="number"), "options: a number field has none; 1 are given."),
        (
            lambda made: made["fields"][0].update(options_source="user_roles"),
            'options: 1 are given for options_source "user_roles"',
        ),
        (
            lambda made: made["fields"][0].update(operator="gte"),
            'fields[0] “method”: operator "gte": A select field can be',
        ),
        (lambda made: made["fields"][0].update(options=[]), "fields[0] “method”: options: give at least one"),
        (
            lambda made: made["fields"][0].update(options_source="moon"),
            "options_source \"moon\": Value 'moon' is not a valid choice.",
        ),
        (
            lambda made: made["fields"][0]["options"].append({"value": ""}),
            'options[1] “”: value "": This field cannot be blank.',
        ),
        (lambda made: made["fields"][0]["options"].append({"value": "card"}), 'options: value "card" is there 2 times'),
        (
            lambda made: made["fields"][0].update(options=[{"value": str(n)} for n in range(501)]),
            "options: 501; at most 500",
        ),
    ],
)
def test_what_models_and_forms_refuse_is_refused_with_its_place_and_value(
    admin_client: Client, change: Callable[[Made], object], problem: str
) -> None:
    wrong = new_type()
    change(wrong)
    refused = uploaded(admin_client, {"event_types": [new_type(id="fine"), wrong]})
    assert any("event_types[1]" in told and problem in told for told in refused.context["problems"]), refused.context[
        "problems"
    ]
    assert not EventType.objects.filter(pk="fine").exists()
    with pytest.raises(ProposalRefused):
        changes_of(document.read(json.dumps({"event_types": [wrong]}).encode()))


@each_case(
    ("text", "problem"),
    [
        (b"{", "This is not a registry as “Export” writes it"),
        (b'{"eventhub_registry": 2}', "Invalid enum value 2"),
        (b'{"event_types": [{"id": 1}]}', "`$.event_types[0].id`"),
        (b'{"event_types": [{"colour": 1}]}', "unknown field `colour`"),
        (b" " * (document.MAX_DOCUMENT + 1), "at most 1,048,576 are allowed"),
        (b"[" * 100_000, "This is not a registry"),
        (b"\xff", "This is not a registry"),
    ],
)
def test_a_file_that_is_no_registry_is_refused(admin_client: Client, text: bytes, problem: str) -> None:
    (told,) = uploaded(admin_client, text).context["problems"]
    assert problem in told


def test_a_restricted_type_is_not_opened_by_a_file_that_forgets_its_groups(admin_client: Client) -> None:
    forgetful = new_type(id="login_failed")
    del forgetful["allowed_groups"]
    (told,) = uploaded(admin_client, {"event_types": [forgetful]}).context["problems"]
    assert "missing required field `allowed_groups`" in told


def test_a_registry_that_moved_since_the_look_is_looked_at_again(admin_client: Client) -> None:
    proposal = uploaded(admin_client, {"event_types": [new_type()]})
    EventType.objects.filter(pk="user_login").update(label="Meanwhile")
    again = confirmed(admin_client, proposal)
    assert "has been changed meanwhile" in messages_of(again)[0]
    assert not EventType.objects.filter(pk="order_paid").exists()
    confirmed(admin_client, again)
    assert EventType.objects.filter(pk="order_paid").exists()


def test_an_import_that_fails_half_way_leaves_nothing(admin_user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    made = document.read(json.dumps({"event_types": [new_type(id="first"), new_type(id="second")]}).encode())
    revision = Revision.current().registry

    def break_at_options(*args: Any, **kwargs: Any) -> None:
        assert EventType.objects.filter(pk="first").exists()
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(changing, "set_options", break_at_options)
    with pytest.raises(RuntimeError, match="the disk is full"):
        carry_out(made, admin_user)
    assert not EventType.objects.filter(pk="first").exists()
    assert Revision.current().registry == revision


def test_an_import_writes_only_what_differs(admin_user: User) -> None:
    made = {"event_types": [new_type(id="first"), new_type(id="second")]}
    carry_out(document.read(json.dumps(made).encode()), admin_user)
    models = (EventType, EventField, FieldOption)
    counts = [model.history.count() for model in models]
    made["event_types"][1]["fields"][0]["options"] = [{"value": "card", "label": "Card"}, {"value": "cash"}]
    carry_out(document.read(json.dumps(made).encode()), admin_user)
    assert [model.history.count() for model in models] == [counts[0], counts[1], counts[2] + 1]
    made["event_types"][0] |= {"label": "First", "category": "mcp", "fields": []}
    carry_out(document.read(json.dumps(made).encode()), admin_user)
    first = EventType.objects.get(pk="first")
    assert (first.label, first.category_id, first.fields.count()) == ("First", "mcp", 0)
    assert list(EventType.history.filter(id="first").values_list("history_type", flat=True)) == ["~", "+"]
    assert [entry.object_repr for entry in LogEntry.objects.order_by("pk")] == [
        "Order paid",
        "Order paid",
        "Order paid",
        "First",
    ]


def test_an_import_that_would_keep_others_waiting_is_refused_in_words_before_it_is_confirmed(
    admin_client: Client,
) -> None:
    most = MAX_ROWS // OF_A_TYPE
    bare = [new_type(id=f"bare_{number}", fields=[]) for number in range(most + 1)]
    refused = uploaded(admin_client, {"event_types": bare})
    (problem,) = refused.context["problems"]
    assert f"This would write {(most + 1) * OF_A_TYPE:,} rows; at once {MAX_ROWS:,} may be written" in problem
    assert "Import it in parts" in refused.content.decode()
    assert len(uploaded(admin_client, {"event_types": bare[:-1]}).context["changes"]) == most


def test_chosen_types_are_exported_with_their_categories(admin_client: Client) -> None:
    data = {"action": "export_chosen", "_selected_action": ["user_login"]}
    made = json.loads(admin_client.post("/admin/events/eventtype/", data).content)
    assert [each["id"] for each in made["event_types"]] == ["user_login"]
    assert [each["id"] for each in made["categories"]] == ["user"]


def test_importing_and_exporting_need_their_permissions(client: Client) -> None:
    user = User.objects.create_user("looker", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_eventtype", "change_eventtype"]))
    client.force_login(user)
    listed = client.get("/admin/events/eventtype/").content.decode()
    assert "Import" not in listed
    assert "Export all" not in listed
    for answer in (client.get(IMPORT), client.get(EXPORT), uploaded(client, {"event_types": [new_type()]})):
        assert answer.status_code == 403
    hidden = {"document": json.dumps({"event_types": [new_type()]}), "registry": Revision.current().registry}
    assert client.post(IMPORT, hidden).status_code == 403
    assert not EventType.objects.filter(pk="order_paid").exists()


def test_a_duplicate_has_all_of_the_original_but_its_name_and_events(admin_client: Client) -> None:
    url = "/admin/events/eventtype/login_failed/duplicate/"
    made = admin_client.post(url, {"id": "login_odd", "label": "Odd login"}, follow=True)
    assert made.redirect_chain[-1][0] == "/admin/events/eventtype/login_5Fodd/change/"
    one, other = document.present([], ["login_failed", "login_odd"]).event_types
    (one.id, one.label), (other.id, other.label) = ("", ""), ("", "")
    assert one == other
    assert one.allowed_groups == ["auditors"]
    assert (
        FieldOption.objects.filter(field__event_type="login_odd").count()
        == FieldOption.objects.filter(field__event_type="login_failed").count()
    )


@each_case(
    ("id", "message"), [("user_login", "already exists"), ("Odd", "lower-case"), ("error", "a word of the protocol")]
)
def test_a_duplicate_needs_an_identifier_of_its_own(admin_client: Client, id: str, message: str) -> None:
    url = "/admin/events/eventtype/login_failed/duplicate/"
    refused = admin_client.post(url, {"id": id, "label": "Odd login"})
    assert message in " ".join(refused.context["form"].errors["id"])


def test_who_may_not_add_types_cannot_duplicate_them(client: Client) -> None:
    user = User.objects.create_user("looker", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_eventtype", "change_eventtype"]))
    client.force_login(user)
    assert "Duplicate" not in client.get("/admin/events/eventtype/user_login/change/").content.decode()
    url = "/admin/events/eventtype/user_login/duplicate/"
    assert client.post(url, {"id": "copy_of_it", "label": "x"}).status_code == 403
    assert not EventType.objects.filter(pk="copy_of_it").exists()
