"""A project that `startproject` makes, with eventhub as docs/inside-a-project.md says, and much of its own: users, a
frame of pages, the name `events` of an address, sessions in a cache, views that ring and that take a right away."""

from __future__ import annotations

import os
import re
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management import call_command

from tests.database.postgres import PostgresServer
from tests.docs.documents import blocks, document
from tests.ports import free_ports
from tests.processes import warm
from tests.servers import unix_url
from tests.waiting import WITHIN_S, eventually

OWN_SETTINGS = """
import os

INSTALLED_APPS = [*INSTALLED_APPS, "people"]
AUTH_USER_MODEL = "people.Person"
SESSION_ENGINE = "django.contrib.sessions.backends.cache"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": BASE_DIR / "cache"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
TEMPLATES[0]["DIRS"] = [BASE_DIR / "own"]
TIME_ZONE = "Asia/Tokyo"
if "OWN_DATABASE" in os.environ:
    import dj_database_url
    DATABASES = {"default": dj_database_url.parse(os.environ["OWN_DATABASE"])}
REST_FRAMEWORK = {"DEFAULT_VERSIONING_CLASS": "rest_framework.versioning.NamespaceVersioning"}
REST_KNOX = {"AUTH_HEADER_PREFIX": "Token"}
"""
OWN_URLS = """
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import include
from events.broadcast import broadcast_event


def calendar(request):
    return render(request, "base.html")


def ring(request):
    broadcast_event("mcp_status_change", {"mcp_name": "of_a_view", "new_status": "active", "severity": "info"})
    return HttpResponse("rung")


def leave(request):
    request.user.groups.clear()
    return HttpResponse("left")


urlpatterns = [
    path("calendar/", calendar, name="events"),
    path("ring/", ring),
    path("leave/", leave),
    path("accounts/", include("django.contrib.auth.urls")),
    *urlpatterns,
]
"""
OWN_MODELS = """
import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models


class Person(AbstractUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
"""
OWN_ADMIN = """
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from people.models import Person

admin.site.register(Person, UserAdmin)
"""
FIRST_RUN = """

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command

call_command("check", fail_level="WARNING")
call_command("makemigrations", "people", verbosity=0)
call_command("migrate", verbosity=0)

from events.access import token_terms
from events.mcp.models import McpServer
from events.models import EventType

watchers = Group.objects.create(name="watchers")
ada = get_user_model().objects.create_superuser("ada", password="pw-ada")
ida = get_user_model().objects.create_user("ida", password="pw-ida")
ida.groups.add(watchers)
status = EventType.objects.get(pk="mcp_status_change")
status.restricted = True
status.save()
status.allowed_groups.set([watchers])
McpServer.objects.create(name="nobody_there", url="http://127.0.0.1:9/mcp")
try:
    call_command("monitor_mcps", once=True)
except SystemExit:
    pass
print("token:", token_terms.make_token(ida, "of a test", ["read"], None)[1])
"""


class Project:
    def __init__(self, folder: Path, installed: Path, valkey: Path, postgres: PostgresServer | None) -> None:
        self.folder = folder
        self.log = folder / "server.log"
        self.port, *_ = free_ports(1)
        of_others = {name: value for name, value in os.environ.items() if not re.match("EVENTHUB_|DJANGO_", name)}
        self.environment = of_others | {
            "PYTHONPATH": f"{folder}:{installed}",
            "REDIS_URL": unix_url(valkey),
            "EVENTHUB_PORTS": str(self.port),
            "PYTHONUNBUFFERED": "1",
        }
        if postgres is not None:
            postgres.execute("CREATE DATABASE of_a_project")
            self.environment["OWN_DATABASE"] = postgres.url("of_a_project")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def make(self) -> None:
        call_command("startproject", "mysite", str(self.folder))
        settings, urls, asgi = (each for each in blocks(document("docs/inside-a-project.md"), "python"))
        site = self.folder / "mysite"
        for name, added in (
            ("settings.py", OWN_SETTINGS + settings),
            ("urls.py", OWN_URLS + urls),
            ("asgi.py", asgi),
        ):
            (site / name).write_text(f"{(site / name).read_text()}\n{added}")
        for name, text in (
            ("people/__init__.py", ""),
            ("people/migrations/__init__.py", ""),
            ("people/models.py", OWN_MODELS),
            ("people/admin.py", OWN_ADMIN),
            ("own/base.html", "My own frame"),
            ("own/registration/login.html", "<form method=post>{% csrf_token %}{{ form }}</form>"),
        ):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text)

    def manage(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        return warm.run([str(self.folder / "manage.py"), *arguments], env=self.environment, input=stdin, timeout=300)

    def first_run(self) -> str:
        """Check, migrate, make people and a server, let the monitor look once; return what was said."""
        done = self.manage("shell", "--no-imports", stdin=FIRST_RUN)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def serving(self) -> Iterator[None]:
        with self.log.open("wb") as log:
            process = warm.start([str(self.folder / "manage.py"), "serve"], env=self.environment, output=log)
        try:
            eventually(lambda: "eventhub is up" in self.shown or process.poll() is not None)
            assert process.poll() is None, self.shown
            yield
        finally:
            process.terminate()
            code = process.wait(WITHIN_S)
        assert code == 0, self.shown
        assert "Traceback" not in self.shown, self.shown

    @property
    def shown(self) -> str:
        return self.log.read_text()


def unpacked(wheel: Path, folder: Path) -> Path:
    """Return a folder for PYTHONPATH that has nothing but what is in the wheel."""
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(folder)
    return folder
