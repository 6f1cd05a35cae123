"""Makes and changes standing subscriptions, once types, filters, address, secret and limits have been judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from events import registry_cache
from events.access import policy
from events.core import filters
from events.core.filters import Filter
from events.core.limits import LIMITS
from events.core.problems import no_such_type
from events.log import reading
from subscriptions.models import DeliveryLease, Destination, StandingSubscription
from subscriptions.models.standing import MAX_NAME
from subscriptions.protocol.commands import Refusal
from subscriptions.standing.requests import destinations
from subscriptions.standing.requests.asked import Asked, Changed, checked_name, refusal
from subscriptions.standing.requests.destinations import Checked

BOTH_SECRETS_FOR = timedelta(hours=24)  # after a change of the secret: until then receivers may know either


def make(owner: Any, asked: Asked) -> tuple[StandingSubscription, str]:
    """Make a standing subscription to what comes from now on. Return it, and the secret that was made for it, which
    nobody is shown again (empty if the owner has given one, or none is needed). Raises Refusal."""
    to = destinations.check(owner, asked.destination)
    with transaction.atomic():
        return _make(owner, asked, to), to.made


def _make(owner: Any, asked: Asked, to: Checked) -> StandingSubscription:
    event_types = checked_types(owner, asked.event_types, asked.filters or {})
    name = checked_name(asked.name or f"{event_types[0]} to {destinations.named(to.columns)}"[:MAX_NAME])
    check_limits(owner)
    DeliveryLease.bump()  # from here on whoever makes or changes another one waits
    destinations.check_variable(owner, to.columns.get("secret", ""), to.columns["address"])
    head = reading.head()
    standing = StandingSubscription.objects.create(
        owner=owner,
        name=name,
        event_types=event_types,
        filters=asked.filters or {},
        epoch=head.epoch,
        position=head.position,
    )
    Destination.objects.create(standing=standing, **to.columns)
    return standing


def change(standing: StandingSubscription, asked: Changed) -> str:
    """Change what is asked for; return the secret if one was made. Raises Refusal."""
    destinations.check_is_not_of_agent(standing)
    to = None
    if asked.destination is not None:
        to = destinations.check_change(standing.owner, standing.destination, asked.destination)
    with transaction.atomic():
        _change(standing, asked, to)
    return to.made if to else ""


def _change(standing: StandingSubscription, asked: Changed, to: Checked | None) -> None:
    columns: dict[str, Any] = {}
    if asked.name is not None:
        columns["name"] = checked_name(asked.name)
    if asked.event_types is not None or asked.filters is not None:
        wanted = standing.filters if asked.filters is None else asked.filters
        types = standing.event_types if asked.event_types is None else asked.event_types
        columns |= {"event_types": checked_types(standing.owner, types, wanted), "filters": wanted, "reason": ""}
    standing.change(**columns)  # from here on whoever makes or changes another one waits
    if to is not None:
        destinations.check_variable_of(standing.owner, standing.destination, to.columns)
        change_destination(standing.destination, to.columns)


def change_destination(destination: Destination, columns: dict[str, Any]) -> None:
    for name, value in columns.items():
        if name == "secret":
            replace_secret(destination, value)
        else:
            setattr(destination, name, value)
    destination.save()


def replace_secret(destination: Destination, kept: str) -> None:
    """Let another secret sign, and for a day the one before, too. Do not save."""
    destination.former_secret, destination.former_until = destination.secret, timezone.now() + BOTH_SECRETS_FOR
    destination.secret = kept


def checked_types(owner: AbstractUser, ids: Sequence[str], wanted: Mapping[str, Any]) -> list[str]:
    """Return the event types without doubles. One that the owner may not see is refused like one that does not
    exist."""
    ids = list(dict.fromkeys(ids))
    most = LIMITS["event_types_per_subscription"]
    if not ids:
        raise refusal("event_types", "[] was sent; expected one event type or more")
    if len(ids) > most:
        raise refusal("event_types", f"{len(ids)} event types; at most {most} are allowed", "limit_exceeded")
    registry = registry_cache.refresh()
    scopes = policy.scopes_of(policy.viewer_of(owner), registry)
    for index, id in enumerate(ids):
        if id not in scopes:
            problem = no_such_type(id, scopes)
            raise refusal(f"event_types[{index}]", problem, "unknown_event_type")
        if registry.types[id].ephemeral:
            problem = f"“{id}” is never logged, so that it cannot be delivered later; use a socket"
            raise refusal(f"event_types[{index}]", problem)
    try:
        asked = filters.parse_filters(wanted, [registry.types[id] for id in ids])
        filters.check_can_be_kept(wanted)
    except filters.FilterError as error:
        raise Refusal(error.code, f"{error}.", error.problems) from None
    if problem := too_many_texts(asked):
        raise refusal("filters", problem, "limit_exceeded")
    return ids


def too_many_texts(asked: Mapping[str, Filter]) -> str:
    """Return what is wrong with more than a connection may ask for, or nothing. One process tries all of it on every
    event, for everybody."""
    count, most = filters.text_conditions(asked), LIMITS["text_conditions_per_connection"]
    return "" if count <= most else f"{count:,} values are looked for in texts; at most {most} are allowed"


def check_limits(owner: Any) -> None:
    """Raise Refusal if there are too many. The owner's row is locked, so that two requests do not both take the
    last."""
    get_user_model()._default_manager.select_for_update().filter(pk=owner.pk).first()
    most = settings.EVENTHUB_STANDING_PER_USER
    if StandingSubscription.objects.filter(owner=owner).count() >= most:
        raise Refusal("limit_exceeded", f"You have {most} standing subscriptions, which is the most: delete one.")
    most = settings.EVENTHUB_STANDING_IN_ALL
    if StandingSubscription.objects.count() >= most:
        raise Refusal("limit_exceeded", f"There are {most:,} standing subscriptions, the most of this installation.")
