"""Where the options of a filterable field come from. To add a place: one `register` call in an `AppConfig.ready`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from django.contrib.auth.models import AbstractUser, Group

from events.core.event_types import Option

STATIC = "static"
SEVERITY_LEVELS = "severity_levels"
USER_ROLES = "user_roles"


class OptionSource(NamedTuple):
    """`load` gives the options of the moment (it may query); `private` ones are shown only to those signed in. `model`
    is the one whose rows they are, as "app.model", so that people can be led to where one is added."""

    label: str
    load: Callable[[], Iterable[Option]]
    live: bool = True
    private: bool = False
    model: str = ""


SOURCES: dict[str, OptionSource] = {}


def register(key: str, source: OptionSource) -> None:
    SOURCES[key] = source


def choices() -> list[tuple[str, str]]:
    return [(key, source.label) for key, source in SOURCES.items()]


def user_roles() -> list[Option]:
    """Return group names, `admin` for superusers, `staff` for staff."""
    names = ["admin", "staff", *Group.objects.order_by("name").values_list("name", flat=True)]
    return [Option(name, name) for name in dict.fromkeys(names)]


def roles_of(user: AbstractUser) -> list[str]:
    """Return the roles of one user, as `user_roles` filters ask for them: one query."""
    roles = ["admin"] if user.is_superuser else []
    if user.is_staff:
        roles.append("staff")
    return roles + list(user.groups.order_by("name").values_list("name", flat=True))


# The registry fills in the first two, for each field and each type.
register(STATIC, OptionSource("Static list", load=tuple, live=False))
register(SEVERITY_LEVELS, OptionSource("Severity levels of the type", load=tuple, live=False))
register(
    USER_ROLES, OptionSource("User roles (groups, admin, staff)", load=user_roles, private=True, model="auth.group")
)
