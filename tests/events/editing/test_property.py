"""Whatever two people do to one event type in their two forms, no change gets lost without a word."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from events.models import EventField, EventType
from tests.events.admin_forms import errors_of, messages_of
from tests.events.editing.open_form import Page, row

URL = "/admin/events/eventtype/seats/change/"
Edit = tuple[dict[str, Any], dict[str, dict[str, Any]]]
NAMES = ("who", "what", "where")
OF_TYPE = st.fixed_dictionaries(
    {},
    optional={
        "label": st.sampled_from(["Seats", "Places", "Chairs"]),
        "description": st.sampled_from(["", "One", "Two\nlines"]),
        "order": st.sampled_from([0, 1, 2]),
        "is_active": st.sampled_from(["", "on"]),
    },
)
OF_ROW = st.one_of(
    st.just({"DELETE": "on"}),
    st.fixed_dictionaries(
        {},
        optional={
            "label": st.sampled_from(["who", "what", "where", "whence"]),
            "order": st.sampled_from([0, 1, 2]),
            "name": st.sampled_from([*NAMES, "when"]),
        },
    ),
)
EDIT = st.tuples(OF_TYPE, st.dictionaries(st.sampled_from(NAMES), OF_ROW))


def state() -> dict[tuple[Any, str], Any]:
    """Each value of the type and its fields, by where it is; a field that is there is so under its key."""
    event_type = EventType.objects.get(pk="seats")
    found: dict[tuple[Any, str], Any] = {
        ("type", name): getattr(event_type, name) for name in ("label", "description", "order", "is_active")
    }
    for field in EventField.objects.filter(event_type=event_type):
        found |= {(field.pk, name): getattr(field, name) for name in ("label", "order", "name")}
    return found


def changes(before: dict[Any, Any], after: dict[Any, Any]) -> dict[Any, Any]:
    return {key: after.get(key) for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


def meant(edit: Edit, before: dict[Any, Any]) -> dict[Any, Any]:
    """What this edit changes of that state."""
    of_type, of_rows = edit
    wanted: dict[Any, Any] = {("type", name): value for name, value in of_type.items()}
    if "is_active" in of_type:
        wanted["type", "is_active"] = bool(of_type["is_active"])
    keys = {value: key for (key, member), value in before.items() if member == "name"}
    for name, values in of_rows.items():
        if "DELETE" in values:
            values = dict.fromkeys(("label", "order", "name"))
        wanted |= {(keys[name], member): value for member, value in values.items()}
    return {key: value for key, value in wanted.items() if before[key] != value}


def save(page: Page, edit: Edit) -> Any:
    of_type, of_rows = edit
    filled_in = dict(of_type)
    for name, values in of_rows.items():
        number = row(page, name=name)
        filled_in |= {f"fields__{number}__{member}": value for member, value in values.items()}
    return page.save(**filled_in)


@pytest.mark.usefixtures("unhashed_static_files")
class TestTwoPeople(TestCase):
    # Six pages an example, each some dozens of milliseconds: hence few, and none made smaller.
    @settings(max_examples=5, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
    @given(EDIT, EDIT)
    def test_no_change_gets_lost_without_a_word(self, of_ada: Any, of_bob: Any) -> None:
        event_type = EventType.objects.create(id="seats", category_id="user", label="Seats", severity_levels=["info"])
        for order, name in enumerate(NAMES):
            EventField.objects.create(
                event_type=event_type, name=name, label=name, type="text", data_key=name, order=order
            )
        at_first = state()
        ada, bob = Page("ada", URL), Page("bob", URL)
        save(ada, of_ada)
        ada_saved = state()
        by_ada = changes(at_first, ada_saved)

        answer = save(bob, of_bob)
        at_last = state()

        if not answer.redirect_chain:  # refused: nothing is written, and the page says why
            assert at_last == ada_saved
            assert errors_of(answer)
            return
        by_bob = meant(of_bob, at_first)
        for key, value in by_ada.items() | by_bob.items():  # where both are there, they wanted the same
            assert at_last.get(key) == value
        assert changes(at_first, at_last).keys() == by_ada.keys() | by_bob.keys()
        if by_ada.keys() - by_bob.keys():
            assert any("meanwhile by ada" in text for text in messages_of(answer))
