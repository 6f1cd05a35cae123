"""What each command of the protocol does. To add one: a struct in `protocol`, a handler and its line here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from events import filters
from events.limits import LIMITS
from events.registry import EventType, Problem, Registry, shown
from subscriptions import protocol
from subscriptions.connection import Connection, Subscription, refuse_over
from subscriptions.dispatcher import Dispatcher
from subscriptions.protocol import Command, Refusal

C = TypeVar("C", bound=Command)
Handler = Callable[[Dispatcher, Connection, Any], Awaitable[None]]


async def get_metadata(dispatcher: Dispatcher, connection: Connection, command: protocol.GetMetadata) -> None:
    registry = await dispatcher.look_again()
    connection.knows_metadata = True
    data = registry.metadata(connection.identity.viewer, LIMITS)
    connection.send(protocol.metadata(data, command.request_id))


async def subscribe(dispatcher: Dispatcher, connection: Connection, command: protocol.Subscribe) -> None:
    try:
        subscription = asked_for(connection, dispatcher.registry, command)
    except Refusal:
        cached = dispatcher.registry
        if await dispatcher.look_again() is cached:
            raise
        subscription = asked_for(connection, dispatcher.registry, command)
    # From the check to the reply without an await: the registry and the position cannot move in between.
    connection.check_room_for(subscription)
    dispatcher.subscribe(connection, subscription)
    reply = protocol.subscribed(subscription.described(), dispatcher.position_id, command.request_id)
    connection.send(reply)


def asked_for(connection: Connection, registry: Registry, command: protocol.Subscribe) -> Subscription:
    event_types = list(dict.fromkeys(command.event_types))
    if not event_types:
        raise protocol.invalid_member("event_types", "[] was sent; expected one event type or more")
    refuse_over("event_types_per_subscription", "event types a subscription", len(event_types))
    types = [known_type(connection, registry, id, index) for index, id in enumerate(event_types)]
    asked = command.filters or {}
    try:
        return Subscription(event_types, asked, filters.parse(asked, types))
    except filters.FilterError as error:
        raise Refusal(error.code, f"{error}.", error.problems) from None


def known_type(connection: Connection, registry: Registry, id: str, index: int) -> EventType:
    """A type that the user may not see is answered like one that does not exist."""
    if id not in connection.visible:
        allowed = ", ".join(each for each in registry.types if each in connection.visible) or "none"
        problem = f"there is no event type {shown(id)}; allowed: {allowed}"
        field = f"event_types[{index}]"
        raise Refusal("unknown_event_type", f"{field}: {problem}.", [Problem(field, problem)])
    return registry.types[id]


async def unsubscribe(dispatcher: Dispatcher, connection: Connection, command: protocol.Unsubscribe) -> None:
    subscription = connection.subscriptions.get(command.subscription_id)
    if subscription is None:
        yours = ", ".join(connection.subscriptions) or "none"
        raise Refusal(
            "unknown_subscription",
            f"This connection has no subscription {shown(command.subscription_id)}; its subscriptions: {yours}.",
        )
    dispatcher.unsubscribe(connection, subscription)
    connection.send(protocol.unsubscribed(subscription.id, dispatcher.position_id, command.request_id))


async def list_subscriptions(
    dispatcher: Dispatcher, connection: Connection, command: protocol.ListSubscriptions
) -> None:
    listed = [subscription.described() for subscription in connection.subscriptions.values()]
    connection.send(protocol.subscriptions(listed, command.request_id))


async def ping(dispatcher: Dispatcher, connection: Connection, command: protocol.Ping) -> None:
    connection.send(protocol.pong(dispatcher.position_id, command.request_id))


HANDLERS: dict[type[Command], Handler] = {
    protocol.GetMetadata: get_metadata,
    protocol.Subscribe: subscribe,
    protocol.Unsubscribe: unsubscribe,
    protocol.ListSubscriptions: list_subscriptions,
    protocol.Ping: ping,
}
