"""Where events shall go, judged: address, permission, secret, and how a person wants to be told."""

from __future__ import annotations

from datetime import time
from typing import Any, NamedTuple

from django.contrib.auth.models import AbstractUser
from django.db.models import Q

from events.core.problems import shown
from events.outbound.origin import host_of, origin_of
from subscriptions.models import Destination, StandingSubscription
from subscriptions.protocol.commands import Refusal
from subscriptions.standing.kinds import permissions
from subscriptions.standing.requests.asked import AskedDestination, ChangedDestination, checked_choice, refusal
from subscriptions.standing.requests.members import CHECKS, checked_mailbox, checked_secret, checked_url
from subscriptions.standing.secret import new_webhook_secret

NEW = "new"  # in place of a secret: let eventhub make one
Kind = Destination.Kind
FOR_SYSTEMS = ("format", "parallel")
FOR_PEOPLE = ("group_by", "least_severity", "quiet_from", "quiet_until", "daily_at", "time_zone")
MEMBERS = {  # what each kind has besides
    Kind.WEBHOOK: ("url", "secret", *FOR_SYSTEMS),
    Kind.ALERTMANAGER: ("url", "secret"),
    Kind.MAIL: ("address", *FOR_PEOPLE),
    Kind.CHAT: ("secret", *FOR_PEOPLE),
}


class Checked(NamedTuple):
    """The columns that were asked for, and the secret that was made; the secret is checked again in the transaction."""

    columns: dict[str, Any]
    made: str = ""


def check(owner: AbstractUser, asked: AskedDestination) -> Checked:
    """Judge a new destination. A name is looked up: that may take long, so no transaction is open meanwhile, which on
    SQLite would let nobody write. Raises Refusal."""
    kind = Kind(checked_choice("destination.kind", asked.kind, list(MEMBERS)))
    if kind is not Kind.MAIL:
        check_permission(owner, Destination(kind=kind))  # before a name is looked up
    given = members_of(asked, kind)
    if kind is Kind.WEBHOOK:
        given.setdefault("secret", NEW)
    for name in ("url", "address", "secret"):
        if name in MEMBERS[kind] and (name, kind) != ("secret", Kind.ALERTMANAGER):
            given.setdefault(name, {"address": owner.email}.get(name, ""))
    columns, made = judged(owner, kind, given)
    check_quiet(columns.get("quiet_from"), columns.get("quiet_until"))
    check_permission(owner, Destination(kind=kind, address=columns["address"]))
    check_variable(owner, columns.get("secret", ""), columns["address"])
    return Checked({"kind": kind, **columns}, made)


def check_change(owner: AbstractUser, destination: Destination, asked: ChangedDestination) -> Checked:
    """Judge what is to change of a destination. Raises Refusal."""
    kind = Kind(destination.kind)
    columns, made = judged(owner, kind, members_of(asked, kind))
    check_permission(owner, Destination(kind=kind, address=columns.get("address", destination.address)))
    check_variable_of(owner, destination, columns)
    begin, end = (columns.get(name, getattr(destination, name)) for name in ("quiet_from", "quiet_until"))
    check_quiet(begin, end)
    return Checked(columns, made)


def members_of(asked: AskedDestination | ChangedDestination, kind: Kind) -> dict[str, Any]:
    """Return what was sent, by member. Raises Refusal for a member that such a destination does not have."""
    given = {name: getattr(asked, name) for name in asked.__struct_fields__ if name != "kind"}
    given = {name: value for name, value in given.items() if value is not None}
    for name in given:
        if name not in MEMBERS[kind]:
            allowed = ", ".join(("kind", *MEMBERS[kind]))
            raise refusal(f"destination.{name}", f"{shown(kind.value)} has no such member; allowed: {allowed}")
    return given


def judged(owner: AbstractUser, kind: Kind, given: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return the columns of what was sent, and the secret if one was made."""
    columns, made = {}, ""
    for name, value in given.items():
        if name == "url":
            columns["address"] = checked_url(kind, value)
        elif name == "address":
            columns["address"] = checked_mailbox(value)
        elif name == "secret":
            made = new_webhook_secret() if (kind, value) == (Kind.WEBHOOK, NEW) else ""
            columns["secret"] = kept = checked_secret(kind, made or value)
            columns |= {"address": kept} if kind is Kind.CHAT else {}
        else:
            columns[name] = CHECKS[name](value)
    return columns, made


def check_is_not_of_agent(standing: StandingSubscription) -> None:
    if standing.destination.format == Destination.Format.AGENT:
        raise refusal(
            "id", f"{standing.pk} was made by an agent, which alone can change it; you can delete or pause it"
        )


def check_permission(owner: AbstractUser, destination: Destination) -> None:
    needed = permissions.needed(owner, destination.kind, destination.address)
    if needed is not None and not owner.has_perm(needed.permission):
        raise Refusal("forbidden", needed.sentence)


def check_variable_of(owner: AbstractUser, destination: Destination, columns: dict[str, Any]) -> None:
    """Do the same for a destination of which these columns are to change."""
    secret, address = (columns.get(name, getattr(destination, name)) for name in ("secret", "address"))
    check_variable(owner, secret, address, destination.pk)


def check_variable(owner: AbstractUser, secret: str, address: str, but: int | None = None) -> None:
    """Refuse a variable that stands for another user's destination, or for one at another origin: whoever has messages
    signed with it could show them to that receiver as ours."""
    if not secret.startswith("env:"):
        return
    others = Destination.objects.filter(Q(secret=secret) | Q(former_secret=secret)).exclude(pk=but)
    for other in others.select_related("standing"):
        if other.standing.owner_id != owner.pk:
            problem = f"{shown(secret)} is of another user's destination; use a variable of your own"
            raise refusal("destination.secret", problem)
        if origin_of(other.address) != origin_of(address):
            problem = f"{shown(secret)} is for {other.shown}; use another variable for another host"
            raise refusal("destination.secret", problem)


def check_quiet(begin: time | None, end: time | None) -> None:
    if (begin is None) != (end is None):
        raise refusal("destination.quiet_until", "quiet_from and quiet_until come together, or not at all")


def named(columns: dict[str, Any]) -> str:
    """Return what a name says of a destination."""
    if columns["kind"] == Kind.CHAT:
        return "chat"
    return str(columns["address"]) if columns["kind"] == Kind.MAIL else host_of(columns["address"])
