"""What happens on an open page when something changes on the server."""

from __future__ import annotations

import re
import signal

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import MakeServer
from tests.emitting import emit
from tests.page.events_page import button, lines, subscribe, tick
from tests.page.looks import picture
from tests.page.visit import Visit
from tests.servers import ServerProcess
from tests.waiting import WITHIN_S, eventually

pytestmark = pytest.mark.browser

CHANGE = """
from events.models import EventField
field = EventField.objects.get(event_type="mcp_health_check", name="health_status")
field.data_key = "was"
field.save()
"""
A_SERVER = (
    "from events.mcp.models import McpServer; McpServer.objects.create(name='oracle', url='https://mcp.example/mcp')"
)
MISSED = """
from events.broadcast import Broadcast, broadcast_events
new = [{"mcp_name": f"mcp_{n}", "new_status": "active", "severity": "error" if n % 2 else "info"} for n in range(28)]
broadcast_events([Broadcast("mcp_status_change", data) for data in new])
"""
REMOVE = """
from events.models import EventType
removed = EventType.objects.get(id="mcp_health_check")
removed.is_active = False
removed.save()
"""
# Where the button stands that connects at once.
COUNT_DOWN = """() => ["Next attempt in 10 s.", "Next attempt in 9 s.", ""].map((words) => {
    document.querySelector("#connection-bar [data-slot=countdown]").textContent = words;
    return document.querySelector("#connection-bar [data-slot=retry]").getBoundingClientRect().x;
})"""


@pytest.fixture(scope="module")
def stricken_server(make_lasting_server: MakeServer) -> ServerProcess:
    return make_lasting_server()


@pytest.fixture
def server(stricken_server: ServerProcess) -> ServerProcess:
    """One that the tests of this module stop, restart and change, but for `mcp_status_change`."""
    return stricken_server if stricken_server.process else stricken_server.start()


def mcp_events(server: ServerProcess) -> int:
    """How many events of MCP servers the log has; other sources may tell of the server itself meanwhile."""
    query = (
        "SELECT count(*) FROM events_event JOIN events_eventtype ON type_id = events_eventtype.id "
        "WHERE category_id = 'mcp'"
    )
    return int(server.database.rows(query)[0][0])


def test_a_type_that_an_admin_adds_appears_on_an_open_page_and_what_was_half_chosen_stays(
    visit: Visit, server: ServerProcess
) -> None:
    page = visit("alice", server)
    expect(page.locator("#presence")).to_have_attribute("data-state", "live")
    page.get_by_role("tab", name="System").click()
    tick(page, "System error")
    component = page.get_by_role("textbox", name="Component")
    component.press_sequentially("half ty")
    emitter = visit("admin", server)
    expect(emitter.locator("#presence")).to_have_attribute("data-state", "live")

    admin = visit("admin", server, "/admin/events/eventtype/add/")
    admin.get_by_label("Identifier:").fill("backup_finished")
    admin.get_by_label("Category:").select_option("System")
    admin.get_by_label("Label:").first.fill("Backup finished")
    admin.get_by_label("Summary:").fill("{target} saved by {method}")
    for place, (name, kind, member) in enumerate((("targets", "text", "target"), ("methods", "multiselect", "method"))):
        if place:
            admin.get_by_text("Add another Filterable field").click()
        admin.locator(f"#id_fields-{place}-name").fill(name)
        admin.locator(f"#id_fields-{place}-label").fill(name.capitalize())
        admin.locator(f"#id_fields-{place}-type").select_option(kind)
        admin.locator(f"#id_fields-{place}-data_key").fill(member)
    admin.locator("#id_fields-1-new_options").fill("full\nincremental | Since the last one")
    admin.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_role("tab", name="System")).to_contain_text("4")
    expect(page.get_by_role("checkbox", name="System error")).to_be_checked()
    expect(component).to_be_focused()
    component.press_sequentially("ped")
    expect(component).to_have_value("half typed")

    page.get_by_role("checkbox", name="System error").uncheck()
    tick(page, "Backup finished")
    page.get_by_role("textbox", name="Targets").fill("disk")
    page.get_by_text("Methods: any").click()
    page.get_by_role("checkbox", name="Since the last one").check()
    button(page, "Subscribe to 1 type").click()
    expect(page.locator("#cards .card")).to_contain_text("0 events")
    for target, method in (("tape", "incremental"), ("big disk", "full"), ("big disk", "incremental")):
        emit(server, "backup_finished", target=target, method=method)
    expect(lines(page)).to_have_text(["big disk saved by incremental"])

    emitter.get_by_role("tab", name="System").click()
    tick(emitter, "Backup finished")
    emitter.get_by_role("textbox", name="Targets").fill("another disk")
    button(emitter, "Subscribe to 1 type").click()
    expect(emitter.locator("#feed").get_by_text("emit_event backup_finished target='another disk'")).to_be_visible()


def test_a_subscription_goes_on_after_its_type_was_changed_and_ends_with_a_word_when_it_is_gone(
    visit: Visit, server: ServerProcess
) -> None:
    page = visit("alice", server)
    tick(page, "Health check")
    page.get_by_text("Health: any").click()
    page.locator("details", has_text="Health:").get_by_role("checkbox", name="degraded").check()
    subscribe(page)
    server.manage("shell", "--no-imports", "--command", CHANGE)
    expect(page.get_by_role("status").last).to_have_text("The event types or their options have changed.")
    card = page.locator("#cards .card")
    expect(card).to_contain_text("0 events")
    for name, was in (("other_mcp", "unhealthy"), ("still_there", "degraded")):
        emit(server, "mcp_health_check", mcp_name=name, health_status="healthy", was=was)
    expect(lines(page)).to_have_text(["still_there is healthy"])
    server.manage("shell", "--no-imports", "--command", REMOVE)
    expect(page.locator("#notices")).to_contain_text("Health check has ended: the event type was removed.")
    expect(card).to_contain_text("ended")  # it is begun again when the type is back
    expect(card).to_contain_text("the event type was removed.")
    button(page, "Dismiss").click()
    expect(page.locator("#notices")).to_be_empty()


def comes_back(page: Page) -> None:
    # By itself, but after a long outage it may take half a minute.
    expect(page.locator("#presence")).to_have_attribute("data-state", "live")


def test_when_the_server_goes_away_the_page_says_so_comes_back_and_shows_what_it_missed(
    visit: Visit, server: ServerProcess
) -> None:
    server.manage("shell", "--no-imports", "--command", A_SERVER)
    page = visit("alice", server)
    as_of = page.get_by_text(": the connection is lost.")
    tick(page, "MCP status change")
    page.get_by_text("Severity: any").click()
    page.get_by_role("checkbox", name="error", exact=True).check()
    subscribe(page)
    tick(page, "MCP status change", "Circuit breaker state")  # the same events, by a second subscription
    page.get_by_role("checkbox", name="error", exact=True).check()
    subscribe(page)
    emit(server, "mcp_status_change", mcp_name="before", new_status="active", severity="error")
    expect(lines(page)).to_have_text(["before went active"])
    place = lines(page).bounding_box()
    server.stop()
    expect(page.get_by_text("The connection is lost; reconnecting.")).to_be_visible()
    expect(as_of).to_be_visible()
    assert lines(page).bounding_box() == place
    assert len(set(page.evaluate(COUNT_DOWN))) == 1
    expect(page.locator("#presence")).to_have_text("reconnecting")
    expect(page.locator("#cards .card")).to_contain_text(["subscribing…"] * 2)
    picture(page, "reconnecting")
    server.manage("shell", "--no-imports", "--command", MISSED)
    server.start()
    comes_back(page)
    expect(page.get_by_text("The connection is lost; reconnecting.")).to_be_hidden()
    expect(as_of).to_be_hidden()
    expect(page.locator("#feed .remark")).to_have_text("resumed, 14 replayed, 0 lost")
    missed = [f"mcp_{number} went active" for number in range(27, 0, -2)]
    expect(lines(page)).to_have_text([*missed, "before went active"])
    expect(page.locator("#cards .card")).to_contain_text(["15 events"] * 2)
    picture(page, "resumed")
    emit(server, "mcp_status_change", mcp_name="after", new_status="active", severity="error")
    expect(lines(page).first).to_have_text("after went active")


def test_no_event_is_lost_or_doubled_when_the_server_restarts_in_the_midst_of_them(
    visit: Visit, server: ServerProcess
) -> None:
    page = visit("alice", server)
    button(page, "Subscribe to all MCP events").click()
    card = page.locator("#cards .card")
    expect(card).to_contain_text("0 events")
    before = mcp_events(server)
    with server.popen("simulate_events", "--rate=10", "--duration=1h", "--mix=mcp=1", "--seed=3") as emitting:
        expect(card).to_contain_text(re.compile(r"[1-9]\d* events"))
        server.stop()
        missed_from = mcp_events(server)
        eventually(lambda: mcp_events(server) > missed_from)
        server.start()
        emitting.send_signal(signal.SIGINT)
        assert emitting.wait(WITHIN_S) == 130
    emitted = mcp_events(server) - before
    comes_back(page)
    expect(card).to_contain_text(f"{emitted} events")
    expect(page.locator("#feed .remark")).to_have_text(re.compile(r"resumed, [1-9]\d* replayed, 0 lost"))
    expect(lines(page)).to_have_count(emitted)  # long lists are drawn over several frames


def test_a_log_that_is_another_one_is_told_as_a_gap(visit: Visit, server: ServerProcess) -> None:
    page = visit("alice", server)
    subscribe(page, "MCP status change")
    code = "from events.log import reading; reading.renew_epoch(reading.head().epoch)"
    server.manage("shell", "--no-imports", "--command", code)
    remark = "resumed, 0 replayed, with a gap: the server's log is another one now"
    expect(page.locator("#feed .remark")).to_contain_text(remark)
    emit(server, "mcp_status_change", mcp_name="new_log", new_status="active")
    expect(lines(page)).to_have_text(["new_log went active"])


def test_a_user_outside_auditors_is_shown_nothing_of_audit_types(visit: Visit, shared_server: ServerProcess) -> None:
    alice = visit("alice", shared_server)
    expect(alice.get_by_role("tab", name="System")).to_be_visible()
    expect(alice.get_by_role("tab", name="Audit")).to_have_count(0)
    assert not [word for word in ("login_failed", "access_change", "Audit") if word in alice.content()]
    auditor = visit("auditor", shared_server)
    expect(auditor.get_by_role("tab", name="Audit")).to_be_visible()
