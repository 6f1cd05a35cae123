"""Django's own admin pages under the strict content security policy; `complaints` holds what breaks it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.page.visit import NOWHERE, Visit
from tests.servers import ServerProcess

pytestmark = pytest.mark.browser


def test_pages_of_the_admin_are_styled_and_break_no_rule_of_the_policy(
    visit: Visit, shared_server: ServerProcess
) -> None:
    page = visit("admin", shared_server, NOWHERE)
    for path in ("", "auth/user/", "auth/user/add/", "auth/group/add/", "events/eventtype/", "knox/authtoken/"):
        page.goto(f"/admin/{path}")
        expect(page.get_by_role("banner")).to_contain_text("Signed in as admin")
        expect(page.get_by_role("banner")).not_to_have_css("background-color", "rgba(0, 0, 0, 0)")


def test_what_breaks_the_policy_would_be_seen(
    visit: Visit, shared_server: ServerProcess, complaints: list[str]
) -> None:
    page = visit("admin", shared_server, "/admin/")
    with page.expect_console_message(lambda message: "Content Security Policy" in message.text):
        page.evaluate("document.body.setAttribute('onclick', 'alert(1)')")
    assert any("Content Security Policy" in complaint for complaint in complaints)
    complaints.clear()
