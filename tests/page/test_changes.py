"""What happens on an open page when something changes on the server."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.page.conftest import Picture, Visit, emit
from tests.page.test_subscribing import button, lines, subscribe, tick
from tests.servers import ServerProcess

pytestmark = pytest.mark.browser

NEW_TYPE = """
from events.models import EventField, EventType
made = EventType(id="backup_finished", category_id="system", label="Backup finished", summary="{target} saved")
made.save()
EventField(event_type=made, name="targets", label="Targets", data_key="target", type="text").save()
"""

CHANGE = """
from events.models import EventField
field = EventField.objects.get(event_type="mcp_status_change", name="old_status")
field.data_key = "was"
field.save()
"""
REMOVE = """
from events.models import EventType
removed = EventType.objects.get(id="mcp_status_change")
removed.is_active = False
removed.save()
"""


def test_a_type_made_while_the_page_is_open_appears_and_what_was_half_chosen_stays(
    visit: Visit, server: ServerProcess
) -> None:
    page = visit("alice", server)
    expect(page.locator("#presence")).to_have_attribute("data-state", "live")
    page.get_by_role("tab", name="System").click()
    tick(page, "System error")
    component = page.get_by_role("textbox", name="Component")
    component.press_sequentially("half ty")
    server.manage("shell", "--no-imports", "--command", NEW_TYPE)
    expect(page.get_by_role("tab", name="System")).to_contain_text("4", timeout=2_000)
    expect(page.get_by_role("checkbox", name="System error")).to_be_checked()
    expect(component).to_be_focused()
    component.press_sequentially("ped")
    expect(component).to_have_value("half typed")

    page.get_by_role("checkbox", name="System error").uncheck()
    tick(page, "Backup finished")
    page.get_by_role("textbox", name="Targets").fill("disk")
    button(page, "Subscribe to 1 type").click()
    expect(page.locator("#cards .card")).to_contain_text("0 events")
    for target in ("tape", "big disk"):
        emit(server, "backup_finished", target=target)
    expect(lines(page)).to_have_text(["big disk saved"])


def test_a_subscription_goes_on_after_its_type_was_changed_and_ends_with_a_word_when_it_is_gone(
    visit: Visit, server: ServerProcess
) -> None:
    page = visit("alice", server)
    subscribe(page, "MCP status change")
    server.manage("shell", "--no-imports", "--command", CHANGE)
    card = page.locator("#cards .card")
    expect(card).to_have_attribute("data-key", "2")  # another subscription than the first
    expect(card).to_contain_text("0 events")
    emit(server, "mcp_status_change", mcp_name="still_there", new_status="active")
    expect(lines(page)).to_have_text(["still_there went active"])
    server.manage("shell", "--no-imports", "--command", REMOVE)
    expect(page.locator("#notices")).to_contain_text("MCP status change has ended: the event type was removed.")
    expect(card).to_have_count(0)
    button(page, "Dismiss").click()
    expect(page.locator("#notices")).to_be_empty()


def test_when_the_server_goes_away_the_page_says_so_comes_back_and_subscribes_again(
    visit: Visit, server: ServerProcess, picture: Picture
) -> None:
    page = visit("alice", server)
    subscribe(page, "MCP status change")
    server.stop()
    expect(page.get_by_text("The connection is lost; reconnecting.")).to_be_visible()
    expect(page.locator("#presence")).to_have_text("reconnecting")
    expect(page.locator("#cards .card")).to_contain_text("subscribing…")
    picture(page, "reconnecting")
    server.start()
    # It comes back by itself too, but within half a minute of a long outage.
    expect(page.locator("#presence")).to_have_attribute("data-state", "live", timeout=31_000)
    expect(page.get_by_text("The connection is lost; reconnecting.")).to_be_hidden()
    expect(page.get_by_text("Connected again after")).to_be_visible()
    expect(page.locator("#cards .card")).to_contain_text("0 events")
    emit(server, "mcp_status_change", mcp_name="after_restart", new_status="active")
    expect(lines(page)).to_have_text(["after_restart went active"])


def test_a_user_outside_auditors_is_shown_nothing_of_audit_types(visit: Visit, shared_server: ServerProcess) -> None:
    alice = visit("alice", shared_server)
    expect(alice.get_by_role("tab", name="System")).to_be_visible()
    expect(alice.get_by_role("tab", name="Audit")).to_have_count(0)
    assert not [word for word in ("login_failed", "access_change", "Audit") if word in alice.content()]
    auditor = visit("auditor", shared_server)
    expect(auditor.get_by_role("tab", name="Audit")).to_be_visible()
