"""One function decides what somebody may see of an event type. Where it answers with conditions, nobody who asks it
shows, counts or explains an event that does not meet them."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.test import Client as HttpClient

from events import registry_cache
from events.access import policy
from events.core.event_types import EventType, Viewer
from tests.events.log_rows import happened
from tests.scopes import DISABLED, STATUS, Scopes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files")]


@pytest.fixture
def scopes(monkeypatch: pytest.MonkeyPatch) -> Scopes:
    return Scopes(monkeypatch, of_status={"mcp_names": ["a", "b"]})


@pytest.fixture
def ada(db: None) -> HttpClient:
    user = User.objects.create_user("ada", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_event", "add_event"]))
    client = HttpClient()
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    ("viewer", "scope"),
    [(Viewer(is_superuser=True), ()), (Viewer(groups=frozenset([1])), ()), (Viewer(), None)],
)
def test_a_restricted_type_is_for_its_groups_and_superusers(viewer: Viewer, scope: policy.Scope) -> None:
    event_type = EventType(id="x", category="c", label="X", restricted=True, groups=frozenset([1]))
    assert policy.scope_of(viewer, event_type) == scope


def test_a_type_that_is_not_active_is_for_nobody() -> None:
    event_type = EventType(id="x", category="c", label="X", active=False)
    assert policy.scope_of(Viewer(is_superuser=True), event_type) is None
    assert not policy.includes(None, {})


def test_who_is_not_signed_in_sees_what_is_for_everybody() -> None:
    scopes = policy.scopes_of(policy.viewer_of(AnonymousUser()), registry_cache.refresh())
    assert STATUS in scopes
    assert "login_failed" not in scopes


def test_history_has_no_event_outside_of_the_scope(scopes: Scopes, ada: HttpClient) -> None:
    happened(STATUS, {"mcp_name": "a"}, {"mcp_name": "c"}, {"mcp_name": "b"})
    assert found(ada) == ["b", "a"]
    assert found(ada, "event_type=mcp_status_change&filter.mcp_names=c&filter.mcp_names=a") == ["a"]


def test_the_page_of_the_log_has_no_event_outside_of_the_scope(scopes: Scopes, ada: HttpClient) -> None:
    happened(STATUS, {"mcp_name": "visible_mcp"}, {"mcp_name": "hidden_mcp"})
    scopes.filters[STATUS] = {"mcp_names": ["visible_mcp"]}
    for path in ("/events/history", "/events"):
        page = ada.get(path, follow=True).content.decode()
        assert "visible_mcp" in page
        assert "hidden_mcp" not in page


def test_a_preview_counts_no_event_outside_of_the_scope(scopes: Scopes, ada: HttpClient) -> None:
    happened(STATUS, {"mcp_name": "a"}, {"mcp_name": "c"}, {"mcp_name": "b"})
    preview = ada.get("/api/v1/events/preview?event_type=mcp_status_change&filter.mcp_names=a").json()
    assert (preview["looked_at"], preview["matched"], len(preview["samples"])) == (2, 1, 1)


def test_an_event_outside_of_the_scope_is_explained_like_one_that_does_not_exist(
    scopes: Scopes, ada: HttpClient
) -> None:
    seen, hidden = happened(STATUS, {"mcp_name": "a"}, {"mcp_name": "c"})
    assert ada.get(f"/api/v1/events/{hidden}/explain").status_code == 404
    explained = ada.get(f"/api/v1/events/{seen}/explain?filter.mcp_names=b").json()
    assert [each["filter"] for each in explained["conditions"]] == ["mcp_names"]  # and none of the scope's


def test_the_admin_s_log_leaves_out_a_type_of_which_only_a_part_may_be_seen(scopes: Scopes, ada: HttpClient) -> None:
    happened(STATUS, {"mcp_name": "one_status"})
    happened(DISABLED, {"mcp_name": "one_disabled"})
    page = ada.get("/admin/events/event/").content.decode()
    assert "one_disabled" in page
    assert "one_status" not in page


def test_a_type_of_which_a_part_is_seen_is_in_the_metadata_and_may_be_emitted(scopes: Scopes, ada: HttpClient) -> None:
    metadata = ada.get("/api/v1/events/metadata/").json()
    assert STATUS in json.dumps(metadata)
    event = {"type": STATUS, "data": {"mcp_name": "c"}}
    sent = ada.post("/api/v1/events/", event, content_type="application/json")
    assert sent.status_code == 201, sent.content


def found(client: HttpClient, query: str = "") -> list[str]:
    """Return the servers of the events that are found, also where one search takes too long and goes on."""
    names: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = client.get(f"/api/v1/events/?{query}{cursor}")
        assert answer.status_code == 200, answer.content
        names += [each["data"]["mcp_name"] for each in answer.json()["events"]]
        following = answer.json()["next"]
        cursor = None if following is None else f"&cursor={following}"
    return names
