"""The page /account, from making a token to signing in with a new password."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import expect

from tests.page.looks import check, pictures
from tests.page.visit import Visit
from tests.servers import ServerProcess
from tests.waiting import eventually

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("javascript", [True, False])
def test_a_token_is_made_used_seen_to_be_used_and_revoked(
    visit: Visit, shared_server: ServerProcess, javascript: bool
) -> None:
    name = f"script {javascript}"
    page = visit("alice", shared_server, java_script_enabled=javascript)
    page.get_by_role("banner").get_by_role("link", name="Signed in as alice").click()
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_label("Valid for").select_option("until a date")
    page.get_by_role("button", name="Make token").click()
    expect(page.get_by_role("alert")).to_have_text("Say until which day.")
    if javascript:
        check(page)
    page.get_by_label("Valid for").select_option("for ever")
    page.get_by_role("button", name="Make token").click()
    text = page.locator("#token").inner_text()
    headers = {"Authorization": f"Bearer {text}"}
    assert httpx.get(f"{shared_server.url}/api/v1/events/", headers=headers).status_code == 200
    if javascript:
        expect(page.get_by_role("button", name="Copy")).to_be_visible()
        check(page)
        pictures(page, "account-made")
    card = page.get_by_role("listitem").filter(has_text=name)

    def is_said_to_be_used() -> bool:
        page.goto("/account")
        return "last used" in card.inner_text()

    eventually(is_said_to_be_used)  # at once, unless somebody else wrote when it was used
    card.get_by_role("link", name="Revoke").click()
    expect(page.get_by_role("heading")).to_have_text(f"Revoke the token “{name}”?")
    if javascript:
        check(page)
        pictures(page, "account-revoke")
    page.get_by_role("button", name="Yes").click()
    expect(page.get_by_role("status")).to_have_text(f"The token “{name}” is revoked.")
    expect(card).to_have_count(0)
    assert httpx.get(f"{shared_server.url}/api/v1/events/", headers=headers).status_code == 401
    page.get_by_role("link", name="Change password").click()
    expect(page.get_by_label("Old password")).to_be_visible()
    if javascript:
        check(page)
        pictures(page, "account-password")
