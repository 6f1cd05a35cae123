"""An installation may have its own user model and keep sessions where it likes: no module names Django's own."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

from tests.processes import warm
from tests.servers import ROOT
from tests.waiting import WITHIN_S

SWAPPED = {"django.contrib.auth.models": "User", "django.contrib.sessions.models": "Session"}
LABELS = ("auth.user", "sessions.session")
FILES = sorted(path for package in ("events", "subscriptions", "eventhub") for path in (ROOT / package).rglob("*.py"))


def named(path: Path) -> list[str]:
    """Return what a module names of the models that may be others, by import or as a model's label."""
    found: list[str] = []
    text = path.read_text()
    if not any(name in text.lower() for name in (*SWAPPED, *LABELS)):  # to parse them all takes a second
        return found
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            found += [alias.name for alias in node.names if SWAPPED.get(node.module or "") == alias.name]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found += [node.value] if node.value.lower() in LABELS else []
    return found


def test_no_module_names_the_user_model_or_the_table_of_sessions() -> None:
    assert {str(path.relative_to(ROOT)): names for path in FILES if (names := named(path))} == {}


def test_the_search_for_these_names_finds_them(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("from django.contrib.auth.models import Group, User\nwho = ForeignKey('auth.User')\n")
    assert named(module) == ["User", "auth.User"]


def test_a_migration_that_points_to_the_user_model_waits_for_it() -> None:
    pointing = [path for path in FILES if path.parent.name == "migrations" and "AUTH_USER_MODEL" in path.read_text()]
    assert pointing
    for path in pointing:
        assert "migrations.swappable_dependency(settings.AUTH_USER_MODEL)" in path.read_text(), path


@pytest.mark.slow
def test_people_known_by_mail_and_keyed_by_uuid_are_users_like_others(tmp_path: Path) -> None:
    own = {"EVENTHUB_VAR_DIR": str(tmp_path), "EVENTHUB_DOORBELLS": "0", "PYTHONPATH": str(ROOT)}
    environment = {**os.environ, **own, "DJANGO_SETTINGS_MODULE": "tests.swapped.settings"}
    environment.pop("DATABASE_URL", None)
    told = warm.run([str(ROOT / "tests" / "swapped" / "check.py")], env=environment, input=None, timeout=WITHIN_S)
    assert told.stdout.endswith("all is well\n"), told.stderr
