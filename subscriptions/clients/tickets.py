"""Tickets: made for who is known, and taken back once, for one socket or stream."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from django.utils import timezone

from events.access.identity import Identity, identities_of_digests, identity_of_session
from subscriptions.models import Ticket

PREFIX = "ticket_"
LIFETIME = timedelta(seconds=30)  # long enough to connect, too short to be found in a log
MAX_OF_USER = 200  # that are valid; as many as one user may have connections


class TooManyTickets(Exception):
    """This user has MAX_OF_USER that are valid."""


class NewTicket(NamedTuple):
    text: str
    expires_at: datetime


def make(identity: Identity) -> NewTicket:
    """Make a ticket and return its text, which nobody can find out later. Raises TooManyTickets."""
    now = timezone.now()
    Ticket.objects.filter(expires_at__lte=now).delete()
    if Ticket.objects.filter(user_id=identity.user_id).count() >= MAX_OF_USER:
        raise TooManyTickets
    ticket = NewTicket(PREFIX + secrets.token_hex(32), now + LIFETIME)
    Ticket.objects.create(
        digest=digest_of(ticket.text),
        user_id=identity.user_id,
        token_id=identity.token_digest or None,
        session_key=identity.session_key,
        expires_at=ticket.expires_at,
    )
    return ticket


def redeem(text: str) -> Identity | None:
    """Return whom a ticket stands for, and let nobody else use it; None for one that is wrong, used or too old, or
    whose token or session has ended. It asks the database: do not call it in the event loop."""
    ticket = Ticket.objects.filter(pk=digest_of(text), expires_at__gt=timezone.now()).first()
    if ticket is None:
        return None
    deleted, _ = Ticket.objects.filter(pk=ticket.pk).delete()
    if not deleted:  # somebody else was quicker
        return None
    if ticket.token_id is None:
        return identity_of_session(ticket.session_key)
    return identities_of_digests([ticket.token_id])[0]


def digest_of(text: str) -> str:
    # It has 256 random bits, so that the digest need not be slow.
    return sha256(text.encode(errors="surrogatepass")).hexdigest()
