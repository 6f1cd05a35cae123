"""A browser's identity holds as long as its session does, whichever of Django's engines keeps the sessions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from ssl import SSLCertVerificationError
from typing import Any

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends import file
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.exceptions import InvalidSessionKey
from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.db import Error as DatabaseError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from events.access import expired, sessions
from events.access.identity import Identity, identity_of_session
from events.access.recheck import recheck
from events.models import Revision

BACKENDS = "django.contrib.sessions.backends"
LOCMEM = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "sessions"}
TABLES = ("db", "cached_db")


class CountedCache(LocMemCache):
    reads = 0

    def get_many(self, keys: Any, version: Any = None) -> dict[Any, Any]:
        type(self).reads += 1
        return {key: LocMemCache.get(self, key, version=version) for key in keys}

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        type(self).reads += 1
        return super().get(key, default, version)


class DeadCache(BaseCache):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__({})

    def get(self, *args: Any, **kwargs: Any) -> Any:
        raise ConnectionError("nobody listens")


class SessionStore(SessionBase):
    """An engine of somebody else, which raises what it likes when it is asked for a session."""

    error: Exception

    def load(self) -> dict[str, Any]:
        raise self.error


ENGINES = ("db", "cached_db", "cache in memory", "cache in files", "cache in Valkey", "file", "signed_cookies")


@pytest.fixture(params=ENGINES)
def engine(
    request: pytest.FixtureRequest, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, db: None
) -> Iterator[str]:
    """The engine's name; the cache is there before the sessions, and empty."""
    monkeypatch.setattr(file.SessionStore, "_storage_path", str(tmp_path), raising=False)  # which it keeps, once asked
    name, _, place = request.param.partition(" in ")
    cache = LOCMEM
    if place == "files":
        cache = {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": str(tmp_path)}
    if place == "Valkey":
        request.getfixturevalue("valkey")
        place_in_valkey = f"unix://{settings.EVENTHUB_VALKEY_SOCKET}?db=1"  # the channel layer has the first
        cache = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": place_in_valkey}
    settings.CACHES = {"default": cache}
    settings.SESSION_ENGINE = f"{BACKENDS}.{name}"
    caches["default"].clear()
    yield name
    caches["default"].close()


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_user("ada", password="one")


def store(key: str | None = None) -> SessionBase:
    from django.conf import settings

    session: SessionBase = import_module(settings.SESSION_ENGINE).SessionStore(key)
    return session


def signed_in(user: User, expiry: Any = None) -> Client:
    client = Client()
    client.force_login(user)
    if expiry is not None:
        session = store(key_of(client))
        session.set_expiry(expiry)
        session.save()
        client.cookies["sessionid"] = str(session.session_key)
    return client


def key_of(client: Client) -> str:
    return client.cookies["sessionid"].value


def identity_of(client: Client) -> Identity:
    identity = identity_of_session(key_of(client))
    assert identity is not None
    return identity


def still(identity: Identity) -> bool:
    return recheck([identity])[identity] is not None


def test_a_session_stands_for_its_user_and_goes_on(engine: str, ada: User) -> None:
    identity = identity_of(signed_in(ada))
    assert (identity.user_id, identity.username) == (ada.pk, "ada")
    assert still(identity)


def test_a_logout_ends_this_session_alone_and_says_so(engine: str, ada: User) -> None:
    here, elsewhere = signed_in(ada), signed_in(ada, timedelta(hours=1))
    identity, other = identity_of(here), identity_of(elsewhere)
    before = Revision.current().access
    at_the_signal: list[bool] = []
    bump_access = Revision.bump_access

    def bump() -> None:
        bump_access()
        at_the_signal.append(still(identity))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Revision, "bump_access", bump)
        assert here.post("/account/sign-out").status_code == 302
    assert still(other)
    assert Revision.current().access > before
    # A signed cookie is kept by nobody: wherever there is a copy of it, it is valid.
    assert still(identity) is (engine == "signed_cookies")
    assert at_the_signal[-1] is (engine == "signed_cookies")  # who is told of it finds it so


def test_a_changed_password_ends_the_session(engine: str, ada: User) -> None:
    identity = identity_of(signed_in(ada))
    ada.set_password("two")
    ada.save()
    assert not still(identity)
    assert identity_of_session(identity.session_key) is None


def test_a_user_who_is_not_active_has_no_session(engine: str, ada: User) -> None:
    identity = identity_of(signed_in(ada))
    User.objects.update(is_active=False)
    assert not still(identity)
    assert identity_of_session(identity.session_key) is None


@pytest.mark.parametrize("as_moment", [True, False])
def test_a_session_ends_at_its_time(engine: str, ada: User, monkeypatch: pytest.MonkeyPatch, as_moment: bool) -> None:
    moment = timezone.now() + timedelta(hours=1)
    identity = identity_of(signed_in(ada, moment if as_moment else 3600))
    assert identity.expires_at is not None
    assert abs(identity.expires_at - moment) < timedelta(seconds=30)
    if engine == "cache" and not as_moment:
        caches["default"].clear()  # it forgets when it is time, and tells nobody when
    monkeypatch.setattr(timezone, "now", lambda: moment + timedelta(seconds=31))
    assert not still(identity)
    assert identity_of_session(identity.session_key) is None


def test_a_session_that_is_gone_ends(engine: str, ada: User) -> None:
    identity = identity_of(signed_in(ada))
    if engine == "signed_cookies":
        tampered = identity._replace(session_key=f"{identity.session_key[:-1]}-")
        assert not still(tampered)
        return
    store(identity.session_key).delete()
    assert not still(identity)


def test_what_no_engine_has_made_is_no_session(engine: str, ada: User) -> None:
    for key in ("", "short", "k" * 32, "\0" * 32, "a b" * 20, "é" * 32, "k" * 300, "k" * 5000, "::::::::::::"):
        assert identity_of_session(key) is None
        assert sessions.valid_until([key]) == {}


def test_many_sessions_cost_one_query_or_one_read_of_the_cache(ada: User, settings: Settings, db: None) -> None:
    settings.CACHES = {"default": {**LOCMEM, "BACKEND": "tests.events.access.test_sessions.CountedCache"}}
    for name, queries, reads in (("db", 1, 0), ("cached_db", 1, 0), ("cache", 0, 1), ("signed_cookies", 0, 0)):
        settings.SESSION_ENGINE = f"{BACKENDS}.{name}"
        keys = {key_of(signed_in(ada, timedelta(hours=1 + number))) for number in range(20)}
        counted: Any = caches["default"]
        type(counted).reads = 0
        with CaptureQueriesContext(connection) as asked:
            assert sessions.valid_until(keys).keys() == keys
        assert (len(asked), type(counted).reads) == (queries, reads), name


def test_a_cache_that_cannot_be_read_ends_nobody(ada: User, settings: Settings) -> None:
    settings.CACHES = {"default": LOCMEM}
    settings.SESSION_ENGINE = f"{BACKENDS}.cache"
    identity = identity_of(signed_in(ada))
    settings.CACHES = {"default": {"BACKEND": "tests.events.access.test_sessions.DeadCache"}}
    for read in (lambda: recheck([identity]), lambda: identity_of_session(identity.session_key)):
        with pytest.raises(DatabaseError, match="cannot be read: nobody listens"):
            read()


@pytest.mark.parametrize("error", [InvalidSessionKey("odd"), ValueError("odd"), KeyError("odd")])
def test_a_session_that_its_engine_cannot_read_is_nobodys(
    ada: User, settings: Settings, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    settings.SESSION_ENGINE = f"{BACKENDS}.signed_cookies"
    identity = identity_of(signed_in(ada))
    settings.SESSION_ENGINE = __name__
    monkeypatch.setattr(SessionStore, "error", error, raising=False)
    assert identity_of_session(identity.session_key) is None
    assert not still(identity)


@pytest.mark.parametrize("error", [ConnectionError("away"), SSLCertVerificationError("away"), RuntimeError("away")])
def test_an_engine_that_cannot_be_asked_ends_nobody(
    ada: User, settings: Settings, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    settings.SESSION_ENGINE = f"{BACKENDS}.signed_cookies"
    identity = identity_of(signed_in(ada))
    settings.SESSION_ENGINE = __name__
    monkeypatch.setattr(SessionStore, "error", error, raising=False)
    for read in (lambda: recheck([identity]), lambda: identity_of_session(identity.session_key)):
        with pytest.raises(DatabaseError, match=r"the sessions cannot be read: .*away"):
            read()


def test_a_session_of_another_user_model_is_nobodys(ada: User, settings: Settings) -> None:
    client = signed_in(ada)
    session = store(key_of(client))
    session[SESSION_KEY] = "1d1b1e6c-8b6a-4d3c-a5b5-1f0e7a3f2c55"
    session.save()
    assert identity_of_session(key_of(client)) is None


def test_reading_a_session_leaves_the_files_as_they_are(
    ada: User, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SESSION_ENGINE = f"{BACKENDS}.file"
    monkeypatch.setattr(file.SessionStore, "_storage_path", str(tmp_path), raising=False)
    good, expired, broken = (key_of(signed_in(ada, timedelta(hours=hours))) for hours in (1, -1, 1))
    (tmp_path / f"sessionid{broken}").write_text("no session")
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert len(before) >= 3
    assert sessions.valid_until([good, expired, broken, "0" * 32]).keys() == {good}
    assert identity_of_session(good) is not None
    assert [identity_of_session(key) for key in (expired, broken, "0" * 32)] == [None] * 3
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before


def test_with_cached_db_the_table_decides_also_beside_a_dead_cache(ada: User, settings: Settings) -> None:
    settings.SESSION_ENGINE = f"{BACKENDS}.cached_db"
    settings.CACHES = {"default": LOCMEM}
    client = signed_in(ada)
    settings.CACHES = {"default": {"BACKEND": "tests.events.access.test_sessions.DeadCache"}}
    assert still(identity_of(client))


def test_a_new_secret_key_leaves_the_sessions_of_the_old_one_as_they_are(
    engine: str, ada: User, settings: Settings
) -> None:
    """Who only opens a socket gets no cookie, so its session must not get another key."""
    client = signed_in(ada)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 10, [settings.SECRET_KEY]
    identity = identity_of(client)
    assert still(identity)
    assert store(key_of(client)).get(SESSION_KEY) == str(ada.pk)


def test_only_a_table_is_pruned(engine: str, ada: User) -> None:
    long_ago = timezone.now() - 2 * expired.KEPT_FOR
    if engine in TABLES:
        key = key_of(signed_in(ada))
        model = sessions.model()
        assert model is not None
        model._default_manager.filter(pk=key).update(expire_date=long_ago)
    expected = (int(engine in TABLES), 0)
    assert expired.count_credentials(timezone.now()) == expected
    assert expired.prune_credentials(timezone.now(), chunk=10) == expected
