"""Whether Python finds eventhub's packages, or others of their names."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

HOME = Path(__file__).resolve().parent.parent.parent  # where our packages are, and templates
PACKAGES = ("events", "subscriptions")


def demand_packages() -> None:
    """Raise ImproperlyConfigured, with what to do, if a package of the project's own stands in the place of one of
    ours."""
    for package in PACKAGES:
        spec = find_spec(package)
        found = next(iter(spec.submodule_search_locations or ()), spec.origin or "") if spec else ""
        if found and Path(found).resolve() != HOME / package:
            raise ImproperlyConfigured(
                f"Rename your package “{package}” ({found}): eventhub has one of this name, and Python finds yours."
            )
