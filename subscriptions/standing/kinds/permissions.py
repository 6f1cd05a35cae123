"""Who may have events sent where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser, Permission
from django.db.models import Q

from subscriptions.models import Destination
from subscriptions.models.standing import MAY_MAIL_OTHERS, MAY_USE_CHAT, MAY_USE_WEBHOOKS

Kind = Destination.Kind


class Needed(NamedTuple):
    """`what` is the beginning of a sentence, `name` the permission as people read it."""

    permission: str
    name: str
    what: str

    @property
    def sentence(self) -> str:
        return f"{self.what} need the permission “{self.name}” ({self.permission}); an admin can give it."


WEBHOOKS = Needed(MAY_USE_WEBHOOKS, "Can have events delivered to webhooks", "Webhooks")
OTHERS = Needed(MAY_MAIL_OTHERS, "Can have events mailed to other addresses", "Mails to other addresses than yours")
CHAT = Needed(MAY_USE_CHAT, "Can have events delivered to chat and paging", "Chat and paging")
OF_KIND = {
    Kind.WEBHOOK: WEBHOOKS,
    Kind.ALERTMANAGER: WEBHOOKS._replace(what="Alertmanagers"),
    Kind.CHAT: CHAT,
    Kind.MAIL: OTHERS,
}


def needed(owner: AbstractUser, kind: str, address: str) -> Needed | None:
    """Return the permission that somebody needs for a destination; None for mail to oneself."""
    is_own = kind == Kind.MAIL and bool(owner.email) and address.casefold() == owner.email.casefold()
    return None if is_own else OF_KIND[Kind(kind)]


def refusals(destinations: Iterable[tuple[AbstractUser, Destination]]) -> dict[int, str]:
    """Return why owners may not use their destinations (any more), by standing subscription."""
    asked: defaultdict[Needed, list[tuple[AbstractUser, int]]] = defaultdict(list)
    for owner, destination in destinations:
        if (permission := needed(owner, destination.kind, destination.address)) is not None:
            asked[permission].append((owner, destination.standing_id))
    refused = {}
    for permission, of in asked.items():
        may = who_may(permission.permission, {owner.pk: owner for owner, _ in of})
        for owner, pk in of:
            if owner.pk not in may:
                refused[pk] = f"Its owner does not have the permission “{permission.name}” (any more)."
    return refused


def who_may(permission: str, owners: dict[int, AbstractUser]) -> set[int]:
    """Return the primary keys of these who may: by one query. Only of whom that leaves, Django is asked, who may know
    of permissions from elsewhere."""
    app, _, codename = permission.partition(".")
    given = Permission.objects.filter(content_type__app_label=app, codename=codename)
    users = get_user_model()._default_manager.filter(pk__in=owners)
    by_any = users.filter(Q(user_permissions__in=given) | Q(groups__permissions__in=given))
    may = set(by_any.values_list("pk", flat=True))
    return {pk for pk, each in owners.items() if each.is_superuser or pk in may or each.has_perm(permission)}
