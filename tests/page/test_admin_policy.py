"""Django's own admin pages under the strict content security policy; `complaints` holds what breaks it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.page.conftest import Visit
from tests.servers import ServerProcess

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    "path", ["", "auth/user/", "auth/user/add/", "auth/group/add/", "events/eventtype/", "knox/authtoken/"]
)
def test_a_page_of_the_admin_is_styled_and_breaks_no_rule_of_the_policy(
    visit: Visit, shared_server: ServerProcess, path: str
) -> None:
    page = visit("admin", shared_server, f"/admin/{path}")
    expect(page.locator("#user-tools")).to_contain_text("admin")
    expect(page.locator("#header")).not_to_have_css("background-color", "rgba(0, 0, 0, 0)")


def test_what_breaks_the_policy_would_be_seen(
    visit: Visit, shared_server: ServerProcess, complaints: list[str]
) -> None:
    page = visit("admin", shared_server, "/admin/")
    page.evaluate("document.body.setAttribute('onclick', 'alert(1)')")
    assert any("Content Security Policy" in complaint for complaint in complaints)
    complaints.clear()
