"""Whose access changed, and by whom: accounts, roles, permissions, tokens, and who may see an event type.

`QuerySet.update()` sends no signal, so what it changes is not told.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db.models import F, Model, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Concat
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_delete, pre_save
from knox.models import get_token_model

from events.access import token_terms
from events.models import EventType
from events.sources import actor
from events.sources.never_raises import Data, never_raises, try_broadcast_all

TYPE = "access_change"
SOURCE = "django.auth"
MAX_NAMES = 500  # roles or permissions in one event
EVERYBODY = "(everybody)"  # in place of names of groups
BEFORE = "_access_before"  # what a row said before it was saved, kept on the instance that is being saved

Names = dict[Any, list[str]]  # primary key of an owner → its roles or permissions


class Relation(NamedTuple):
    """A many-to-many relation that decides what its owners may do, or who may see them."""

    kind: str
    through: type[Model]
    owner: str  # the relation's column of the owner, and of its target
    target: str
    subject_of: Callable[[Any], str]
    name: Combinable  # of a target, asked of the relation's rows


def relations() -> Iterable[Relation]:
    user, group_of = get_user_model(), F("group__name")
    owner = user._meta.model_name or ""  # so Django names the column of a relation's table
    permission = Concat("permission__content_type__app_label", Value("."), "permission__codename")
    yield Relation("role", user.groups.through, owner, "group", user_name, group_of)
    yield Relation("permission", user.user_permissions.through, owner, "permission", user_name, permission)
    yield Relation("permission", Group.permissions.through, "group", "permission", group_name, permission)
    yield Relation("permission", EventType.allowed_groups.through, "eventtype", "group", type_name, group_of)


def connect() -> None:
    for relation in relations():
        m2m_changed.connect(
            Watcher(relation), sender=relation.through, weak=False, dispatch_uid=f"eventhub.access.{relation.through}"
        )
    pre_save.connect(remember_type, sender=EventType, dispatch_uid="eventhub.access.remember_type")
    post_save.connect(type_saved, sender=EventType, dispatch_uid="eventhub.access.type_saved")
    for model, remember, saved, deleted in (
        (get_user_model(), remember_user, audit_saved_user, user_deleted),
        (Group, remember_group, group_saved, group_deleted),
    ):
        pre_save.connect(remember, sender=model, dispatch_uid=f"eventhub.access.{model}")
        post_save.connect(saved, sender=model, dispatch_uid=f"eventhub.access.{model}")
        post_delete.connect(deleted, sender=model, dispatch_uid=f"eventhub.access.{model}")
    token = get_token_model()
    post_save.connect(token_saved, sender=token, dispatch_uid="eventhub.access.token")
    pre_delete.connect(token_terms.load_terms, sender=token, dispatch_uid="eventhub.access.token_terms")
    post_delete.connect(token_deleted, sender=token, dispatch_uid="eventhub.access.token")


def change_of(subject: str, kind: str, old: Any, new: Any) -> Data:
    return {"username": actor.username(), "subject": subject, "kind": kind, "old": old, "new": new}


def broadcast_changes(*changes: Data) -> None:
    try_broadcast_all(TYPE, changes, source=SOURCE)


# --- accounts and groups ---


def user_name(user: Any) -> str:
    return f"user {user.get_username()}"


def group_name(group: Any) -> str:
    return f"group {group.name}"


def type_name(event_type: Any) -> str:
    return f"event type {event_type.pk}"


def standing(user: Any) -> list[str]:
    """Return the roles that a user's row gives; the others are groups."""
    return [role for role, has in (("admin", user.is_superuser), ("staff", user.is_staff)) if has]


@never_raises(TYPE)
def remember_user(instance: Any, raw: bool, update_fields: Collection[str] | None, **kwargs: Any) -> None:
    if raw or set(update_fields or ()) == {"last_login"}:  # every login saves that
        return
    setattr(instance, BEFORE, type(instance)._default_manager.filter(pk=instance.pk).first())


@never_raises(TYPE)
def audit_saved_user(instance: Any, created: bool, raw: bool, **kwargs: Any) -> None:
    before = instance.__dict__.pop(BEFORE, None)
    if raw or (before is None and not created):
        return
    was_active, had = (before.is_active, standing(before)) if before else (False, [])
    if instance.is_active != was_active:
        broadcast_changes(change_of(user_name(instance), "active", was_active, instance.is_active))
    if standing(instance) != had:
        broadcast_changes(change_of(user_name(instance), "role", had, standing(instance)))


@never_raises(TYPE)
def user_deleted(instance: Any, **kwargs: Any) -> None:
    if instance.is_active:
        broadcast_changes(change_of(user_name(instance), "active", True, False))


@never_raises(TYPE)
def remember_group(instance: Group, raw: bool, **kwargs: Any) -> None:
    if not raw:
        setattr(instance, BEFORE, Group.objects.filter(pk=instance.pk).first())


@never_raises(TYPE)
def group_saved(instance: Group, **kwargs: Any) -> None:
    before = instance.__dict__.pop(BEFORE, None)
    if before is not None and before.name != instance.name:  # a role is called by its group's name
        broadcast_changes(change_of(group_name(instance), "role", [before.name], [instance.name]))


@never_raises(TYPE)
def group_deleted(instance: Group, **kwargs: Any) -> None:
    broadcast_changes(change_of(group_name(instance), "role", [instance.name], []))


# --- event types: their groups are a relation, and told of below ---


@never_raises(TYPE)
def remember_type(instance: EventType, raw: bool, **kwargs: Any) -> None:
    if not raw:
        setattr(instance, BEFORE, EventType.objects.filter(pk=instance.pk).values_list("restricted", flat=True).first())


@never_raises(TYPE)
def type_saved(instance: EventType, **kwargs: Any) -> None:
    was_restricted = instance.__dict__.pop(BEFORE, None)
    if was_restricted is None or was_restricted == instance.restricted:
        return
    groups = sorted(instance.allowed_groups.values_list("name", flat=True))
    if instance.restricted and not groups:
        broadcast_changes(change_of(type_name(instance), "permission", [EVERYBODY], []))
    elif not instance.restricted:
        broadcast_changes(change_of(type_name(instance), "permission", groups, [EVERYBODY]))


# --- tokens: told of by their name and owner, never by anything of their key ---


@never_raises(TYPE)
def token_saved(instance: Any, created: bool, raw: bool = False, **kwargs: Any) -> None:
    if created and not raw:
        broadcast_changes(change_of(user_name(instance.user), "token", None, token_terms.described(instance)))


@never_raises(TYPE)
def token_deleted(instance: Any, **kwargs: Any) -> None:
    broadcast_changes(change_of(user_name(instance.user), "token", token_terms.described(instance), None))


# --- relations ---


class Watcher:
    """Compares what the owners have before and after: the signal alone does not tell what was really changed."""

    def __init__(self, relation: Relation) -> None:
        self.relation = relation

    @never_raises(TYPE)
    def __call__(self, instance: Any, action: str, reverse: bool, pk_set: set[Any] | None, **kwargs: Any) -> None:
        if action.startswith("pre_"):
            setattr(instance, BEFORE, self._names(self._owners(instance, reverse, pk_set)))
        elif (before := instance.__dict__.pop(BEFORE, None)) is not None:
            broadcast_changes(*self._changes(before, self._names(before)))

    def _owners(self, instance: Any, reverse: bool, pk_set: set[Any] | None) -> Collection[Any]:
        if not reverse:
            return [instance.pk]
        if pk_set is not None:
            return pk_set
        rows = self.relation.through._default_manager.filter(**{self.relation.target: instance})  # all are cleared
        return list(rows.values_list(self.relation.owner, flat=True))

    def _names(self, owners: Collection[Any]) -> Names:
        rows = self.relation.through._default_manager.filter(**{f"{self.relation.owner}__in": owners})
        named: Names = {owner: [] for owner in owners}
        for owner, name in rows.annotate(name=self.relation.name).values_list(self.relation.owner, "name"):
            named[owner].append(name)
        return {owner: sorted(names) for owner, names in named.items()}

    def _changes(self, before: Names, after: Names) -> Iterable[Data]:
        changed = [owner for owner in before if before[owner] != after[owner]]
        model = self.relation.through._meta.get_field(self.relation.owner).related_model
        assert isinstance(model, type)
        owners = model._default_manager.in_bulk(changed)
        for owner in changed:
            subject = self.relation.subject_of(owners[owner])
            yield change_of(subject, self.relation.kind, before[owner][:MAX_NAMES], after[owner][:MAX_NAMES])
