"""An admin defines an event type while clients are connected: it works at once, in every process, with no restart."""

from __future__ import annotations

import httpx

from tests.client import connected
from tests.emitting import emit
from tests.promises.admin_form import save_in_admin
from tests.servers import ServerProcess

ADD = "/admin/events/eventtype/add/"
FORM = {
    "id": "backup_finished",
    "category": "system",
    "label": "Backup finished",
    "icon": "💾",
    "severity_levels": ["info", "error"],
    "summary": "{target} took {seconds} s",
    "payload_check": "reject",
    "is_active": "on",
    "external": "on",
    "order": "0",
    "fields-TOTAL_FORMS": "2",
    "fields-INITIAL_FORMS": "0",
    "fields-0-name": "targets",
    "fields-0-data_key": "target",
    "fields-0-label": "Targets",
    "fields-0-type": "multiselect",
    "fields-0-options_source": "static",
    "fields-0-new_options": "disk\ntape | Magnetic tape",
    "fields-0-order": "0",
    "fields-1-name": "seconds",
    "fields-1-label": "Seconds",
    "fields-1-type": "number",
    "fields-1-options_source": "static",
    "fields-1-order": "1",
}


async def test_a_type_made_in_the_admin_works_at_once_on_both_of_two_servers(
    two_servers: tuple[ServerProcess, ServerProcess],
) -> None:
    first, second = two_servers
    asked = {"event_types": ["backup_finished"], "filters": {"targets": ["tape"], "seconds": 60}}
    async with connected(first, "alice") as one, connected(second, "alice") as two:
        for client in (one, two):
            assert "backup_finished" not in str(await client.ask("get_metadata"))
        # Before the registry tells it, nobody can subscribe; what is refused must not be remembered as unknown.
        assert (await two.ask("subscribe", **asked))["code"] == "unknown_event_type"

        save_in_admin(first, ADD, FORM)

        for client in (one, two):
            assert (await client.receive())["type"] == "metadata_changed"
        for server in (first, second):
            headers = {"Authorization": f"Bearer {server.token('alice')}"}
            metadata = httpx.get(f"{server.url}/api/v1/events/metadata", headers=headers).json()
            system = next(category for category in metadata["categories"] if category["id"] == "system")
            made = next(event for event in system["events"] if event["id"] == "backup_finished")
            assert made["severity_levels"] == ["info", "error"]
            assert [(field["name"], field["options"]) for field in made["filterable_fields"]] == [
                ("targets", ["disk", "tape"]),
                ("seconds", []),
                ("severity", ["info", "error"]),  # by itself
            ]
        for client in (one, two):
            assert (await client.ask("subscribe", **asked))["type"] == "subscribed"
        for target, seconds in (("disk", 70), ("tape", 5), ("tape", 61)):
            emit(first, "backup_finished", target=target, seconds=seconds)
        for client in (one, two):
            assert (await client.receive())["data"] == {"target": "tape", "seconds": 61, "severity": "info"}


async def test_a_server_with_nobody_connected_knows_it_too(two_servers: tuple[ServerProcess, ServerProcess]) -> None:
    first, second = two_servers
    emitter = {"Authorization": f"Bearer {second.token('emitter')}"}
    event = {"type": "backup_finished", "data": {"target": "disk", "seconds": 1}}
    assert httpx.post(f"{second.url}/api/v1/events/", json=event, headers=emitter).status_code == 422
    save_in_admin(first, ADD, FORM)
    answer = httpx.post(f"{second.url}/api/v1/events/", json=event, headers=emitter)
    assert answer.status_code == 201, answer.text


async def test_a_restriction_made_in_the_admin_ends_the_subscription_of_who_may_not_see(
    server: ServerProcess,
) -> None:
    save_in_admin(server, ADD, FORM)
    async with connected(server, "alice") as alice, connected(server, "auditor") as auditor:
        mine = await alice.subscribe("backup_finished")
        await auditor.subscribe("backup_finished")
        code = (
            "from django.contrib.auth.models import Group; from events.models import EventType;"
            "EventType.objects.get(pk='backup_finished').allowed_groups.add(Group.objects.get(name='auditors'))"
        )
        server.manage("shell", "--no-imports", "--command", code)
        ended = await alice.receive()
        assert ended["type"] == "unsubscribed"
        assert ended["subscription_id"] == mine["subscription_id"]
        assert ended["reason"] == "access_revoked"
        server.manage("emit_event", "backup_finished", "target=disk", "seconds=1")
        assert (await auditor.receive())["type"] == "backup_finished"
        await alice.nothing_came_before()
