"""References to secrets: the database keeps the name of an environment variable, never what is in it."""

from __future__ import annotations

import os
import re

_REFERENCE = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]{0,127})\Z")


class InvalidReference(ValueError):
    """The text is no reference to a secret. It is not repeated: people paste the secret itself."""

    def __init__(self) -> None:
        super().__init__("A secret is referred to as env:NAME, NAME being an environment variable of the monitor.")


class SecretMissing(LookupError):
    """The environment variable that a reference names is not set, or is empty."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The environment variable {name}, which holds this server's secret, is not set.")


def validate_reference(reference: str) -> None:
    """Raise InvalidReference unless this is `env:NAME`; whether the variable is set does not matter."""
    _name(reference)


def resolve(reference: str) -> str:
    """Return the secret; raise InvalidReference or SecretMissing."""
    name = _name(reference)
    if secret := os.environ.get(name, "").strip():
        return secret
    raise SecretMissing(name)


def _name(reference: str) -> str:
    match = _REFERENCE.match(reference)
    if match is None:
        raise InvalidReference
    return match[1]
