"""Which changes count as one of the registry, which as one of access, and which as none."""

from __future__ import annotations

import ast
import contextvars
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction

from events.mcp.models import McpServer
from events.models import Category, EventField, EventType, FieldOption, Revision, revision
from events.models.revision import asked_once
from tests.servers import ROOT

pytestmark = pytest.mark.django_db


@contextmanager
def moves(*, registry: bool = False, access: bool = False) -> Iterator[None]:
    before = Revision.current()
    yield
    after = Revision.current()
    assert (after.registry > before.registry, after.access > before.access) == (registry, access)


def a_type() -> EventType:
    return EventType.objects.get(pk="user_login")


def a_field() -> EventField:
    return EventField.objects.get(event_type="circuit_breaker_state", name="state")


def server(name: str) -> McpServer:
    return McpServer(name=name, url="http://127.0.0.1/mcp")


CHANGES: dict[str, Callable[[], object]] = {
    "a type saved": lambda: a_type().save(),
    "a type made": lambda: EventType.objects.create(id="new_one", category_id="user", label="New"),
    "a type deleted": lambda: a_type().delete(),
    "types updated": lambda: EventType.objects.filter(category="mcp").update(is_active=False),
    "types deleted": lambda: EventType.objects.filter(category="mcp").delete(),
    "a category saved": lambda: Category.objects.get(pk="mcp").save(),
    "a field saved": lambda: a_field().save(),
    "a field deleted": lambda: a_field().delete(),
    "a field of a type deleted": lambda: a_type().fields.all().delete(),
    "fields bulk-updated": lambda: EventField.objects.bulk_update([a_field()], ["label"]),
    "an option made": lambda: a_field().options.create(value="jammed"),
    "options bulk-created": lambda: a_field().options.bulk_create([FieldOption(field=a_field(), value="jammed")]),
    "an MCP server saved": lambda: server("oracle_mcp").save(),
    "MCP servers bulk-created": lambda: McpServer.objects.bulk_create([server("a_mcp"), server("b_mcp")]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_the_registry_is_counted(change: str) -> None:
    with moves(registry=True):
        CHANGES[change]()


GROUP_CHANGES: dict[str, Callable[[Group], object]] = {
    "made": lambda group: Group.objects.create(name="others"),
    "saved under another name": lambda group: Group(pk=group.pk, name="controllers").save(),
    "deleted": lambda group: group.delete(),
    "given a type": lambda group: a_type().allowed_groups.add(group),
    "set for a type": lambda group: a_type().allowed_groups.set([group]),
    "taken a type": lambda group: EventType.objects.get(pk="login_failed").allowed_groups.clear(),
}


@pytest.mark.parametrize("change", GROUP_CHANGES)
def test_a_change_of_groups_counts_as_registry_because_names_are_options_and_as_access(change: str) -> None:
    group = Group.objects.get(name="auditors")
    with moves(registry=True, access=True):
        GROUP_CHANGES[change](group)


def test_a_change_that_is_rolled_back_is_not_counted() -> None:
    with moves(), transaction.atomic():
        a_type().save()
        transaction.set_rollback(True)


def test_a_new_user_and_a_login_change_nobodys_access() -> None:
    with moves():
        user = User.objects.create_user("ada")
        user.save(update_fields=["last_login"])


def test_a_changed_user_counts_as_access() -> None:
    user = User.objects.create_user("ada")
    with moves(access=True):
        user.save()


def test_who_holds_the_revision_reads_it_as_it_is() -> None:
    with transaction.atomic():
        before = Revision.held()
        assert before == Revision.current()
        a_type().save()
        assert Revision.held().registry > before.registry


@pytest.mark.parametrize("change", [Revision.bump_access, Revision.bump_registry])
def test_a_change_in_a_call_counts_in_the_same_call(change: Callable[[], object]) -> None:
    with asked_once():
        before = Revision.current()
        change()
        assert Revision.current() != before


def test_a_call_that_takes_long_hears_of_changes_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revision, "ASKED_FOR_S", 0)
    with asked_once():
        before = Revision.current()
        contextvars.Context().run(Revision.bump_access)  # as another thread does
        assert Revision.current() != before


def test_one_place_reads_the_revision() -> None:
    paths = [path for package in ("events", "subscriptions", "eventhub") for path in (ROOT / package).rglob("*.py")]
    reading = {
        str(path.relative_to(ROOT))
        for path in paths
        if "Revision" in (text := path.read_text())
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute) and node.attr == "objects" and ast.unparse(node.value) == "Revision"
    }
    assert reading == set()
