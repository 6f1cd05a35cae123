"""What the settings of another project do not have of eventhub's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from eventhub.inside import own_settings
from eventhub.inside.own_settings import channel_layers, env
from eventhub.server.sockets import unix_socket

OURS = ("EVENTHUB_", "MCP_", "REDIS_URL", "REST_KNOX", "DESTINATION_SECRETS_IN_FILE")


def set_defaults() -> None:
    """Give each setting of eventhub that the project has not set its value of the environment, or its default. Raises
    ImproperlyConfigured, with what to do."""
    if hasattr(settings, "EVENTHUB_VERSION"):  # the settings of an installation have them all
        return
    _set({name: value for name, value in vars(own_settings).items() if name.startswith(OURS)})
    folder = _var_dir()
    valkey = unix_socket(folder, "valkey.sock")
    _set(
        {
            "EVENTHUB_VALKEY_SOCKET": valkey,
            "EVENTHUB_ALLOWED_ORIGINS": env.list("EVENTHUB_ALLOWED_ORIGINS", _origins()),
            "EVENTHUB_PATH": (settings.FORCE_SCRIPT_NAME or "").rstrip("/"),
            "CHANNEL_LAYERS": channel_layers(valkey),
        }
    )


def _set(values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if not hasattr(settings, name):
            setattr(settings, name, value)


def _var_dir() -> Path:
    """Return the folder of eventhub's locks and sockets, which is there then."""
    given = getattr(settings, "EVENTHUB_VAR_DIR", None) or env.str("EVENTHUB_VAR_DIR", "")
    if not given and not hasattr(settings, "BASE_DIR"):
        raise ImproperlyConfigured("Set EVENTHUB_VAR_DIR in the settings to a folder for eventhub's locks and sockets.")
    folder = Path(given or Path(settings.BASE_DIR) / "var").resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings.EVENTHUB_VAR_DIR = folder
    return folder


def _origins() -> list[str]:
    """Return the origins of the project's own pages."""
    hosts = [host for host in settings.ALLOWED_HOSTS if host[0] not in "*."]
    if settings.DEBUG and not hosts:
        hosts = ["localhost", "127.0.0.1", "[::1]"]  # as Django does
    here = [f"http://{host}:{port}" for host in hosts for port in settings.EVENTHUB_PORTS]
    return [*settings.CSRF_TRUSTED_ORIGINS, *here]
