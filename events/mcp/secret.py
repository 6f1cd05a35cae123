"""References to secrets: the database keeps the name of an environment variable, never what is in it.

The person who registers a server types the name, so only variables for this purpose can be named. A secret is sent only
to origins that it is bound to, by a person with the permission (models/binding.py) or by EVENTHUB_MCP_SECRETS.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from typing import NamedTuple

from django.conf import settings

from events.outbound.origin import origin_text

PREFIX = "MCP_SECRET_"

_REFERENCE = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]{0,127})\Z")
# What keeps eventhub itself safe, or steers its processes: no setting makes a server's secret of it.
_OURS = re.compile(
    r"(EVENTHUB|DJANGO|LD|DYLD|SSL|MCP_ALLOWED|MCP_CANARY)_|(PG|PYTHON)[A-Z]+\Z|"
    r"(DATABASE_URL|REDIS_URL|PATH|HOME|USER|SHELL|PWD)\Z",
    re.IGNORECASE,
)


class Usable(NamedTuple):
    """A variable that the operator lets servers name, and the one origin that it goes to; empty: bound in the admin."""

    name: str
    origin: str = ""


class SecretUnusable(ValueError):
    """Nothing is sent; the message says why, and what can be done."""


class InvalidReference(SecretUnusable):
    """The text is no reference to a secret. It is not repeated: people paste the secret itself."""

    def __init__(self) -> None:
        super().__init__(f"A secret is referred to as env:{PREFIX}NAME, an environment variable of the monitor.")


class SecretNotAllowed(SecretUnusable):
    """The variable is none that servers may name. Whether it is set is not told."""

    def __init__(self, name: str) -> None:
        others = "".join(f", {each}" for each in sorted({each.name for each in settings.EVENTHUB_MCP_SECRETS}))
        way = "" if is_ours(name) else f" An operator can allow it: EVENTHUB_MCP_SECRETS={name}."
        super().__init__(f"{name} may not be used as a secret; allowed: {PREFIX}…{others}.{way}")


class SecretMissing(SecretUnusable):
    """The environment variable that a reference names is not set, or is empty."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The environment variable {name}, which holds this server's secret, is not set.")


class SecretNotBound(SecretUnusable):
    """Nobody who may has said that the secret may be sent to this origin."""

    def __init__(self, name: str, origin: str) -> None:
        if fixed := fixed_origins().get(name):
            only = f"EVENTHUB_MCP_SECRETS lets it be sent to {', '.join(sorted(fixed))} alone."
        else:
            only = (
                "Somebody with the permission “Can add secret binding” has to bind it, in the admin, or an operator: "
                f"EVENTHUB_MCP_SECRETS={name}@{origin}."
            )
        super().__init__(f"{name} may not be sent to {origin}. {only}")


def is_ours(name: str) -> bool:
    return _OURS.match(name) is not None


def name_in(reference: str) -> str:
    """Return the variable that a reference names; raise InvalidReference or SecretNotAllowed. Whether it is set does
    not matter."""
    match = _REFERENCE.match(reference)
    if match is None:
        raise InvalidReference
    name = match[1]
    listed = any(each.name == name for each in settings.EVENTHUB_MCP_SECRETS)
    if is_ours(name) or not (listed or name.startswith(PREFIX)) or name == PREFIX:
        raise SecretNotAllowed(name)
    return name


def resolve(reference: str, url: str, origins: Collection[str]) -> str:
    """Return the secret, to be sent to this URL; raise SecretUnusable unless that is of one of these origins."""
    name = name_in(reference)
    if (origin := origin_text(url)) not in origins:
        raise SecretNotBound(name, origin)
    if secret := os.environ.get(name, settings.MCP_SECRETS_IN_FILE.get(name, "")).strip():
        return secret
    raise SecretMissing(name)


def fixed_origins() -> dict[str, frozenset[str]]:
    """Return where the operator lets secrets be sent, by their names: there and nowhere else."""
    fixed: dict[str, frozenset[str]] = {}
    for each in settings.EVENTHUB_MCP_SECRETS:
        if each.origin:
            fixed[each.name] = fixed.get(each.name, frozenset()) | {each.origin}
    return fixed
