"""Signs people in without the login page and without the hashing of a password, which takes half a second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.test import override_settings
from django.utils.crypto import get_random_string

from tests.servers import ServerProcess

BACKEND = "django.contrib.auth.backends.ModelBackend"


def session_of(server: ServerProcess, name: str) -> str:
    """Put a session of this person into the server's database, and return its key."""
    columns = f"SELECT id, password FROM auth_user WHERE username = '{name}'"  # noqa: S608
    ((number, password),) = server.database.rows(columns)
    with override_settings(SECRET_KEY=(server.var_dir / "secret_key").read_text()):
        data = SessionStore().encode(
            {
                SESSION_KEY: str(number),
                BACKEND_SESSION_KEY: BACKEND,
                HASH_SESSION_KEY: User(password=password).get_session_auth_hash(),
            }
        )
    key = get_random_string(32)
    ends = datetime.now(UTC) + timedelta(days=1)
    insert = f"INSERT INTO django_session VALUES ('{key}', '{data}', '{ends:%Y-%m-%d %H:%M:%S+00}')"  # noqa: S608
    server.database.change(insert)
    return key
