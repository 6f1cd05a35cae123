"""What each command of the protocol does. CONTRIBUTING.md says how to add one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from events.access.metadata import metadata_json
from events.core import filters
from events.core.event_types import EventType, Registry
from events.core.problems import Problem, no_such_type, shown
from subscriptions.clients.connection import Connection
from subscriptions.clients.limits import refuse_over
from subscriptions.clients.subscription import Subscription
from subscriptions.live.dispatcher import Dispatcher, Gap
from subscriptions.protocol import commands, messages
from subscriptions.protocol.commands import Command, Refusal
from subscriptions.replay.request import Replay

C = TypeVar("C", bound=Command)
Handler = Callable[[Dispatcher, Connection, Any], Awaitable[None]]


async def get_metadata(dispatcher: Dispatcher, connection: Connection, command: commands.GetMetadata) -> None:
    registry = await dispatcher.reread_registry()
    connection.knows_metadata = True
    data = metadata_json(connection.identity.viewer, registry)
    connection.send(messages.metadata(data, command.request_id))


async def subscribe(dispatcher: Dispatcher, connection: Connection, command: commands.Subscribe) -> None:
    if command.after is not None and command.last is not None:
        raise commands.invalid_member("last", "send either after or last")
    if command.last is not None and not 1 <= command.last <= commands.MAX_LAST:
        problem = f"{shown(command.last)} was sent; expected a number of events from 1 to {commands.MAX_LAST:,}"
        raise commands.invalid_member("last", problem)
    gap = None if command.after is None else await dispatcher.gap_after(command.after)
    [subscription] = await build_all(dispatcher, connection, [command])
    # From the check to the reply without an await: the registry and the position cannot move in between.
    connection.check_room_for([subscription])
    replaying = gap is not None or command.last is not None
    if replaying:
        connection.check_can_replay()
        replay = replay_of(dispatcher, connection, [subscription], gap, command.last)
        dispatcher.replay(connection, [subscription], replay)
    else:
        dispatcher.hub.subscribe(connection, subscription)
    position = dispatcher.hub.position_of(connection)
    reply = messages.subscribed(subscription.described(), position, command.request_id, replaying=replaying)
    connection.send(reply)


async def resume(dispatcher: Dispatcher, connection: Connection, command: commands.Resume) -> None:
    if not command.subscriptions:
        raise commands.invalid_member("subscriptions", "[] was sent; expected one subscription or more")
    gap = await dispatcher.gap_after(command.after)
    subscriptions = await build_all(dispatcher, connection, command.subscriptions)
    if connection.subscriptions:
        sentence = "This connection has subscriptions; resume is the first command of a new one."
        raise Refusal("invalid_message", sentence)
    connection.check_room_for(subscriptions)
    connection.check_can_replay()
    replay = replay_of(dispatcher, connection, subscriptions, gap, None, whole=True)
    dispatcher.replay(connection, subscriptions, replay)
    listed = [subscription.described() for subscription in subscriptions]
    connection.send(messages.resumed(listed, dispatcher.hub.position_of(connection), command.request_id))


def replay_of(
    dispatcher: Dispatcher,
    connection: Connection,
    subscriptions: list[Subscription],
    gap: Gap | None,
    last: int | None,
    *,
    whole: bool = False,
) -> Replay:
    after = dispatcher.hub.now(connection) if gap is None or gap.after is None else gap.after
    for subscription in subscriptions:
        subscription.start = after
    replay = Replay(subscriptions, after, last=last or 0, whole=whole)
    replay.reason = gap.reason if gap else None
    return replay


async def update_subscription(
    dispatcher: Dispatcher, connection: Connection, command: commands.UpdateSubscription
) -> None:
    own_subscription(connection, command.subscription_id)
    [subscription] = await build_all(dispatcher, connection, [command], id=command.subscription_id)
    before = own_subscription(connection, command.subscription_id)  # it may have ended meanwhile
    connection.check_room_for([subscription], instead_of=before)
    dispatcher.hub.change(connection, subscription, before)
    position = dispatcher.hub.position_of(connection)
    connection.send(messages.subscribed(subscription.described(), position, command.request_id))


async def build_all(
    dispatcher: Dispatcher,
    connection: Connection,
    asked: Sequence[commands.Subscribe | commands.UpdateSubscription | commands.Asked],
    id: str | None = None,
) -> list[Subscription]:
    """Build the subscriptions that a command asks for. What the cached registry refuses is judged by the database's.
    Raises Refusal."""
    try:
        return [build_subscription(connection, dispatcher.hub.registry, each, id) for each in asked]
    except Refusal:
        cached = dispatcher.hub.registry
        if await dispatcher.reread_registry() is cached:
            raise
        return [build_subscription(connection, dispatcher.hub.registry, each, id) for each in asked]


def build_subscription(
    connection: Connection,
    registry: Registry,
    asked: commands.Subscribe | commands.UpdateSubscription | commands.Asked,
    id: str | None,
) -> Subscription:
    event_types = list(dict.fromkeys(asked.event_types))
    if not event_types:
        raise commands.invalid_member("event_types", "[] was sent; expected one event type or more")
    refuse_over("event_types_per_subscription", "event types a subscription", len(event_types))
    types = [visible_type(connection, registry, each, index) for index, each in enumerate(event_types)]
    wanted = asked.filters or {}
    try:
        return Subscription(event_types, wanted, filters.parse_filters(wanted, types), connection.scopes, id)
    except filters.FilterError as error:
        raise Refusal(error.code, f"{error}.", error.problems) from None


def visible_type(connection: Connection, registry: Registry, id: str, index: int) -> EventType:
    """Return a type that the user may see; one that the user may not see is refused like one that does not exist."""
    if id not in connection.scopes:
        problem = no_such_type(id, connection.scopes)
        field = f"event_types[{index}]"
        raise Refusal("unknown_event_type", f"{field}: {problem}.", [Problem(field, problem)])
    return registry.types[id]


def own_subscription(connection: Connection, id: str) -> Subscription:
    subscription = connection.subscriptions.get(id)
    if subscription is None:
        yours = ", ".join(connection.subscriptions) or "none"
        sentence = f"This connection has no subscription {shown(id)}; its subscriptions: {yours}."
        raise Refusal("unknown_subscription", sentence)
    return subscription


async def unsubscribe(dispatcher: Dispatcher, connection: Connection, command: commands.Unsubscribe) -> None:
    subscription = own_subscription(connection, command.subscription_id)
    dispatcher.hub.unsubscribe(connection, subscription)
    position = dispatcher.hub.position_of(connection)
    connection.send(messages.unsubscribed(subscription.id, position, command.request_id))


async def list_subscriptions(
    dispatcher: Dispatcher, connection: Connection, command: commands.ListSubscriptions
) -> None:
    listed = [subscription.described() for subscription in connection.subscriptions.values()]
    connection.send(messages.subscriptions(listed, command.request_id))


async def ping(dispatcher: Dispatcher, connection: Connection, command: commands.Ping) -> None:
    connection.send(messages.pong(dispatcher.hub.position_of(connection), command.request_id))


HANDLERS: dict[type[Command], Handler] = {
    commands.GetMetadata: get_metadata,
    commands.Subscribe: subscribe,
    commands.UpdateSubscription: update_subscription,
    commands.Unsubscribe: unsubscribe,
    commands.Resume: resume,
    commands.ListSubscriptions: list_subscriptions,
    commands.Ping: ping,
}
