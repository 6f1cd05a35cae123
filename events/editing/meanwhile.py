"""Who has changed something since a page was made, by the admin's log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, Q

from events.editing.posted import listed

MAX_NAMED = 3  # people


def who_changed(last: int, rows: Mapping[type[Model], Iterable[Any]], user: Any) -> str:
    """Return “by ada at 22:14:03 UTC”, from what the log says of these rows after its entry `last`."""
    about = Q(pk=None)
    for model, keys in rows.items():
        kind = ContentType.objects.get_for_model(model)
        about |= Q(content_type=kind, object_id__in=[str(key) for key in keys])
    entries = LogEntry.objects.filter(about, pk__gt=last).select_related("user").order_by("-pk")
    people: dict[Any, str] = {}
    for entry in entries[:100]:
        name = "you, on another page," if entry.user_id == user.pk else entry.user.get_username()
        people.setdefault(entry.user_id, f"{name} at {entry.action_time:%H:%M:%S} UTC")
    if not people:
        return "by something else than a form of the admin"
    named = [*people.values()][:MAX_NAMED]
    return f"by {listed(named)}" + (" and others" if len(people) > MAX_NAMED else "")
