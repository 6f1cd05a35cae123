"""Whether Python and Django find eventhub's apps. Where they do not, no system check could run: the start fails, with
what to do."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

OURS = {"events": "events", "mcp": "events.mcp", "subscriptions": "subscriptions"}  # by label
NEEDED = (*OURS.values(), "knox", "simple_history")


def demand_apps() -> None:
    """Raise ImproperlyConfigured if an app is missing, or an app of the project's own has the label of one of ours."""
    demand_labels([AppConfig.create(each) for each in settings.INSTALLED_APPS if each.split(".")[0] != "eventhub"])


def demand_labels(installed: list[AppConfig]) -> None:
    for each in installed:
        if OURS.get(each.label, each.name) != each.name:
            raise ImproperlyConfigured(
                f"Give your app “{each.name}” another label, as in label = “my_{each.label}” in its AppConfig: "
                f"“{each.label}” is the label of eventhub's own app “{OURS[each.label]}”."
            )
    names = {each.name for each in installed}
    if missing := [f"“{name}”" for name in NEEDED if name not in names]:
        raise ImproperlyConfigured(f"Add {', '.join(missing)} to INSTALLED_APPS: eventhub needs it.")
