"""The link in a message that mutes its group for an hour. Whoever has the message may use it, once."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import NamedTuple

from django.core import signing
from django.db import IntegrityError, transaction
from django.utils import timezone

from subscriptions.models import DeliveryLease, Mute, StandingSubscription

SALT = "eventhub.deliveries.mute"
LASTS = timedelta(hours=1)
USABLE = timedelta(days=7)


class LinkUnusable(Exception):
    """It was used, it is too old, it was changed, or there is no such delivery any more: which one, nobody is told."""


class Link(NamedTuple):
    standing: StandingSubscription
    key: str  # of the group
    mark: str


def token_of(standing: int, key: str) -> str:
    return signing.dumps([standing, key, secrets.token_urlsafe(12)], salt=SALT, compress=True)


def read(token: str) -> Link:
    """Return what a link is about. Raises LinkUnusable."""
    try:
        pk, key, mark = signing.loads(token, salt=SALT, max_age=USABLE)
    except (signing.BadSignature, ValueError):
        raise LinkUnusable from None
    standing = StandingSubscription.objects.filter(pk=pk).first()
    if standing is None or Mute.objects.filter(link=mark).exists():
        raise LinkUnusable
    return Link(standing, key, mark)


def use(token: str) -> Mute:
    """Mute the group. Raises LinkUnusable, also if somebody was quicker."""
    link = read(token)
    now = timezone.now()
    link.standing.mutes.filter(until__lt=now - USABLE - LASTS).delete()
    try:
        with transaction.atomic():
            mute = Mute.objects.create(standing=link.standing, key=link.key, link=link.mark, until=now + LASTS)
            DeliveryLease.bump()
    except IntegrityError:
        raise LinkUnusable from None
    return mute
