"""The groups of a new installation. From then on they are its admins': nothing makes or changes them again."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission

from events.models import EventType
from events.models.revision import as_one_change

SEES_ALL_BUT_AUDIT = "watchers"
# Events about people are for staff: who signs in when is nothing for everybody. "auditors" came with the audit types.
ABOUT_PEOPLE, FOR_STAFF = "user", (SEES_ALL_BUT_AUDIT, "fleet admins", "auditors")
# Whoever is in none sees and subscribes to what is for everybody. The admin also wants “staff status” of its users.
ROLES = {
    "watchers": (
        *("events.view_category", "events.view_eventtype", "events.view_eventfield", "events.view_fieldoption"),
        *("events.view_event", "mcp.view_mcpserver", "mcp.view_mcptransition"),
    ),
    "emitters": ("events.add_event",),
    # Where a secret may be sent is left to superusers: who could add bindings could have every secret sent anywhere.
    "fleet admins": (
        *("mcp.view_mcpserver", "mcp.add_mcpserver", "mcp.change_mcpserver", "mcp.delete_mcpserver"),
        *("mcp.view_mcptransition", "mcp.view_secretbinding", "mcp.approve_tools"),
        *("mcp.view_maintenance", "mcp.add_maintenance", "mcp.change_maintenance", "mcp.delete_maintenance"),
        # An event that a server offers becomes an event type when it is accepted.
        *("mcp.view_offeredevent", "mcp.change_offeredevent", "events.add_eventtype"),
    ),
}


def make_roles() -> None:
    """Make those groups that are not there. Nobody has changed anybody's access: no event tells of it."""
    for name, permissions in ROLES.items():
        group, created = Group.objects.get_or_create(name=name)
        if created:
            has = Group.permissions.through
            has.objects.bulk_create(has(group=group, permission=permission_of(each)) for each in permissions)
    close_user_types()


def close_user_types() -> None:
    """Let staff alone see the event types about people, of a registry that nobody has edited yet."""
    types = EventType.objects.filter(category=ABOUT_PEOPLE)
    ties = EventType.allowed_groups.through
    groups = Group.objects.filter(name__in=FOR_STAFF)
    with as_one_change():
        types.update(restricted=True)
        ties.objects.bulk_create([ties(eventtype=type, group=group) for type in types for group in groups])


def permission_of(name: str) -> Permission:
    app, codename = name.split(".")
    return Permission.objects.get(content_type__app_label=app, codename=codename)
