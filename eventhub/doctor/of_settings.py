"""Settings that do not fit together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.http.request import validate_host

IN_MEMORY = "channels.layers.InMemoryChannelLayer"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
SHORTEST_KEY = 32  # characters


def check_settings(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    return [*_delivery(), *_addresses(), *_secrecy()]


def _delivery() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if settings.CHANNEL_LAYERS.get("default", {}).get("BACKEND") == IN_MEMORY:
        told = "The channel layer is in the memory of each process: what one broadcasts rings in no other."
        hint = "Take the setting CHANNEL_LAYERS away, and set REDIS_URL=redis://… or run manage.py valkey."
        found.append(Error(told, hint=hint, id="eventhub.E001"))
    if settings.EMAIL_USE_TLS and settings.EMAIL_USE_SSL:
        told = "EMAIL_USE_TLS and EMAIL_USE_SSL are both on: no mail can be sent."
        found.append(Error(told, hint="Set EMAIL_USE_SSL=False, unless the port is 465.", id="eventhub.E032"))
    if not settings.EVENTHUB_DOORBELLS and not settings.EVENTHUB_LOOK_INTERVAL:
        told = "Neither doorbells nor polls are on: no event is delivered."
        found.append(Error(told, hint="Set EVENTHUB_LOOK_INTERVAL=1.0.", id="eventhub.E002"))
    return found


def _addresses() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    origins = settings.EVENTHUB_ALLOWED_ORIGINS
    for origin in origins:
        host = urlsplit(origin).hostname or ""
        if not validate_host(f"[{host}]" if ":" in host else host, settings.ALLOWED_HOSTS):
            told = f"Pages of {origin} may connect, but no request may use its host: the page itself is refused."
            hint = f"Add {host} to EVENTHUB_ALLOWED_HOSTS, or take {origin} out of EVENTHUB_ALLOWED_ORIGINS."
            found.append(Warning(told, hint=hint, id="eventhub.W003"))
    if not origins:
        told = "No page may connect: EVENTHUB_ALLOWED_ORIGINS is empty."
        hint = "Set EVENTHUB_ALLOWED_ORIGINS=https://… to the address that people see in their browsers."
        found.append(Warning(told, hint=hint, id="eventhub.W003"))
    plain = [origin for origin in origins if not origin.startswith("https://")]
    if settings.SECURE_SSL_REDIRECT and plain:
        told = f"Requests are redirected to https, but {plain[0]} may connect: cookies are sent over http, too."
        hint = "Begin each address in EVENTHUB_ALLOWED_ORIGINS with https://."
        found.append(Warning(told, hint=hint, id="eventhub.W004"))
    if "*" in settings.ALLOWED_HOSTS:
        told = "Requests may use any host name, so a link can be made to lead elsewhere."
        hint = "Name your own in EVENTHUB_ALLOWED_HOSTS, as in EVENTHUB_ALLOWED_HOSTS=events.example.org."
        found.append(Warning(told, hint=hint, id="eventhub.W005"))
    return found


def _secrecy() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if settings.DEBUG and settings.EVENTHUB_HOST not in LOOPBACK:
        told = f"Visitors see tracebacks, and the server listens on {settings.EVENTHUB_HOST}."
        found.append(Warning(told, hint="Set EVENTHUB_DEBUG=False.", id="eventhub.W006"))
    if len(settings.SECRET_KEY) < SHORTEST_KEY:
        told = f"The secret key has {len(settings.SECRET_KEY)} characters: sessions can be forged by guessing it."
        hint = "Take EVENTHUB_SECRET_KEY away: one is made and kept. With several machines, set 50 random characters."
        found.append(Warning(told, hint=hint, id="eventhub.W007"))
    return found
