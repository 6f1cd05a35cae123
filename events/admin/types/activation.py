"""Event types switched on and off from their list, after a look at what that does."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest, HttpResponse

from events.admin.pages import admin_page, shortened
from events.admin.types import audit
from events.models import EventType, RegistryQuerySet, as_one_change

MAX_CHOSEN = 1_000  # types at once


def set_active(
    admin: ModelAdmin[Any], request: HttpRequest, chosen: RegistryQuerySet[EventType], active: bool
) -> HttpResponse | None:
    changed = list(chosen.exclude(is_active=active)[:MAX_CHOSEN])
    if kept := [each for each in changed if not admin.has_change_permission(request, each)]:
        admin.message_user(request, f"{shortened(map(str, kept))}: {audit.NEEDED}.", messages.ERROR)
        return None
    state = "active" if active else "inactive"
    if not changed:
        admin.message_user(request, f"All of these are {state} already.")
        return None
    if "confirmed" not in request.POST:
        act = "Activate" if active else "Deactivate"
        title = f"{act} {len(changed)} event type{'' if len(changed) == 1 else 's'}"
        checked = ACTION_CHECKBOX_NAME
        return admin_page(
            admin, request, "activation.html", title, changed=changed, active=active, act=act, checked=checked
        )
    with as_one_change():
        EventType.objects.filter(pk__in=[event_type.pk for event_type in changed]).update(is_active=active)
        for event_type in changed:
            admin.log_change(request, event_type, [{"changed": {"fields": ["active"]}}])
    admin.message_user(request, f"Now {state}: {shortened(map(str, changed))}.")
    return None
