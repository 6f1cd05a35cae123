"""Events from outside: by HTTP and by commands, for people who test and for programs that are not ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from events import registry_cache
from events.access import policy
from events.broadcast import Broadcast, BroadcastError, UnknownEventType, broadcast_events
from events.core import strict_json
from events.core.event_types import EventType, Registry, Viewer
from events.core.position import position_id
from events.core.problems import Problem, shown
from events.core.strict_json import NotJson
from events.core.values import timestamp_text
from events.models.event import Event
from events.validation import drafts

REQUIRED = ("type", "data")
MEMBERS = (*REQUIRED, "idempotency_key")


class MalformedEvent(BroadcastError):
    code = "invalid_message"


class NotExternal(BroadcastError):
    code = "forbidden"
    message = "Events of type “{event_type}” may not be emitted from outside: only eventhub's own sources do that."


class Receipt(NamedTuple):
    """What the emitter of an event gets back; `data` is JSON text. If the event is `pending`, it is in the log without
    a position, and has no id yet. Any other event without an id is in no log: it was only sent, or only checked."""

    id: str | None
    type: str
    timestamp: str
    data: str
    pending: bool = False


def read(sent: object, source: str) -> Broadcast:
    """Return the event that a client wrote as a JSON object. Raises MalformedEvent."""
    if not isinstance(sent, dict):
        raise MalformedEvent([Problem("", f"{shown(sent)} is not a JSON object with type and data")])
    problems = [Problem(name, f"no such member; allowed: {', '.join(MEMBERS)}") for name in sent if name not in MEMBERS]
    problems += [Problem(name, "it is required") for name in REQUIRED if name not in sent]
    problems += [
        Problem(name, f"{shown(sent[name])} is not a string")
        for name in ("type", "idempotency_key")
        if name in sent and not isinstance(sent[name], str)
    ]
    if problems:
        raise MalformedEvent(problems)
    return Broadcast(sent["type"], sent["data"], source, sent.get("idempotency_key"))


def read_json(text: bytes, source: str) -> Broadcast:
    """Return the event that a client wrote as a line of JSON. Raises MalformedEvent."""
    try:
        return read(strict_json.decode(text), source)
    except (NotJson, RecursionError) as error:
        raise MalformedEvent([Problem("", f"not valid JSON: {error}")]) from None


def emit(events: Sequence[Broadcast], viewer: Viewer | None = None) -> list[Receipt]:
    """Broadcast events of types that may come from outside, all or none, in this order; not inside a transaction. The
    first result is that of an event whose idempotency key is known.
    A type that the viewer may not see is answered like one that does not exist; without a viewer, all are seen.

    Raises NotExternal, and what `broadcast_events` raises; the error tells the index of its event.
    """
    permit(events, viewer)
    try:
        return [receipt(event) for event in broadcast_events(events, wait=True)]
    except UnknownEventType:  # its type has gone meanwhile, and this error names all that there are
        permit(events, viewer)
        raise


def receipt(event: Event) -> Receipt:
    id = None if event.position is None else position_id(event.epoch, event.position)
    pending = id is None and event.pk is not None
    return Receipt(id, event.type_id, timestamp_text(event.timestamp), event.data, pending)


def dry_run(events: Sequence[Broadcast]) -> list[Receipt]:
    """Return what `emit` would log, but without ids. Raises as it does."""
    permit(events)
    return [Receipt(None, each.type, timestamp_text(each.timestamp), each.data) for each in drafts(events)]


def leading(
    act: Callable[[Sequence[Broadcast]], list[Receipt]], events: Sequence[Broadcast]
) -> tuple[list[Receipt], BroadcastError | None]:
    """Do `emit` or `dry_run` for the events before the first that is refused, and return why that one is refused."""
    try:
        return act(events), None
    except BroadcastError as error:
        return act(events[: error.index]), error


def permit(events: Iterable[Broadcast], viewer: Viewer | None = None) -> None:
    """Refuse what may not be emitted. Who sees a part of a type may emit any event of it, as the permission says."""
    registry = registry_cache.refresh()
    for index, event in enumerate(events):
        try:
            permit_type(event.event_type, registry, viewer)
        except BroadcastError as error:
            error.index = index
            raise


def permit_type(id: object, registry: Registry, viewer: Viewer | None) -> None:
    event_type = registry.types.get(id) if isinstance(id, str) else None
    if event_type is None or not is_visible(event_type, viewer):
        raise UnknownEventType(id, [each for each in emittable(registry) if is_visible(registry.types[each], viewer)])
    if not event_type.external:
        raise NotExternal([Problem("type", "it may not be emitted from outside")], event_type=event_type.id)


def is_visible(event_type: EventType, viewer: Viewer | None) -> bool:
    """Return whether a viewer sees a part of this type; without a viewer, all are seen."""
    return viewer is None or policy.scope_of(viewer, event_type) is not None


def emittable(registry: Registry) -> list[str]:
    """Return ids of the active types that may come from outside, in the order of display."""
    return [id for id, event_type in registry.types.items() if event_type.active and event_type.external]
