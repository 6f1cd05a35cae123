"""Makes the database that every server of a test starts from; run once a session, in a process of its own."""

from __future__ import annotations

from django.contrib.auth.hashers import PBKDF2PasswordHasher

from tests.processes.program import ITERATIONS

# Password of each: `pw-<name>`. What they may do:
#   admin    superuser
#   emitter  has events.add_event
#   auditor  is in the group auditors
#   alice    just a user
NAMES = ("admin", "emitter", "auditor", "alice")


def make() -> dict[str, str]:
    """Create the people in a migrated database, collect the static files, and return the people's API tokens."""
    from django.contrib.auth.models import Group, Permission, User
    from knox.models import AuthToken

    from eventhub.static import collect_static

    collect_static()
    hasher = PBKDF2PasswordHasher()
    people = {
        name: User.objects.create(
            username=name,
            password=hasher.encode(f"pw-{name}", hasher.salt(), iterations=ITERATIONS),
            is_staff=name == "admin",
            is_superuser=name == "admin",
        )
        for name in NAMES
    }
    people["emitter"].user_permissions.add(
        Permission.objects.get(codename="add_event", content_type__app_label="events")
    )
    people["auditor"].groups.add(Group.objects.get_or_create(name="auditors")[0])
    return {name: AuthToken.objects.create(user)[1] for name, user in people.items()}
