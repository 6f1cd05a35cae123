"""Tells delivery that somebody's access has changed.

Users, groups, sessions and tokens are not ours: only their signals tell, and not of everything (`QuerySet.update()` is
silent), so delivery also checks all open connections now and then.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib.auth import get_user_model, user_logged_in, user_logged_out
from django.contrib.auth.models import Group
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_delete
from django.http import HttpRequest
from django.utils import timezone
from knox.models import get_token_model

from events.access import sessions
from events.models import EventType, Revision
from events.models.history import record_versions

SIGNED_IN = "eventhub_signed_in"  # a session: when it was begun, from which address, by which browser
MAX_AGENT = 300  # characters of what a browser calls itself; signed cookies have room for 4 KB in all
OPENED_TO = "_types_opened_to"  # a group that is being deleted: identifiers of the types that it was to see


def connect() -> None:
    user, token = get_user_model(), get_token_model()
    post_save.connect(user_saved, sender=user, dispatch_uid="eventhub.user_saved")
    post_save.connect(access_changed, sender=token, dispatch_uid="eventhub.token_saved")
    # A logout deletes the session after its signal, hence the session's own, where a table keeps them.
    kept = sessions.model()
    user_logged_in.connect(session_begins, dispatch_uid="eventhub.session_begins")
    user_logged_out.connect(session_ends, dispatch_uid="eventhub.session_ends")
    for model in (user, token, *([] if kept is None else [kept])):
        post_delete.connect(access_changed, sender=model, dispatch_uid=f"eventhub.{model.__name__}_deleted")
    m2m_changed.connect(members_changed, sender=user.groups.through, dispatch_uid="eventhub.members_changed")
    # Among permissions is the one to have events delivered.
    for name, given in (("user", user.user_permissions.through), ("group", Group.permissions.through)):
        m2m_changed.connect(members_changed, sender=given, dispatch_uid=f"eventhub.{name}_permissions_changed")
    # Groups are also user roles, which filters offer, and what types are restricted to.
    for signal in (post_save, post_delete):
        signal.connect(group_changed, sender=Group, dispatch_uid="eventhub.group_changed")
    pre_delete.connect(keep_closed_without, sender=Group, dispatch_uid="eventhub.group_deletion")
    post_delete.connect(note_deletion, sender=Group, dispatch_uid="eventhub.group_deletion_noted")
    restricted = EventType.allowed_groups.through
    m2m_changed.connect(restriction_changed, sender=restricted, dispatch_uid="eventhub.restriction_changed")


def access_changed(**kwargs: Any) -> None:
    Revision.bump_access()


def session_begins(request: HttpRequest | None, **kwargs: Any) -> None:
    """Keep what one recognizes a session by, when one looks through one's own."""
    if request is not None and hasattr(request, "session"):
        agent = request.META.get("HTTP_USER_AGENT", "")[:MAX_AGENT]
        begun = {"at": timezone.now().isoformat(), "address": request.META.get("REMOTE_ADDR", ""), "agent": agent}
        request.session[SIGNED_IN] = begun


def session_ends(request: HttpRequest | None, **kwargs: Any) -> None:
    """End a session that no table keeps. This signal comes before the logout deletes it, and what is checked in between
    would find it valid: so it is deleted here, too. A signed cookie stays valid wherever there is a copy of it."""
    if sessions.model() is None and request is not None and hasattr(request, "session"):
        type(request.session)(request.session.session_key).delete()
        Revision.bump_access()


def user_saved(created: bool, update_fields: Collection[str] | None, **kwargs: Any) -> None:
    if not created and set(update_fields or ()) != {"last_login"}:  # every login saves that
        Revision.bump_access()


def members_changed(action: str, **kwargs: Any) -> None:
    if action.startswith("post_"):
        Revision.bump_access()


def group_changed(**kwargs: Any) -> None:
    Revision.bump_registry()
    Revision.bump_access()


def keep_closed_without(instance: Group, **kwargs: Any) -> None:
    """Keep closed what was for this group: it does not become everybody's when the group ends."""
    EventType.keep_closed()
    setattr(instance, OPENED_TO, list(instance.eventtype_set.values_list("pk", flat=True)))


def note_deletion(instance: Group, **kwargs: Any) -> None:
    """Record in history that the types lost this group, because no other signal tells of it."""
    record_versions(list(EventType.objects.filter(pk__in=instance.__dict__.pop(OPENED_TO, ()))), created=False)


def restriction_changed(
    instance: EventType | Group, action: str, reverse: bool, pk_set: Collection[Any] | None, **kwargs: Any
) -> None:
    """Restrict a type that is given a group. Do not open one whose last group is taken away."""
    if action == "post_add":
        given = pk_set or () if reverse else [instance.pk]
        for event_type in EventType.objects.filter(pk__in=given, restricted=False):
            event_type.save()  # which restricts it
        if isinstance(instance, EventType):
            instance.refresh_from_db(fields=["restricted"])
    if action.startswith("post_"):
        Revision.bump_registry()
        Revision.bump_access()
