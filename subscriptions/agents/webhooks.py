"""Subscriptions of agents to webhooks: made and refreshed by one call, ended by another or by themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone
from knox.models import AuthToken

from events import registry_cache
from events.access import policy
from events.core.position import position_id
from events.core.values import timestamp_text
from events.log import reading
from events.outbound.origin import host_of
from subscriptions.agents import polling, verification
from subscriptions.models import AgentSubscription, DeliveryLease, Destination, StandingSubscription
from subscriptions.models.standing import MAX_NAME, MAY_USE_WEBHOOKS
from subscriptions.protocol import mcp_events
from subscriptions.protocol.commands import Refusal
from subscriptions.protocol.mcp_events import EventsError, SubscribeParams, UnsubscribeParams
from subscriptions.standing.requests import making, members, operations
from subscriptions.standing.secret import WEBHOOK_PREFIX, SecretUnusable, opened, sealed

LONGEST, SHORTEST = timedelta(hours=24), timedelta(minutes=5)  # that a subscription lasts without a refresh
VERIFIED_FOR = timedelta(hours=24)  # that an address need not answer a challenge again

State = StandingSubscription.State


def subscribe(user: Any, token: AuthToken, params: SubscribeParams) -> dict[str, Any]:
    """Make a subscription, or refresh the one that there is: same user, address, event and arguments. Raises
    EventsError."""
    url, arguments = params.delivery.url, params.arguments or {}
    check(user, params)
    handle = mcp_events.handle_of(str(user.pk), url, params.name, arguments)
    known = verified_at(user, url)
    if known is None:
        verification.challenge(user.pk, url, params.delivery.secret, handle)
        known = timezone.now()
    with transaction.atomic():
        get_user_model()._default_manager.select_for_update().filter(pk=user.pk).first()  # two calls of one user
        forget_over(user)
        agent = AgentSubscription.objects.select_related("standing__destination").filter(handle=handle).first()
        truncated = False
        if agent is None:
            agent, truncated = make(user, params, handle)
        else:
            refresh(agent, params.delivery.secret)
        agent.token_digest, agent.expires_at, agent.verified_at = token.digest, end_of(params), known
        agent.save()
        DeliveryLease.bump()
    return described(agent, truncated=truncated or misses_events(agent.standing))


def check(user: Any, params: SubscribeParams) -> None:
    """Raise EventsError for what cannot be subscribed to, or not there."""
    registry = registry_cache.refresh()
    event_type, _ = polling.asked_of(params.name, params.arguments or {}, registry, policy.viewer_of(user))
    if not user.has_perm(MAY_USE_WEBHOOKS):
        sentence = f"Webhooks need the permission {MAY_USE_WEBHOOKS}; an admin can give it."
        raise EventsError(mcp_events.FORBIDDEN, sentence, reason="permission")
    if params.delivery.mode != mcp_events.WEBHOOK or event_type.ephemeral:
        raise mcp_events.not_delivered_so(params.name, params.delivery.mode)
    try:
        if not params.delivery.secret.startswith(WEBHOOK_PREFIX):
            raise SecretUnusable("A secret is whsec_ and 24 to 64 bytes in base64.")
        sealed(params.delivery.secret)
        members.checked_url(Destination.Kind.WEBHOOK, params.delivery.url)
    except SecretUnusable as error:
        raise EventsError(mcp_events.INVALID_PARAMS, f"params.delivery.secret: {error}") from None
    except Refusal as refusal:
        raise EventsError(mcp_events.INVALID_PARAMS, f"params.{refusal}".replace("destination", "delivery")) from None
    if "#" in params.delivery.url:
        raise EventsError(mcp_events.INVALID_PARAMS, "params.delivery.url: It has a fragment (#), which is never sent.")


def verified_at(user: Any, url: str) -> Any:
    """Return when this address has answered a challenge for this user, if that is not long ago."""
    now = timezone.now()
    agents = AgentSubscription.objects.filter(standing__owner_id=user.pk, standing__destination__address=url)
    recent = agents.filter(expires_at__gt=now, verified_at__gt=now - VERIFIED_FOR)
    return recent.order_by("-verified_at").values_list("verified_at", flat=True).first()


def forget_over(user: Any) -> None:
    """Delete what of this user is over: it does not count, and begins anew when it is asked for again."""
    over = AgentSubscription.objects.over(timezone.now()).filter(standing__owner_id=user.pk)
    StandingSubscription.objects.filter(agent__in=over).delete()


def make(user: Any, params: SubscribeParams, handle: str) -> tuple[AgentSubscription, bool]:
    try:
        making.check_limits(user)
    except Refusal as refusal:
        raise EventsError(mcp_events.RESOURCE_EXHAUSTED, str(refusal), limit="subscriptions") from None
    head = reading.place()
    start = polling.start_of(params.cursor, params.max_age_ms, params.name, head)
    standing = StandingSubscription.objects.create(
        owner=user,
        name=f"{params.name} for an agent at {host_of(params.delivery.url)}"[:MAX_NAME],
        event_types=[params.name],
        filters=params.arguments or {},
        epoch=head.epoch,
        position=start.after,
    )
    kept = sealed(params.delivery.secret)
    Destination.objects.create(
        standing=standing,
        kind=Destination.Kind.WEBHOOK,
        address=params.delivery.url,
        format=Destination.Format.AGENT,
        secret=kept,
    )
    return AgentSubscription(standing=standing, handle=handle), start.truncated


def refresh(agent: AgentSubscription, secret: str) -> None:
    """Let it go on from where it is, with this secret: the one before signs, too, for a day. What its user has paused
    stays paused."""
    standing = agent.standing
    destination = standing.destination
    if secret_of(destination) != secret:
        making.replace_secret(destination, sealed(secret))
        destination.save()
    if standing.state == State.SUSPENDED:
        operations.go_on(standing)
    else:
        standing.change()


def secret_of(destination: Destination) -> str:
    try:
        return opened(destination.secret)
    except SecretUnusable:  # it was kept under another key: this call brings it anew
        return ""


def misses_events(standing: StandingSubscription) -> bool:
    """Say whether events after the watermark are gone."""
    is_of_this_log = standing.epoch == reading.epoch()
    return not is_of_this_log or reading.is_pruned(standing.position, standing.event_types)


def end_of(params: SubscribeParams) -> Any:
    asked = LONGEST if params.ttl_ms is None else timedelta(milliseconds=min(params.ttl_ms, polling.LONGEST_AGE_MS))
    return timezone.now() + min(max(asked, SHORTEST), LONGEST)


def described(agent: AgentSubscription, *, truncated: bool) -> dict[str, Any]:
    standing = agent.standing
    return {
        "id": agent.handle,
        "refreshBefore": timestamp_text(agent.expires_at),
        "cursor": position_id(standing.epoch, standing.position),
        "truncated": truncated,
        "deliveryStatus": {
            "active": standing.state == State.ACTIVE,
            "lastDeliveryAt": None if standing.last_success_at is None else timestamp_text(standing.last_success_at),
            "lastError": last_error_of(standing),
        },
    }


def last_error_of(standing: StandingSubscription) -> str | None:
    """Return the kind of what fails at the moment: nothing of what the address has answered."""
    failed = None if standing.failing_since is None else standing.failed.waiting().first()
    return None if failed is None else mcp_events.kind_of_error(failed.error_class, failed.error)


def unsubscribe(user: Any, params: UnsubscribeParams) -> dict[str, Any]:
    """End a subscription, if there is one: whatever has become of the event or of the access to it."""
    handle = mcp_events.handle_of(str(user.pk), params.delivery.url, params.name, params.arguments or {})
    agent = AgentSubscription.objects.select_related("standing").filter(handle=handle).first()
    if agent is not None:
        operations.delete(agent.standing)
    return {}
