"""What an edit of the registry does to open subscriptions: only what they can no longer ask for ends them."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import sync_to_async

from events.models import EventField, EventType, FieldOption
from subscriptions.live.dispatcher import Dispatcher
from tests.subscriptions.stepped import Client, broadcast
from tests.waiting import aeventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quiet")]

ACTION = "user_action"
KIND = "config_change"


def field(type: str, name: str) -> EventField:
    return EventField.objects.get(event_type=type, name=name)


def add_option(type: str, name: str, value: str) -> None:
    FieldOption.objects.create(field=field(type, name), value=value)


def remove_option(type: str, name: str, value: str) -> None:
    FieldOption.objects.get(field=field(type, name), value=value).delete()


async def edited(dispatcher: Dispatcher, edit: Any, *arguments: Any, **members: Any) -> None:
    await sync_to_async(edit)(*arguments, **members)
    dispatcher.follower.request_poll()
    await dispatcher.follower.step()


async def ended(client: Client) -> list[str]:
    await client.do("ping")  # what came before it has arrived
    return [each["reason"] for each in client.all_of("unsubscribed")]


@pytest.mark.parametrize(
    ("edit", "arguments"),
    [
        (add_option, (ACTION, "action_type", "renamed")),
        (remove_option, (ACTION, "action_type", "deleted")),  # which it does not ask for
        (lambda: FieldOption.objects.update(label="another"), ()),
        (lambda: EventField.objects.update(label="another", help_text="new", order=3), ()),
        (lambda: EventType.objects.update(label="another", severity_levels=["info", "warning", "error"]), ()),
        (lambda: EventField.objects.filter(name="user_roles").delete(), ()),  # which it does not use
    ],
    ids=["option added", "another removed", "label of options", "label of fields", "severity", "another field"],
)
async def test_an_edit_that_leaves_all_that_was_asked_for_ends_nothing(
    dispatcher: Dispatcher, edit: Any, arguments: tuple[Any, ...]
) -> None:
    client = Client(dispatcher)
    await client.do("subscribe", event_types=[ACTION], filters={"action_type": ["added", "changed"]})
    await edited(dispatcher, edit, *arguments)
    assert await ended(client) == []
    await broadcast({"action_type": "added"}, {"action_type": "reset_circuit"}, type=ACTION)
    await dispatcher.follower.step()
    await aeventually(lambda: client.positions == [1])


def change_field(**values: object) -> None:
    EventField.objects.filter(event_type=ACTION, name="action_type").update(**values)


@pytest.mark.parametrize(
    ("edit", "values"),
    [
        (remove_option, {"type": ACTION, "name": "action_type", "value": "added"}),
        (change_field, {"name": "actions"}),
        (change_field, {"operator": "eq", "type": "select"}),
        (change_field, {"data_key": "what"}),
        (change_field, {"type": "text", "operator": "contains"}),
    ],
    ids=["option removed", "renamed", "operator", "payload member", "type"],
)
async def test_an_edit_that_takes_away_what_was_asked_for_ends_it(
    dispatcher: Dispatcher, edit: Any, values: dict[str, Any]
) -> None:
    client = Client(dispatcher)
    await client.do("subscribe", event_types=[ACTION], filters={"action_type": ["added", "changed"]})
    await edited(dispatcher, edit, **values)
    assert await ended(client) == ["event_type_changed"]


async def test_a_new_field_by_which_a_subscription_filters_already_ends_it(dispatcher: Dispatcher) -> None:
    """It went without that condition for one of its types: from now on it would get less."""
    client = Client(dispatcher)
    await client.do("subscribe", event_types=[ACTION, KIND], filters={"action_type": "added"})
    new = {"event_type_id": KIND, "name": "action_type", "label": "Action", "data_key": "action", "type": "text"}
    await edited(dispatcher, EventField.objects.create, **new)
    assert await ended(client) == ["event_type_changed"]


@pytest.mark.parametrize("replaying", [False, True])
async def test_a_new_option_that_was_asked_for_all_along_is_delivered_from_then_on(
    dispatcher: Dispatcher, replaying: bool
) -> None:
    """“renamed” is an option of the one type and not yet of the other."""
    await sync_to_async(add_option)(ACTION, "action_type", "renamed")
    await edited(dispatcher, EventField.objects.filter(event_type=KIND, name="action").update, name="action_type")
    client = Client(dispatcher)
    replay = {"last": 10} if replaying else {}
    await client.do("subscribe", event_types=[ACTION, KIND], filters={"action_type": ["renamed", "added"]}, **replay)
    await edited(dispatcher, add_option, KIND, "action_type", "renamed")
    assert await ended(client) == []
    await broadcast({"action": "renamed"}, {"action": "deleted"}, type=KIND)
    await broadcast({"action_type": "renamed"}, {"action_type": "deleted"}, type=ACTION)
    await dispatcher.follower.step()
    await aeventually(lambda: client.positions == [1, 3])
