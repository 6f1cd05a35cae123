"""How long a new installation keeps events. From then on that is its admins' to say."""

from __future__ import annotations

from django.db.models import QuerySet

from events.models import Event, EventType
from events.models.revision import as_one_change

AUDIT = "audit"  # the category
DAYS = 90
DAYS_OF_AUDIT = 365


def begin_retention() -> bool:
    """Set how long types keep their events that say nothing of it, unless the log has events already. Return whether
    it was done."""
    if Event.objects.exists():
        return False
    forever: QuerySet[EventType] = EventType.objects.filter(retention_days=None)
    with as_one_change():
        forever.filter(category_id=AUDIT).update(retention_days=DAYS_OF_AUDIT)
        forever.exclude(category_id=AUDIT).update(retention_days=DAYS)
    return True
