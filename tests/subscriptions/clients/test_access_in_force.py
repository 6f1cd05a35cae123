"""Who sees what while sockets are open is what the database says at one moment, however its parts were read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Group, User
from knox.models import AuthToken

from events.access.identity import Identity
from events.access.recheck import recheck
from events.core.event_types import Viewer
from events.models import EventField, EventType
from subscriptions.clients import in_force
from subscriptions.live.dispatcher import Dispatcher
from tests.subscriptions.stepped import TYPES, Client

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quiet")]

TYPE = TYPES[0]


class Somebody:
    """A user of the group, and a connection of theirs that has subscribed."""

    def __init__(self, user: User, group: Group, digest: str) -> None:
        self.user, self.group, self.digest = user, group, digest

    async def subscribed(self, dispatcher: Dispatcher) -> Client:
        viewer = Viewer(groups=frozenset([pk async for pk in self.user.groups.values_list("pk", flat=True)]))
        client = Client(dispatcher, viewer)
        client.connection.identity = Identity(self.user.pk, "ada", viewer, access=0, token_digest=self.digest)
        await client.do("subscribe", event_types=[TYPE])
        return client


@pytest.fixture
def ada(transactional_db: None) -> Somebody:
    user = User.objects.create_user("ada")
    token, _ = AuthToken.objects.create(user, expiry=timedelta(hours=1))
    return Somebody(user, Group.objects.create(name="few"), token.digest)


def restrict(ada: Somebody) -> None:
    EventType.objects.get(pk=TYPE).allowed_groups.add(ada.group)


def opened(ada: Somebody) -> None:
    EventType.objects.get(pk=TYPE).open_to_everybody()


def join(ada: Somebody) -> None:
    ada.user.groups.add(ada.group)


def leave(ada: Somebody) -> None:
    ada.user.groups.remove(ada.group)


async def poll(dispatcher: Dispatcher) -> None:
    dispatcher.follower.request_poll()
    await dispatcher.follower.step()


def endings(client: Client) -> list[str]:
    return [each["reason"] for each in client.all_of("unsubscribed")]


async def test_who_is_given_a_group_and_the_type_that_group_keeps_it(dispatcher: Dispatcher, ada: Somebody) -> None:
    client = await ada.subscribed(dispatcher)
    await sync_to_async(join)(ada)
    await sync_to_async(restrict)(ada)
    await poll(dispatcher)
    assert endings(client) == []
    assert TYPE in client.connection.scopes


async def test_a_type_is_opened_before_somebody_leaves_its_group(dispatcher: Dispatcher, ada: Somebody) -> None:
    await sync_to_async(join)(ada)
    await sync_to_async(restrict)(ada)
    await poll(dispatcher)
    client = await ada.subscribed(dispatcher)
    await sync_to_async(opened)(ada)
    await sync_to_async(leave)(ada)
    await dispatcher.access_watch.check_all(0)  # before the registry is looked at
    assert endings(client) == []


@pytest.mark.parametrize("changes", [(restrict,), (join, restrict, leave), (restrict, join, leave)])
async def test_who_may_not_see_a_type_any_more_loses_it_in_one_look(
    dispatcher: Dispatcher, ada: Somebody, changes: tuple[Callable[[Somebody], None], ...]
) -> None:
    client = await ada.subscribed(dispatcher)
    for change in changes:
        await sync_to_async(change)(ada)
    await poll(dispatcher)
    assert endings(client) == ["access_revoked"]
    assert TYPE not in client.connection.scopes


async def test_what_changes_while_it_is_read_is_read_again(
    dispatcher: Dispatcher, ada: Somebody, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the registry and the groups: opened and left, so that neither half was ever true with the other."""
    await sync_to_async(join)(ada)
    await sync_to_async(restrict)(ada)
    await poll(dispatcher)
    client = await ada.subscribed(dispatcher)
    moves = [opened, leave]

    def meanwhile(identities: Any) -> Any:
        while moves:
            moves.pop(0)(ada)
        return recheck(identities)

    monkeypatch.setattr(in_force, "recheck", meanwhile)
    await dispatcher._rechecked({client.connection.identity: client.connection.identity._replace(viewer=Viewer())})
    assert endings(client) == []
    assert client.connection.identity.viewer == Viewer()


async def test_a_subscription_whose_filter_is_gone_from_one_of_its_types_ends_and_is_told_so(
    dispatcher: Dispatcher, ada: Somebody
) -> None:
    """Made anew as it was, it would have all events of that type."""
    client = await ada.subscribed(dispatcher)
    kept = await client.do("subscribe", event_types=[TYPE], filters={"severity": ["error"]})
    await client.do("subscribe", event_types=list(TYPES), filters={"mcp_names": ["a"]})
    await sync_to_async(EventField.objects.filter(event_type=TYPE, name="mcp_names").delete)()
    await poll(dispatcher)
    [ended] = client.all_of("unsubscribed")
    assert (ended["reason"], ended["filters_gone"]) == ("event_type_changed", ["mcp_names"])
    assert kept["subscription_id"] in client.connection.subscriptions


async def test_a_new_label_asks_the_database_for_nobody(
    dispatcher: Dispatcher, ada: Somebody, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await ada.subscribed(dispatcher)
    monkeypatch.setattr("subscriptions.clients.in_force.read_together", lambda identities: 1 / 0)
    await EventType.objects.filter(pk=TYPE).aupdate(label="Other")
    await poll(dispatcher)
    assert dispatcher.hub.registry.types[TYPE].label == "Other"
    assert endings(client) == []
