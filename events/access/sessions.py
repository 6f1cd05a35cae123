"""Django's sessions, whichever engine keeps them: what is in one, and until when each of many is valid.

Where a table keeps them, it decides, also for `cached_db`: a row that is gone has ended its session. Reading changes
nothing: no session gets another key, is made or is deleted, because a socket asked for it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.sessions.backends import cache, db, file, signed_cookies
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.core.cache import caches
from django.core.exceptions import SuspiciousOperation
from django.core.signing import b62_decode
from django.db import Error as DatabaseError  # InterfaceError too
from django.db import OperationalError
from django.utils import timezone

POSSIBLE = re.compile(r"[!-~]{8,4096}")  # signed cookies hold the whole session; caches and databases refuse the rest
MAX_KEPT_KEY = 200  # characters of a key under which a server keeps a session; memcached takes 250 with its prefixes


class Session(NamedTuple):
    data: Mapping[str, Any]
    expires_at: datetime  # at the latest; not every engine knows better


class SessionsUnavailable(OperationalError):
    """What keeps the sessions cannot be read. Those who can wait for a database wait for it, too."""


def engine() -> type[SessionBase]:
    store: type[SessionBase] = import_module(settings.SESSION_ENGINE).SessionStore
    return store


def model() -> type[AbstractBaseSession] | None:
    """Return the model of the table that keeps the sessions, if one does."""
    store = engine()
    return store.get_model_class() if issubclass(store, db.SessionStore) else None


def read(key: str) -> Session | None:
    """Return what is in a session; None where it is not valid. Raises DatabaseError, whatever keeps the sessions."""
    store = engine()
    if not is_possible(key, store):
        return None
    if issubclass(store, cache.SessionStore):
        return of_cache(cached([key], store).get(key), store)
    return of_table(key, store) if issubclass(store, db.SessionStore) else of_other(key, store)


def valid_until(keys: Collection[str]) -> dict[str, datetime]:
    """Return when each of these sessions expires, at the latest, without those that are not valid. One query or one
    read of the cache for all, where the engine keeps them in either. Raises DatabaseError, whatever keeps them."""
    store = engine()
    keys = [key for key in keys if is_possible(key, store)]
    if issubclass(store, cache.SessionStore):
        return expiries(cached(keys, store), store)
    if issubclass(store, db.SessionStore):
        return in_table(keys, store)
    return {key: session.expires_at for key in keys if (session := of_other(key, store))}


def is_possible(key: str, store: type[SessionBase]) -> bool:
    """Return whether the engine may have made this key. Clients send anything."""
    kept = issubclass(store, cache.SessionStore | db.SessionStore)
    return POSSIBLE.fullmatch(key) is not None and not (kept and len(key) > MAX_KEPT_KEY)


def cached(keys: Collection[str], store: Any) -> dict[str, Mapping[str, Any]]:
    prefix = store.cache_key_prefix
    try:
        found = caches[settings.SESSION_CACHE_ALIAS].get_many([f"{prefix}{key}" for key in keys])
    except Exception as error:  # each kind of cache raises its own
        raise SessionsUnavailable(f"the cache of sessions cannot be read: {error}") from error
    return {key.removeprefix(prefix): data for key, data in found.items()}


def of_cache(data: Mapping[str, Any] | None, store: type[SessionBase]) -> Session | None:
    """Return the session of a cache as if it had been saved now, because a cache does not tell when it forgets."""
    return if_valid(data, expiry_of(data, store, timezone.now())) if data else None


def expiries(sessions: Mapping[str, Mapping[str, Any]], store: type[SessionBase]) -> dict[str, datetime]:
    return {key: session.expires_at for key, data in sessions.items() if (session := of_cache(data, store))}


def of_table(key: str, store: type[db.SessionStore]) -> Session | None:
    rows = store.get_model_class().objects.filter(pk=key, expire_date__gt=timezone.now())
    row = rows.values_list("session_data", "expire_date").first()
    return None if row is None else Session(store(key).decode(row[0]), row[1])


def in_table(keys: Collection[str], store: type[db.SessionStore]) -> dict[str, datetime]:
    rows = store.get_model_class().objects.filter(pk__in=keys, expire_date__gt=timezone.now())
    return dict(rows.values_list("pk", "expire_date"))


def of_other(key: str, store: type[SessionBase]) -> Session | None:
    """Ask the engine itself, whose errors are its own: a key that it cannot read is nobody's."""
    try:
        session = store(key)
        for change in ("create", "delete", "save"):  # what `load` of Django's `file` does where none is valid
            setattr(session, change, leave_as_is)
        data = session.load()
        return if_valid(data, expiry_in(session, data)) if data else None
    except DatabaseError:
        raise
    except OSError as error:  # before ValueError, which some of those are that TLS raises
        raise unavailable(error) from error
    except (SuspiciousOperation, ValueError, LookupError):
        return None
    except Exception as error:
        raise unavailable(error) from error


def unavailable(error: Exception) -> SessionsUnavailable:
    return SessionsUnavailable(f"the sessions cannot be read: {error!r}")


def leave_as_is(*args: Any, **kwargs: Any) -> None:
    """Stand for a method of an engine that would write."""


def expiry_in(session: SessionBase, data: Mapping[str, Any]) -> datetime:
    """Return when a session expires, at the latest. Where nothing tells when it was saved, it is taken as saved now."""
    store = type(session)
    if isinstance(session, file.SessionStore):
        path = Path(session.storage_path, f"{session.file_prefix}{session.session_key}")
        return expiry_of(data, store, datetime.fromtimestamp(path.stat().st_mtime, tz=UTC))
    if isinstance(session, signed_cookies.SessionStore):
        signed_at = datetime.fromtimestamp(b62_decode(str(session.session_key).rsplit(":", 2)[1]), tz=UTC)
        age = timedelta(seconds=session.get_session_cookie_age())  # which the engine itself goes by
        return min(expiry_of(data, store, signed_at), signed_at + age)
    return expiry_of(data, store, timezone.now())


def expiry_of(data: Mapping[str, Any], store: type[SessionBase], saved_at: datetime) -> datetime:
    """Return when a session that was saved then expires: `set_expiry` or SESSION_COOKIE_AGE says after how long."""
    expires_at: datetime = store().get_expiry_date(modification=saved_at, expiry=data.get("_session_expiry"))
    return expires_at


def if_valid(data: Mapping[str, Any], expires_at: datetime) -> Session | None:
    return Session(data, expires_at) if expires_at > timezone.now() else None
