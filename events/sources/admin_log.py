"""What people do in Django's admin: every entry of its log as a `user_action`, of the configuration also as a
`config_change`.

An action on many rows writes its entries by `bulk_create`, of which no signal tells: hence a queryset that does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.db.models.signals import post_save

from events.options import roles_of
from events.sources.never_raises import Data, never_raises, try_broadcast_all

ACTIONS = {ADDITION: "added", CHANGE: "changed", DELETION: "deleted"}
# The models that the configuration consists of, and what a `config_change` calls them.
CONFIGURATION = {
    "events.category": "category",
    "events.eventtype": "event_type",
    "events.eventfield": "event_field",
    "events.fieldoption": "field_option",
    "mcp.mcpserver": "mcp_server",
    "auth.group": "group",
    settings.AUTH_USER_MODEL.lower(): "user",
}
MAX_FIELDS = 100  # names in one event


class ToldQuerySet(QuerySet[LogEntry]):
    def bulk_create(self, objs: Iterable[LogEntry], *args: Any, **kwargs: Any) -> list[LogEntry]:
        entries = super().bulk_create(objs, *args, **kwargs)
        written(entries)
        return entries


def connect() -> None:
    post_save.connect(saved, sender=LogEntry, dispatch_uid="eventhub.log_entry_saved")
    # Its manager is no place to subclass: migrations of the admin would see another one.
    LogEntry.objects._queryset_class = ToldQuerySet  # type: ignore[attr-defined]


def saved(instance: LogEntry, created: bool, raw: bool = False, **kwargs: Any) -> None:
    if created and not raw:
        written([instance])


def written(entries: Sequence[LogEntry]) -> None:
    """Tell of entries that one user has just written."""
    if not entries:
        return
    with never_raises("user_action"):
        user = get_user_model()._default_manager.get(pk=entries[0].user_id)
        who = {"username": user.get_username(), "user_roles": roles_of(user)}
        source = f"admin:{user.get_username()}"
        kinds = {entry.content_type_id: kind_of(entry) for entry in entries}
        actions = [user_action(entry, kinds[entry.content_type_id]) | who for entry in entries]
        try_broadcast_all("user_action", actions, source=source)
        changes = [
            config_change(entry, CONFIGURATION[kinds[entry.content_type_id]]) | {"username": who["username"]}
            for entry in entries
            if kinds[entry.content_type_id] in CONFIGURATION
        ]
        try_broadcast_all("config_change", changes, source=source)


def kind_of(entry: LogEntry) -> str:
    """Return `app.model` of what the entry is about."""
    if entry.content_type_id is None:
        return ""
    kind = ContentType.objects.get_for_id(entry.content_type_id)
    return f"{kind.app_label}.{kind.model}"


def user_action(entry: LogEntry, kind: str) -> dict[str, Any]:
    return {
        "action_type": ACTIONS[entry.action_flag],
        "target_type": CONFIGURATION.get(kind) or kind or "(unknown)",
        "target_id": entry.object_id,
        "target_name": entry.object_repr,
        "severity": "warning" if entry.action_flag == DELETION else "info",
    }


def config_change(entry: LogEntry, model: str) -> dict[str, Any]:
    return {
        "model": model,
        "object_id": entry.object_id,
        "object_repr": entry.object_repr,
        "action": ACTIONS[entry.action_flag],
        "changed_fields": changed_fields(entry.change_message)[:MAX_FIELDS],
        "severity": "info",
    }


def changed_fields(change_message: str) -> list[str]:
    """Return the names of the fields that an entry says were changed, never their values; inline rows by what they are.

    Its message is a list as `ModelAdmin.construct_change_message` makes it, or a sentence of somebody's own, which
    names no fields that could be told apart.
    """
    try:
        parts = json.loads(change_message)
    except ValueError:
        return []
    names: list[str] = []
    for part in parts if isinstance(parts, list) else []:
        for action, about in part.items():
            names += names_in(action, about)
    return list(dict.fromkeys(names))


def names_in(action: str, about: Data) -> list[str]:
    inline, fields = about.get("name"), about.get("fields", ())
    if not inline:
        return [str(field) for field in fields]
    return [f"{inline}: {field}" for field in fields] or [f"{inline} {action}"]
