"""Secrets of destinations: encrypted in the database, or the name of an environment variable in place of one."""

from __future__ import annotations

import base64
import functools
import hashlib
import os
import re
import secrets

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

PREFIX = "EVENTHUB_DESTINATION_"
WEBHOOK_PREFIX = "whsec_"  # as Standard Webhooks writes secrets
WEBHOOK_BYTES = 32
LEAST_BYTES, MOST_BYTES = 24, 64  # of a webhook's secret, as Standard Webhooks has it

_REFERENCE = re.compile(rf"env:({PREFIX}[A-Z0-9_]{{1,100}})\Z")


class SecretUnusable(ValueError):
    """Nothing is sent; the message says why. It never repeats the secret."""


def new_webhook_secret() -> str:
    return WEBHOOK_PREFIX + base64.b64encode(secrets.token_bytes(WEBHOOK_BYTES)).decode()


def sealed(given: str) -> str:
    """Return a webhook's secret, or a reference to one, as the database keeps it. Raises SecretUnusable."""
    if given.startswith("env:"):
        return reference(given)
    webhook_key(given)
    return encrypted(given)


def reference(given: str) -> str:
    """Return a reference to a secret. Raises SecretUnusable."""
    if _REFERENCE.match(given) is None:
        raise SecretUnusable(f"A secret is referred to as env:{PREFIX}NAME, in capitals.")
    return given


def encrypted(given: str) -> str:
    return _keys(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS).encrypt(given.encode()).decode()


def opened(kept: str) -> str:
    """Return the secret that the database keeps. Raises SecretUnusable."""
    if kept.startswith("env:"):
        name = kept.removeprefix("env:")
        if secret := os.environ.get(name, settings.DESTINATION_SECRETS_IN_FILE.get(name, "")).strip():
            return secret
        raise SecretUnusable(f"The environment variable {name}, which holds this destination's secret, is not set.")
    return _decrypted(kept, settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


def webhook_key(secret: str) -> bytes:
    """Return what signs, of a secret as Standard Webhooks writes it. Raises SecretUnusable."""
    try:
        key = base64.b64decode(secret.removeprefix(WEBHOOK_PREFIX), validate=True)
    except ValueError:
        key = b""
    if not LEAST_BYTES <= len(key) <= MOST_BYTES:
        expected = f"{WEBHOOK_PREFIX} and {LEAST_BYTES} to {MOST_BYTES} bytes in base64"
        raise SecretUnusable(f"This is not a secret of a webhook: expected is {expected}, or env:{PREFIX}NAME.")
    return key


@functools.lru_cache(maxsize=4_096)  # 60 µs for each delivery
def _decrypted(kept: str, *secret_keys: str) -> str:
    try:
        return _keys(*secret_keys).decrypt(kept.encode()).decode()
    except InvalidToken:
        raise SecretUnusable("The secret was kept under another EVENTHUB_SECRET_KEY: rotate it.") from None


@functools.lru_cache(maxsize=4)
def _keys(*secret_keys: str) -> MultiFernet:
    """Return what encrypts: by a key of its own, which is made from Django's secret key."""
    derived = (hashlib.sha256(b"eventhub destination secrets:" + each.encode()).digest() for each in secret_keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(each)) for each in derived])
