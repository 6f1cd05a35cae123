"""Makes and changes standing subscriptions, once types, filters, address, secret and limits have been judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from events import registry_cache
from events.access import policy
from events.core import filters
from events.core.limits import LIMITS
from events.core.problems import Problem, no_such_type, shown
from events.log import reading
from events.outbound.address import AddressRefused, check_address
from events.outbound.origin import host_of
from subscriptions.models import DeliveryLease, Destination, StandingSubscription
from subscriptions.models.standing import MAY_USE_WEBHOOKS
from subscriptions.protocol.commands import Refusal
from subscriptions.standing import webhook
from subscriptions.standing.requests.asked import (
    Asked,
    Changed,
    ChangedDestination,
    checked_choice,
    checked_name,
    checked_parallel,
    refusal,
)
from subscriptions.standing.secret import SecretUnusable, new_webhook_secret, sealed

BOTH_SECRETS_FOR = timedelta(hours=24)  # after a change of the secret: until then receivers may know either
NEW = "new"  # in place of a secret: let eventhub make one
MAX_ADDRESS = 2_000  # characters


def make(owner: Any, asked: Asked) -> tuple[StandingSubscription, str]:
    """Make a standing subscription to what comes from now on. Return it, and the secret that was made for it, which
    nobody is shown again (empty if the owner has given one). Raises Refusal."""
    check_permission(owner, checked_choice("destination.kind", asked.destination.kind, list(Destination.Kind)))
    url = checked_address(asked.destination.url or "")
    with transaction.atomic():
        return _make(owner, asked, url)


def _make(owner: Any, asked: Asked, url: str) -> tuple[StandingSubscription, str]:
    event_types = checked_types(owner, asked.event_types, asked.filters or {})
    given = asked.destination.secret or NEW
    secret = new_webhook_secret() if given == NEW else given
    kept = checked_secret(owner, secret)
    format = checked_format(asked.destination.format)
    parallel = checked_parallel(asked.destination.parallel)
    name = checked_name(asked.name or f"{event_types[0]} to {host_of(url)}")
    check_limits(owner)
    head = reading.head()
    standing = StandingSubscription.objects.create(
        owner=owner,
        name=name,
        event_types=event_types,
        filters=asked.filters or {},
        epoch=head.epoch,
        position=head.position,
    )
    Destination.objects.create(
        standing=standing, kind=asked.destination.kind, address=url, format=format, parallel=parallel, secret=kept
    )
    DeliveryLease.bump()
    return standing, secret if given == NEW else ""


def change(standing: StandingSubscription, asked: Changed) -> str:
    """Change what is asked for; return the secret if one was made. Raises Refusal."""
    check_is_not_of_agent(standing)
    if asked.destination is not None:
        check_permission(standing.owner, standing.destination.kind)
        if asked.destination.url is not None:
            checked_address(asked.destination.url)
    with transaction.atomic():
        return _change(standing, asked)


def _change(standing: StandingSubscription, asked: Changed) -> str:
    columns: dict[str, Any] = {}
    if asked.name is not None:
        columns["name"] = checked_name(asked.name)
    if asked.event_types is not None or asked.filters is not None:
        wanted = standing.filters if asked.filters is None else asked.filters
        types = standing.event_types if asked.event_types is None else asked.event_types
        columns |= {"event_types": checked_types(standing.owner, types, wanted), "filters": wanted, "reason": ""}
    secret = "" if asked.destination is None else change_destination(standing, asked.destination)
    standing.change(**columns)
    return secret


def change_destination(standing: StandingSubscription, asked: ChangedDestination) -> str:
    """Change where it goes; the address was judged before."""
    destination, secret = standing.destination, ""
    if asked.url is not None:
        destination.address = asked.url
    if asked.format is not None:
        destination.format = checked_format(asked.format)
    if asked.parallel is not None:
        destination.parallel = checked_parallel(asked.parallel)
    if asked.secret is not None:
        given = new_webhook_secret() if asked.secret == NEW else asked.secret
        secret = given if asked.secret == NEW else ""
        replace_secret(destination, checked_secret(standing.owner, given))
    destination.save()
    return secret


def replace_secret(destination: Destination, kept: str) -> None:
    """Let another secret sign, and for a day the one before, too. Do not save."""
    destination.former_secret, destination.former_until = destination.secret, timezone.now() + BOTH_SECRETS_FOR
    destination.secret = kept


def checked_format(format: str) -> str:
    return checked_choice("destination.format", format, [value for value, _ in Destination.formats_to_choose()])


def check_is_not_of_agent(standing: StandingSubscription) -> None:
    if standing.destination.format == Destination.Format.AGENT:
        raise refusal(
            "id", f"{standing.pk} was made by an agent, which alone can change it; you can delete or pause it"
        )


def check_permission(owner: AbstractUser, kind: str) -> None:
    if kind == Destination.Kind.WEBHOOK and not owner.has_perm(MAY_USE_WEBHOOKS):
        sentence = (
            f"Webhooks need the permission “Can have events delivered to webhooks” ({MAY_USE_WEBHOOKS}); an admin can "
            "give it."
        )
        raise Refusal("forbidden", sentence)


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
        filters.parse_filters(wanted, [registry.types[id] for id in ids])
    except filters.FilterError as error:
        raise Refusal(error.code, f"{error}.", error.problems) from None
    return ids


def checked_address(url: str) -> str:
    """Return the address, if eventhub would connect there. A name is looked up: that may take long, so no transaction
    is open meanwhile, which on SQLite would let nobody write."""
    field = "destination.url"
    if not url:
        raise refusal(field, "it is required, as in https://receiver.example.org/events")
    if len(url) > MAX_ADDRESS:
        raise refusal(field, f"it has {len(url)} characters; at most {MAX_ADDRESS} are allowed")
    try:
        check_address(url, webhook.guard())
        webhook.check_not_ours(url)
    except AddressRefused as error:
        raise Refusal("invalid_message", f"{field}: {error}", [Problem(field, str(error).rstrip("."))]) from None
    return url


def checked_secret(owner: AbstractUser, given: str) -> str:
    """Return the secret as it is kept. A variable that another user's destination has is refused: whoever has messages
    signed with it could show them to that receiver as ours."""
    try:
        kept = sealed(given)
    except SecretUnusable as error:
        raise refusal("destination.secret", str(error).rstrip(".")) from None
    named = Destination.objects.filter(Q(secret=kept) | Q(former_secret=kept))
    if named.exclude(standing__owner_id=owner.pk).exists():
        raise refusal(
            "destination.secret", f"{shown(kept)} is of another user's destination; use a variable of your own"
        )
    return kept


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
