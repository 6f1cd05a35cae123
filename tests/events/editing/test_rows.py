"""Rows of a form: names may be swapped, and whatever is wrong with one is seen on the page."""

from __future__ import annotations

import itertools
from html import unescape
from typing import Any

import pytest
from django.test import Client

from events.models import EventField, EventType, FieldOption
from tests.events.admin_forms import errors_of, open_form, save, submit, with_another_row

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files")]

TYPE = "/admin/events/eventtype/seats/change/"


@pytest.fixture(autouse=True)
def _seats(db: None) -> None:
    event_type = EventType.objects.create(id="seats", category_id="user", label="Seats", severity_levels=["info"])
    for name in ("who", "what", "where"):
        EventField.objects.create(event_type=event_type, name=name, label=name, type="text", data_key=name)
    field = EventField.objects.create(event_type=event_type, name="kind", label="kind", type="select", data_key="kind")
    for order, value in enumerate(("a", "b", "c")):
        FieldOption.objects.create(field=field, value=value, label=f"was {value}", order=order)


def labels() -> dict[str, str]:
    return dict(EventField.objects.filter(event_type="seats").values_list("label", "name"))


def page_of_options() -> str:
    return f"/admin/events/eventfield/{EventField.objects.get(name='kind', event_type='seats').pk}/change/"


def shown(page: Any) -> str:
    return " ".join(unescape(page.content.decode()).split())


@pytest.mark.parametrize(
    ("renamed", "names"),
    [
        (("what", "what_old", "where"), {"who": "what", "what": "what_old", "where": "where"}),
        (("what", "who", "where"), {"who": "what", "what": "who", "where": "where"}),
        (("what", "where", "who"), {"who": "what", "what": "where", "where": "who"}),
    ],
    ids=("moved on", "swapped", "in a circle"),
)
def test_fields_take_over_each_others_names_in_one_save(
    admin_client: Client, renamed: tuple[str, ...], names: dict[str, str]
) -> None:
    saved = submit(admin_client, TYPE, **{f"fields__{n}__name": name for n, name in enumerate(renamed)})
    assert saved.redirect_chain, errors_of(saved)
    assert labels() == names | {"kind": "kind"}
    said = EventField.history.filter(event_type_id="seats").values_list("name", flat=True)
    assert set(said) == {"who", "what", "where", "kind", *renamed}  # history knows no passing names


def test_a_field_takes_over_the_name_of_one_that_is_deleted_in_the_same_save(admin_client: Client) -> None:
    saved = submit(admin_client, TYPE, fields__0__name="where", fields__2__DELETE="on")
    assert saved.redirect_chain, errors_of(saved)
    assert labels() == {"who": "where", "what": "what", "kind": "kind"}


def test_a_new_field_takes_the_name_that_another_gives_up(admin_client: Client) -> None:
    more = with_another_row(admin_client, TYPE, "fields")
    new = {"name": "who", "label": "new", "type": "text", "options_source": "static", "order": 1}
    more |= {f"fields-4-{name}": value for name, value in new.items()}
    saved = submit(admin_client, TYPE, fields__0__name="whom", **more)
    assert saved.redirect_chain, errors_of(saved)
    assert labels()["new"] == "who"
    assert labels()["who"] == "whom"


def test_two_fields_of_one_name_are_refused_with_a_reason(admin_client: Client) -> None:
    refused = submit(admin_client, TYPE, fields__0__name="what")
    assert "duplicate data for name" in errors_of(refused)["fields"]
    assert errors_of(refused)["fields"] in shown(refused)


def test_options_swap_their_values(admin_client: Client) -> None:
    saved = submit(admin_client, page_of_options(), options__0__value="b", options__1__value="a")
    assert saved.redirect_chain, errors_of(saved)
    options = dict(FieldOption.objects.filter(field__event_type="seats").values_list("label", "value"))
    assert options == {"was a": "b", "was b": "a", "was c": "c"}


def test_a_pasted_option_takes_the_value_that_a_row_gives_up(admin_client: Client) -> None:
    saved = submit(admin_client, page_of_options(), options__0__value="z", new_options="a | new\nb")
    assert saved.redirect_chain, errors_of(saved)
    options = dict(FieldOption.objects.filter(field__event_type="seats").values_list("label", "value"))
    assert options == {"was a": "z", "was b": "b", "was c": "c", "new": "a"}


def test_pasted_options_go_behind_the_highest_order_there_can_be(admin_client: Client) -> None:
    saved = submit(admin_client, page_of_options(), options__2__order="32767", new_options="x\ny")
    assert saved.redirect_chain, errors_of(saved)
    assert FieldOption.objects.get(value="y", field__event_type="seats").order == 32767


def test_a_row_with_a_wrong_hidden_key_is_refused_where_one_sees_it(admin_client: Client) -> None:
    opened = open_form(admin_client, TYPE)
    for id in ("abc", "99999999999999999999999999", "-1", "0", "\0", "٣"):
        refused = save(admin_client, TYPE, opened, fields__0__id=id)
        assert not refused.redirect_chain, id
        (number,) = {name.split("-")[1] for name in errors_of(refused) if name.startswith("fields-")}
        assert "There is no such filterable field any more." in errors_of(refused)[f"fields-{number}-__all__"], id
    assert "There is no such filterable field any more." in shown(refused)


def test_a_broken_count_of_rows_is_refused_where_one_sees_it(admin_client: Client) -> None:
    opened = open_form(admin_client, TYPE)
    for count, value in itertools.product(("fields__TOTAL_FORMS", "fields__INITIAL_FORMS"), ("", "x", "-1", "9" * 30)):
        answer = save(admin_client, TYPE, opened, **{count: value})
        if not answer.redirect_chain:
            assert [text for text in errors_of(answer).values() if text in shown(answer)], (count, value)


def test_a_relation_with_an_odd_key_is_refused(admin_client: Client) -> None:
    opened = open_form(admin_client, TYPE)
    for value, member in itertools.product(("9" * 26, "x", "-1", "\0"), ("allowed_groups", "category")):
        answer = save(admin_client, TYPE, opened, **{member: value})
        assert answer.status_code == 400 or errors_of(answer)[member], value
