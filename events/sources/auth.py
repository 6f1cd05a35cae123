"""Who came in, who went, who tried: Django's own signals as events.

The signals are sent unprotected: whatever a receiver raised would break the login itself.
"""

from __future__ import annotations

import time
from typing import Any

from django.contrib.auth import get_user_model, user_logged_in, user_logged_out, user_login_failed
from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest

from events.options import roles_of
from events.sources.never_raises import try_broadcast

SOURCE = "django.auth"
UNKNOWN_USER = "(unknown)"  # people type passwords into the name box: a name that is nobody's is never repeated
FAILURE_INTERVAL = 10.0  # seconds between two events about the same name and address; attackers write these events
MAX_TRACKED = 1000  # names and addresses of an interval; beyond them, failures are told of as one
MANY_FAILURES = 10  # in one event: an error rather than a warning


def connect() -> None:
    user_logged_in.connect(logged_in, dispatch_uid="eventhub.logged_in")
    user_logged_out.connect(logged_out, dispatch_uid="eventhub.logged_out")
    user_login_failed.connect(login_failed, dispatch_uid="eventhub.login_failed")


def logged_in(user: AbstractUser, **kwargs: Any) -> None:
    backend = getattr(user, "backend", "").rpartition(".")[2]
    method = "password" if backend in ("", "ModelBackend") else backend
    try_broadcast("user_login", lambda: {**describe(user), "method": method}, source=SOURCE)


def logged_out(user: AbstractUser | None, **kwargs: Any) -> None:
    if user is not None:  # somebody logged out who was not logged in
        try_broadcast("user_logout", lambda: describe(user), source=SOURCE)


def describe(user: AbstractUser) -> dict[str, Any]:
    user_id = user.pk if isinstance(user.pk, int) else str(user.pk)  # JSON has no UUID
    return {"user_id": user_id, "username": user.get_username(), "user_roles": roles_of(user)}


def login_failed(credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any) -> None:
    address = request.META.get("REMOTE_ADDR", "") if request is not None else ""
    try_broadcast("login_failed", lambda: failure(str(credentials.get("username", "")), address), source=SOURCE)


def failure(attempted: str, address: str) -> dict[str, Any] | None:
    user = get_user_model()
    known = user._default_manager.filter(**{user.USERNAME_FIELD: attempted}).exists()
    username = attempted if known else UNKNOWN_USER
    count = failures.count(username, address)
    if not count:
        return None
    severity = "error" if count >= MANY_FAILURES else "warning"
    reason = "wrong password" if username != UNKNOWN_USER else "no such user"
    return {"username": username, "ip": address, "reason": reason, "count": count, "severity": severity}


class FailureCounter:
    """Counts failed logins by name and address; each gets one event an interval, with the number since its last."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def count(self, username: str, address: str) -> int:
        """Return the number to tell of now, this failure included; 0 when the interval is not over."""
        now = time.monotonic()
        key = (username, address)
        if key not in self._seen and len(self._seen) >= MAX_TRACKED:
            self._forget_quiet(now)
            if len(self._seen) >= MAX_TRACKED:
                key = ("", "")
        told_at, untold = self._seen.get(key, (-FAILURE_INTERVAL, 0))
        if now - told_at < FAILURE_INTERVAL:
            self._seen[key] = (told_at, untold + 1)
            return 0
        self._seen[key] = (now, 0)
        return untold + 1

    def _forget_quiet(self, now: float) -> None:
        self._seen = {key: seen for key, seen in self._seen.items() if now - seen[0] < FAILURE_INTERVAL}


failures = FailureCounter()
