"""What is missing of eventhub in a project, or stands in its way, is told in a sentence that says what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest
from django.apps import AppConfig
from django.conf import LazySettings
from django.contrib import admin
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.urls import include, path
from pytest_django import Settings

from eventhub.inside import checks, defaults, packages
from eventhub.inside.apps_in_place import NEEDED, demand_labels
from eventhub.inside.checks import check_project

OURS = path("", include("eventhub.inside.urls"))
ADMIN = path("admin/", admin.site.urls)


def without_templates(settings: Settings) -> None:
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": []}]


def without_middleware(settings: Settings) -> None:
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if "remember_request" not in each]


def with_sessions_in_memory(settings: Settings) -> None:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"


def with_addresses(*patterns: Any) -> Callable[[Settings], None]:
    def change(settings: Settings) -> None:
        settings.ROOT_URLCONF = urls = ModuleType("mysite.urls")
        vars(urls)["urlpatterns"] = list(patterns)

    return change


def with_setting(name: str, value: object) -> Callable[[Settings], None]:
    return lambda settings: setattr(settings, name, value)


HIDING = path("fleet", lambda request: HttpResponse())
BELOW = path("hub/", include("eventhub.inside.urls"))
PLAIN = "django.core.asgi.get_asgi_application"
MISSING = [
    (without_templates, "eventhub.E055", "Add eventhub.inside.TEMPLATES to the DIRS of TEMPLATES"),
    (without_middleware, "eventhub.W050", "Add “events.sources.actor.remember_request” to the end of MIDDLEWARE"),
    (with_setting("USE_TZ", False), "eventhub.E052", "Set USE_TZ = True"),
    (with_sessions_in_memory, "eventhub.W053", "Set CACHES[“default”] to a cache that all processes share"),
    (with_addresses(ADMIN), "eventhub.E056", "Begin urlpatterns in "),
    (with_addresses(BELOW, ADMIN), "eventhub.E057", "Include eventhub.inside.urls at “”"),
    (with_addresses(HIDING, OURS, ADMIN), "eventhub.E058", "Put path(“”, include(“eventhub.inside.urls”)) before what"),
    (with_addresses(OURS), "eventhub.E059", "Add path(“admin/”, admin.site.urls) to urlpatterns"),
    (with_setting("ASGI_APPLICATION", None), "eventhub.E060", "Set ASGI_APPLICATION, as in "),
    (with_setting("ASGI_APPLICATION", PLAIN), "eventhub.W061", "Set application = with_eventhub(…) in django.core"),
]


def test_nothing_is_told_of_an_installation() -> None:
    assert check_project(None) == []


@pytest.mark.parametrize(("change", "id", "sentence"), MISSING, ids=[id for _, id, _ in MISSING])
def test_what_is_missing_is_told_with_what_to_do(
    change: Callable[[Settings], None], id: str, sentence: str, settings: Settings
) -> None:
    change(settings)
    (told,) = check_project(None)
    assert told.id == id
    assert told.msg.startswith(sentence)


def test_a_database_as_django_has_it_is_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "OUR_BACKENDS", {settings.DATABASES["default"]["ENGINE"]: "as if it were Django's"})
    (told,) = check_project(None)
    assert told.id == "eventhub.W051"
    assert told.msg.startswith("Set DATABASES[“default”] = eventhub.inside.database_settings(")


def test_a_user_model_without_groups_is_told_with_what_to_inherit(monkeypatch: pytest.MonkeyPatch) -> None:
    person = SimpleNamespace(_meta=SimpleNamespace(label="people.Person"), is_superuser=False)
    monkeypatch.setattr(checks, "get_user_model", lambda: person)
    (told,) = check_project(None)
    assert told.id == "eventhub.E054"
    assert told.msg.startswith("Let the user model “people.Person” inherit django.contrib.auth.models.PermissionsMixin")
    assert told.msg.endswith("groups, user_permissions.")


def installed(**others: str) -> list[AppConfig]:
    named = {name.rpartition(".")[2]: name for name in NEEDED} | others
    return [cast("AppConfig", SimpleNamespace(label=label, name=name)) for label, name in named.items() if name]


def test_an_app_that_is_missing_or_has_the_label_of_ours_is_told_before_django_fails() -> None:
    demand_labels(installed(orders="orders"))
    with pytest.raises(ImproperlyConfigured, match=r"^Add “events\.mcp”, “knox” to INSTALLED_APPS"):
        demand_labels(installed(mcp="", knox=""))
    with pytest.raises(
        ImproperlyConfigured, match=r"^Give your app “mysite\.events” another label, as in label = “my_"
    ):
        demand_labels(installed(events="mysite.events"))


def test_a_package_of_the_projects_own_in_the_place_of_ours_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages.demand_packages()
    monkeypatch.setattr(packages, "HOME", tmp_path)  # as if ours were there, and these the project's
    with pytest.raises(ImproperlyConfigured, match=r"^Rename your package “events” "):
        packages.demand_packages()


def test_a_project_without_a_folder_to_keep_locks_in_is_told_which_setting_names_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bare = LazySettings()
    bare.configure(DEBUG=True)
    monkeypatch.setattr(defaults, "settings", bare)
    monkeypatch.delenv("EVENTHUB_VAR_DIR")
    with pytest.raises(ImproperlyConfigured, match=r"^Set EVENTHUB_VAR_DIR in the settings to a folder"):
        defaults.set_defaults()


def test_settings_of_the_project_win_over_the_environment_and_the_rest_have_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = LazySettings()
    own.configure(BASE_DIR=tmp_path, ALLOWED_HOSTS=["a.example"], EVENTHUB_PORTS=[8000], EVENTHUB_DOORBELLS=False)
    monkeypatch.setattr(defaults, "settings", own)
    monkeypatch.delenv("EVENTHUB_VAR_DIR")
    defaults.set_defaults()
    assert own.EVENTHUB_PORTS == [8000]
    assert own.EVENTHUB_DOORBELLS is False
    assert own.EVENTHUB_ALLOWED_ORIGINS == ["http://a.example:8000"]
    assert tmp_path / "var" == own.EVENTHUB_VAR_DIR
    assert own.EVENTHUB_LOOK_INTERVAL == 1.0
    assert "default" in own.CHANNEL_LAYERS
    assert not hasattr(own, "HOME")
