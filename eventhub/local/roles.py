"""The groups of a new installation. From then on they are its admins': nothing makes or changes them again."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission

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
        *("mcp.view_mcptransition", "mcp.view_secretbinding"),
    ),
}


def make_roles() -> None:
    """Make those groups that are not there. Nobody has changed anybody's access: no event tells of it."""
    for name, permissions in ROLES.items():
        group, created = Group.objects.get_or_create(name=name)
        if created:
            has = Group.permissions.through
            has.objects.bulk_create(has(group=group, permission=permission_of(each)) for each in permissions)


def permission_of(name: str) -> Permission:
    app, codename = name.split(".")
    return Permission.objects.get(content_type__app_label=app, codename=codename)
