"""Where a scope has conditions, a connection is sent no event that does not meet them, live or again."""

from __future__ import annotations

from typing import Any

import pytest

from events.core.event_types import Viewer
from subscriptions.live.dispatcher import Dispatcher
from tests.scopes import DISABLED, STATUS, Scopes
from tests.subscriptions.stepped import Client, broadcast, stepped
from tests.waiting import aeventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quiet")]


@pytest.fixture
def scopes(monkeypatch: pytest.MonkeyPatch) -> Scopes:
    return Scopes(monkeypatch, of_status={"mcp_names": ["a", "b"]})


def names(client: Client) -> list[str]:
    return [each["data"]["mcp_name"] for each in client.messages if "id" in each]


async def test_live_events_outside_of_the_scope_are_not_sent(scopes: Scopes) -> None:
    async with stepped() as dispatcher:
        scoped, all_seeing = Client(dispatcher, Viewer()), Client(dispatcher)
        for client in (scoped, all_seeing):
            await client.do("subscribe", event_types=[STATUS])
        await after(dispatcher, "a", "c", "b")
        assert (names(scoped), names(all_seeing)) == (["a", "b"], ["a", "c", "b"])


async def test_a_filter_on_the_same_field_cannot_widen_the_scope(scopes: Scopes) -> None:
    async with stepped() as dispatcher:
        client = Client(dispatcher, Viewer())
        await client.do("subscribe", event_types=[STATUS], filters={"mcp_names": ["b", "c"]})
        await after(dispatcher, "a", "c", "b")
        assert names(client) == ["b"]


@pytest.mark.parametrize("since", [{"after": True}, {"last": 10}])
async def test_replayed_events_outside_of_the_scope_are_not_sent(scopes: Scopes, since: dict[str, Any]) -> None:
    async with stepped() as dispatcher:
        client = Client(dispatcher, Viewer())
        start = (await client.do("ping"))["position"]
        await after(dispatcher, "a", "c", "b")
        await client.do("subscribe", event_types=[STATUS], **({"after": start} if "after" in since else since))
        await aeventually(lambda: client.all_of("replayed"))
        assert names(client) == ["a", "b"]
        assert client.all_of("replayed")[0]["count"] == 2


async def test_a_scope_that_changes_ends_the_subscriptions_to_its_type_and_no_others(scopes: Scopes) -> None:
    async with stepped() as dispatcher:
        client = Client(dispatcher, Viewer())
        await client.do("subscribe", event_types=[STATUS])
        kept = await client.do("subscribe", event_types=[DISABLED])
        scopes.filters[STATUS] = {"mcp_names": ["a"]}
        registry = dispatcher.hub.registry
        dispatcher.hub.registry = type(registry)(
            version=registry.version - 1, categories=registry.categories, types=registry.types
        )
        dispatcher.hub.adopt(registry, {})
        assert [each["reason"] for each in client.all_of("unsubscribed")] == ["access_revoked"]
        assert list(client.connection.subscriptions) == [kept["subscription_id"]]
        await client.do("subscribe", event_types=[STATUS])
        await after(dispatcher, "a", "b")
        assert names(client) == ["a"]


async def after(dispatcher: Dispatcher, *mcp_names: str) -> None:
    await broadcast(*({"mcp_name": name} for name in mcp_names), type=STATUS)
    await dispatcher.follower.step()
