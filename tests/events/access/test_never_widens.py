"""Whatever people do to groups, types and categories, in whatever order: nobody sees what no admin opened to them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from events import registry_cache
from events.access import policy
from events.editing.shown import FIELD
from events.models import Category, EventType
from tests.events.admin_forms import posted
from tests.events.log_rows import happened
from tests.settings import examples

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files", "unread_pages")]

TYPE, COPY = "user_action", "user_action_2"
NAMES = ("a", "b")
PAGE = f"/admin/events/eventtype/{TYPE}/change/"
HISTORY = f"/admin/events/eventtype/{TYPE}/history/"
IMPORT = "/admin/events/eventtype/import/"


class World:
    """What is done to the database, and beside it the oracle: whom an admin has opened each type to."""

    def __init__(self, admin: Client, page: dict[str, Any]) -> None:
        self.admin, self.page = admin, page
        self.groups = {name: Group.objects.create(name=name) for name in NAMES}
        self.users = {name: User.objects.create(username=f"of_{name}") for name in NAMES}
        for name in NAMES:
            self.users[name].groups.add(self.groups[name])
        self.users["nobody"] = User.objects.create(username="nobody")
        self.opened_to: dict[str, set[int] | None] = {TYPE: None}  # primary keys of groups; None: everybody
        self.audit = False
        self.loaded: dict[str, Any] = {}
        self.load_page("a")
        self.export: dict[str, Any] = {}
        for id in (TYPE, "user_login"):
            happened(id, {"username": "x"})

    # --- what people do ---

    def delete_group(self, name: str) -> None:
        if group := Group.objects.filter(name=name).first():
            self.forget(group.pk)
            self.admin.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"})

    def delete_groups(self, name: str) -> None:
        for pk in Group.objects.filter(name=name).values_list("pk", flat=True):
            self.forget(pk)
        Group.objects.filter(name=name).delete()

    def forget(self, pk: int) -> None:
        for opened_to in self.opened_to.values():
            if opened_to is not None:
                opened_to.discard(pk)

    def make_group(self, name: str) -> None:
        """Of a name that there has been, perhaps, and with nobody in it."""
        Group.objects.get_or_create(name=name)

    def join(self, name: str) -> None:
        self.users["nobody"].groups.set(Group.objects.filter(name=name))

    def add(self, name: str) -> None:
        if group := Group.objects.filter(name=name).first():
            EventType.objects.get(pk=TYPE).allowed_groups.add(group)
            self.opened_to[TYPE] = (self.opened_to[TYPE] or set()) | {group.pk}

    def remove(self, name: str) -> None:
        if group := Group.objects.filter(name=name).first():
            group.eventtype_set.remove(EventType.objects.get(pk=TYPE))
            (self.opened_to[TYPE] or set()).discard(group.pk)

    def load_page(self, name: str) -> None:
        self.loaded = posted(self.admin.get(PAGE), {"label": f"By {name}"})

    def save_page(self, name: str) -> None:
        """As it was loaded, some time ago, with another label: who sees the type stays as it is by now."""
        self.admin.post(PAGE, self.loaded)

    def open_by_form(self, name: str) -> None:
        saved = self.post_form(restricted="False", allowed_groups=[])
        assert saved is not self.audit
        if saved:
            self.opened_to[TYPE] = None

    def restrict_by_form(self, name: str) -> None:
        chosen = list(Group.objects.filter(name=name).values_list("pk", flat=True))
        assert self.post_form(restricted="True", allowed_groups=chosen)
        self.opened_to[TYPE] = set(chosen)

    def contradict_by_form(self, name: str) -> None:
        if chosen := list(Group.objects.filter(name=name).values_list("pk", flat=True)):
            assert not self.post_form(restricted="False", allowed_groups=chosen)

    def post_form(self, **filled_in: Any) -> bool:
        """By somebody who has just loaded the page."""
        return bool(self.admin.post(PAGE, self.fresh_page() | filled_in).status_code == 302)

    def fresh_page(self) -> dict[str, Any]:
        """What the page has now, without the state that it carries along: to render it each time would take most of
        the time."""
        row = EventType.objects.get(pk=TYPE)
        shown = {"restricted": row.restricted, "allowed_groups": [group.pk for group in row.allowed_groups.all()]}
        data = self.page | shown
        return {**data, "external": "on"} if row.external else data

    def save_export(self, name: str) -> None:
        text = self.admin.post(
            "/admin/events/eventtype/", {"action": "export_chosen", "_selected_action": [TYPE]}
        ).content
        self.export = json.loads(text)

    def import_export(self, name: str) -> None:
        self.import_types(self.export.get("event_types", []))

    def import_older(self, name: str) -> None:
        """A file of before there was `restricted`."""
        types = [
            {key: value for key, value in each.items() if key != "restricted"}
            for each in self.export.get("event_types", [])
        ]
        self.import_types(types)

    def import_types(self, types: list[dict[str, Any]]) -> None:
        text = json.dumps({"event_types": types}).encode()
        proposal = self.admin.post(IMPORT, {"file": SimpleUploadedFile("r.json", text)})
        if not types or "problems" in proposal.context:
            return
        self.admin.post(IMPORT, proposal.context["hidden"])
        [given] = types
        groups = set(Group.objects.filter(name__in=given["allowed_groups"]).values_list("pk", flat=True))
        before = self.opened_to[TYPE]
        is_open = not given["restricted"] if "restricted" in given else not groups and before is None
        self.opened_to[TYPE] = None if is_open and not self.audit else groups

    def go_back(self, name: str) -> None:
        """To the oldest version but one, or the newest but one."""
        versions = self.admin.get(HISTORY).context["versions"]
        version = versions[-2:][0] if name == "a" else versions[:2][-1]
        url = f"{HISTORY}?to={version.moment.isoformat().replace('+', '%2B')}"
        proposal = self.admin.get(url)
        if "problems" in proposal.context:
            return
        self.admin.post(url, proposal.context["hidden"])
        groups = set(Group.objects.filter(name__in=version.part.allowed_groups).values_list("pk", flat=True))
        is_open = not version.part.restricted and not self.audit
        self.opened_to[TYPE] = None if is_open else groups

    def duplicate(self, name: str) -> None:
        if COPY not in self.opened_to:
            url = reverse("admin:events_eventtype_duplicate", args=[TYPE])
            assert self.admin.post(url, {"id": COPY, "label": "Copy"}).status_code == 302
            opened_to = self.opened_to[TYPE]
            self.opened_to[COPY] = None if opened_to is None else set(opened_to)
            happened(COPY, {"username": "x"})

    def begin_audit(self, name: str) -> None:
        self.set_audit(True)
        for id, opened_to in self.opened_to.items():
            self.opened_to[id] = opened_to or set()

    def end_audit(self, name: str) -> None:
        self.set_audit(False)

    def set_audit(self, is_audit: bool) -> None:
        category = Category.objects.get(pk="user")
        category.is_audit = self.audit = is_audit
        category.save()

    # --- what they see of it ---

    def may_see(self, user: User) -> set[str]:
        groups = set(user.groups.values_list("pk", flat=True))
        return {id for id, opened_to in self.opened_to.items() if opened_to is None or groups & opened_to}

    def check(self) -> None:
        registry = registry_cache.refresh()
        for user in self.users.values():
            seen = policy.scopes_of(policy.viewer_of(User.objects.get(pk=user.pk)), registry)
            assert seen & self.opened_to.keys() == self.may_see(user)

    def check_by_http(self) -> None:
        for user in self.users.values():
            client = APIClient()
            client.force_authenticate(User.objects.get(pk=user.pk))
            events = every_event(client)
            metadata = client.get("/api/v1/events/metadata").json()["categories"]
            listed = {event["id"] for category in metadata for event in category["events"]}
            assert events & self.opened_to.keys() == self.may_see(user)
            assert listed & self.opened_to.keys() == self.may_see(user)


def every_event(client: APIClient) -> set[str]:
    """The types of all events that the history has; a page may end before, when the machine is busy."""
    seen: set[str] = set()
    cursor = ""
    while True:
        answer = client.get(f"/api/v1/events/?limit=1000{cursor}").json()
        seen |= {event["type"] for event in answer["events"]}
        if answer["next"] is None:
            return seen
        cursor = f"&cursor={answer['next']}"


ACTS: list[Callable[[World, str], None]] = [
    *(World.delete_group, World.delete_groups, World.make_group, World.join, World.add, World.remove),
    *(World.load_page, World.save_page, World.open_by_form, World.restrict_by_form, World.contradict_by_form),
    *(World.save_export, World.import_export, World.import_older, World.go_back, World.duplicate),
    *(World.begin_audit, World.end_audit),
]


@pytest.fixture
def page(admin_client: Client) -> dict[str, Any]:
    """All that the type's page posts, but for who sees it."""
    data = posted(admin_client.get(PAGE), {})
    left_out = ("restricted", "allowed_groups", "external", FIELD)
    return {name: value for name, value in data.items() if name not in left_out}


@settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.tuples(st.sampled_from(ACTS), st.sampled_from(NAMES)), max_size=10))
def test_nobody_sees_what_no_admin_opened_to_them(
    admin_client: Client, page: dict[str, Any], acts: list[tuple[Callable[[World, str], None], str]]
) -> None:
    with transaction.atomic():
        registry_cache.forget()
        world = World(admin_client, page)
        for act, name in acts:
            act(world, name)
            world.check()
        world.check_by_http()
        transaction.set_rollback(True)
