"""What is missing of eventhub in another project, each in a sentence that says what to do (system checks of Django)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, Warning
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.urls import NoReverseMatch, Resolver404, get_script_prefix, resolve, reverse

from eventhub.database import OUR_BACKENDS

MIDDLEWARE = {
    "events.sources.actor.remember_request": "events do not tell who has changed something",
    "simple_history.middleware.HistoryRequestMiddleware": "the history of event types does not tell who changed them",
}
PAGES = (
    "events",
    "history",
    "event_types",
    "search",
    "help",
    "account",
    "fleet",
    "status",
    "deliveries",
    "hub",
    "schemas",
    "oauth_authorize",
    "oauth_token",
)
IN_MEMORY = "django.core.cache.backends.locmem.LocMemCache"
OF_EVENTHUB = re.compile(r"\beventhub\.(?:inside\.)?asgi\b")


def check_project(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    return [*_settings(), *_users(), *_templates(), *_addresses(), *_asgi()]


def _settings() -> Iterator[CheckMessage]:
    for name, without in MIDDLEWARE.items():
        if name not in settings.MIDDLEWARE:
            told = f"Add “{name}” to the end of MIDDLEWARE: without it, {without}."
            yield Warning(told, id="eventhub.W050")
    if settings.DATABASES["default"].get("ENGINE") in OUR_BACKENDS:
        told = (
            "Set DATABASES[“default”] = eventhub.inside.database_settings(DATABASES[“default”]): as it is, "
            "writers fail where they should wait for each other."
        )
        yield Warning(told, id="eventhub.W051")
    if not settings.USE_TZ:
        yield Error("Set USE_TZ = True: eventhub's times are in UTC.", id="eventhub.E052")
    cache = settings.CACHES.get(settings.SESSION_CACHE_ALIAS, {}).get("BACKEND")
    if settings.SESSION_ENGINE == "django.contrib.sessions.backends.cache" and cache == IN_MEMORY:
        told = (
            f"Set CACHES[“{settings.SESSION_CACHE_ALIAS}”] to a cache that all processes share, such as Redis: "
            "sessions are kept there, and another process does not learn that one has ended."
        )
        yield Warning(told, id="eventhub.W053")


def _users() -> Iterator[CheckMessage]:
    user = get_user_model()
    if missing := [name for name in ("is_superuser", "groups", "user_permissions") if not hasattr(user, name)]:
        told = (
            f"Let the user model “{user._meta.label}” inherit django.contrib.auth.models.PermissionsMixin: "
            f"eventhub asks it for {', '.join(missing)}."
        )
        yield Error(told, id="eventhub.E054")


def _templates() -> Iterator[CheckMessage]:
    try:
        get_template("eventhub/base.html")
    except TemplateDoesNotExist:
        told = "Add eventhub.inside.TEMPLATES to the DIRS of TEMPLATES: the templates of eventhub are not found."
        yield Error(told, id="eventhub.E055")


def _addresses() -> Iterator[CheckMessage]:
    ours = "path(“”, include(“eventhub.inside.urls”))"
    try:
        start = reverse("eventhub:events")
    except NoReverseMatch:
        told = f"Begin urlpatterns in {settings.ROOT_URLCONF} with {ours}: no page of eventhub has an address."
        yield Error(told, id="eventhub.E056")
        return
    if start != f"{get_script_prefix()}events":
        told = (
            f"Include eventhub.inside.urls at “”, not below a path: the page is at {start}, its scripts expect /events."
        )
        yield Error(told, id="eventhub.E057")
        return
    for name in PAGES:
        path = "/" + reverse(f"eventhub:{name}").removeprefix(get_script_prefix())
        try:
            match = resolve(path)
        except Resolver404:  # such as what urlpatterns of one's own leave out
            continue
        if match.namespaces[:1] != ["eventhub"]:
            told = (
                f"Put {ours} before what answers {path} in {settings.ROOT_URLCONF}, or give that another address: "
                f"eventhub's own page is hidden."
            )
            yield Error(told, id="eventhub.E058")
    try:
        reverse("admin:index")
    except NoReverseMatch:
        told = f"Add path(“admin/”, admin.site.urls) to urlpatterns in {settings.ROOT_URLCONF}: pages lead there."
        yield Error(told, id="eventhub.E059")


def _asgi() -> Iterator[CheckMessage]:
    """Look at the module of the ASGI application, not into what it imports: that would cost each command its start."""
    named = getattr(settings, "ASGI_APPLICATION", None) or ""
    module = named.rpartition(".")[0]
    if not module:
        told = "Set ASGI_APPLICATION, as in ASGI_APPLICATION = “mysite.asgi.application”: manage.py serve runs that."
        yield Error(told, id="eventhub.E060")
        return
    spec = find_spec(module)
    source = Path(spec.origin).read_text() if spec and spec.origin else ""
    if not OF_EVENTHUB.search(f"{module}\n{source}"):
        told = (
            f"Set application = with_eventhub(…) in {module}, with “from eventhub.inside.asgi import with_eventhub”: "
            "no socket is answered."
        )
        yield Warning(told, id="eventhub.W061")
