"""What one does at /account without anybody's help, by forms that need no JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from events.access import attempts
from events.access.token_terms import make_token
from events.models import Revision, TokenTerms
from events.page.account import own_sessions, token_form
from tests.cases import each_case

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files")]

ACCOUNT = "/account"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"
ASKED = {"name": "backup", "scopes": ["read"], "valid_for": "90"}
OLD, NEW = "correct horse", "battery staple 7"


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("events.access.sign_in.PAUSE_S", 0.0)
    yield
    attempts.forget()


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", password=OLD)


def signed_in(user: User, agent: str = FIREFOX, address: str = "192.0.2.7") -> Client:
    client = Client(HTTP_USER_AGENT=agent, REMOTE_ADDR=address)
    client.post("/login/", {"username": user.username, "password": OLD})
    return client


@pytest.fixture
def browser(ada: User) -> Client:
    return signed_in(ada)


def page_of(client: Client) -> str:
    return unescape(client.get(ACCOUNT).content.decode())


def made(client: Client, **asked: Any) -> str:
    return unescape(client.post(ACCOUNT, {**ASKED, **asked}).content.decode())


def links(page: str, action: str) -> list[str]:
    return re.findall(rf'href="(/account/[^"]*{action})"', page)


# --- tokens ---


def test_the_page_is_for_who_is_signed_in_and_no_token_opens_it(ada: User) -> None:
    text = make_token(ada, "ci", ["read", "emit"], None)[1]
    for client in (Client(), Client(headers={"Authorization": f"Bearer {text}"})):
        for path in (ACCOUNT, f"{ACCOUNT}/", "/account/password", "/account/sessions/end-others"):
            assert client.get(path).headers["Location"] == f"/login/?next={path}"


def test_the_name_of_the_user_leads_to_it_from_every_page(browser: Client) -> None:
    for path in ("/events", "/events/history", ACCOUNT):
        assert '<a class="user" href="/account"' in browser.get(path).content.decode()


def test_a_token_is_shown_once_works_and_is_kept_by_no_cache(browser: Client, ada: User) -> None:
    answer = browser.post(ACCOUNT, ASKED)
    [text] = re.findall(r'<code id="token">(ehub_[0-9a-f]{64})</code>', answer.content.decode())
    assert "no-store" in answer.headers["Cache-Control"]
    assert Client(headers={"Authorization": f"Bearer {text}"}).get("/api/v1/events/").status_code == 200
    page = page_of(browser)
    assert text not in page
    assert AuthToken.objects.get().token_key not in page
    assert "backup" in page
    [session] = Session.objects.all()
    assert text not in str(session.get_decoded())


def test_a_post_that_is_sent_again_by_a_reload_makes_no_second_token(browser: Client) -> None:
    made(browser)
    assert "There is a valid token of this name of ada" in made(browser)
    assert AuthToken.objects.count() == 1


def test_a_token_is_preset_to_read_and_to_ninety_days(browser: Client) -> None:
    page = page_of(browser)
    assert re.findall(r'value="(\w+)"[^>]* checked', page) == ["read"]
    assert re.findall(r'value="(\w+)" selected', page) == ["90"]


@pytest.mark.parametrize(("valid_for", "days"), [("30", 30), ("90", 90), ("365", 365)])
def test_a_token_ends_after_as_many_days(browser: Client, valid_for: str, days: int) -> None:
    made(browser, valid_for=valid_for)
    expiry = AuthToken.objects.get().expiry
    assert timedelta(days=days - 1) < expiry - timezone.now() <= timedelta(days=days)


def test_a_token_ends_with_the_day_that_one_says(browser: Client) -> None:
    day = datetime.now(UTC).date() + timedelta(days=3)
    made(browser, valid_for="date", until=day.isoformat())
    expiry = AuthToken.objects.get().expiry
    assert (expiry.date(), expiry.hour, expiry.minute) == (day, 23, 59)


def test_a_token_for_ever_is_warned_of_before_and_afterwards(browser: Client) -> None:
    assert "Whoever finds a token that is valid for ever can use it" in page_of(browser)
    assert "revoke it when nothing uses it any more" in made(browser, valid_for="never")
    assert '<span class="warning">valid for ever</span>' in page_of(browser)
    assert AuthToken.objects.get().expiry is None


@each_case(
    ("asked", "sentence"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "two\nlines"}, "characters that cannot be shown"),
        ({"name": "x" * 61}, "at most 60 characters"),
        ({"scopes": []}, "Tick “read”, “emit” or both."),
        ({"scopes": ["admin"]}, "admin is not one of the available choices"),
        ({"valid_for": "date"}, "Say until which day."),
        ({"valid_for": "date", "until": "tomorrow"}, "Enter a valid date."),
        ({"valid_for": "date", "until": date(2025, 1, 1).isoformat()}, "That is over."),
        ({"valid_for": "36500"}, "36500 is not one of the available choices"),
    ],
)
def test_what_cannot_be_is_said_at_its_input_and_what_was_typed_stays(
    browser: Client, asked: dict[str, Any], sentence: str
) -> None:
    page = made(browser, **asked)
    assert sentence in page
    assert asked.get("name", "backup") in page
    assert not AuthToken.objects.exists()


def test_tokens_are_told_apart_by_name_scopes_and_use(browser: Client, ada: User) -> None:
    make_token(ada, "sender", ["emit"], timezone.now() - timedelta(days=1))
    make_token(User.objects.create_user("bob"), "of bob", ["read"], None)
    TokenTerms.objects.filter(name="sender").update(last_used=datetime(2026, 1, 2, tzinfo=UTC))
    page = page_of(browser)
    for words in (
        "<strong><bdi>sender</bdi></strong>",
        "<span>emit</span>",
        "expired",
        "last used <time",
        "2026-01-02",
    ):
        assert words in page
    assert "of bob" not in page


def test_a_user_has_no_more_tokens_than_one_can_tell_apart(
    browser: Client, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_form, "MAX_TOKENS", 1)
    make_token(ada, "over", ["read"], timezone.now() - timedelta(days=1))
    made(browser)
    assert "ada has 1 valid tokens; revoke those that are not used." in made(browser, name="other")


def test_who_may_not_emit_is_told_that_the_token_may_not_either(browser: Client, ada: User) -> None:
    assert "You may not emit events at the moment" in page_of(browser)
    ada.user_permissions.add(Permission.objects.get(codename="add_event", content_type__app_label="events"))
    assert "You may not emit events at the moment" not in page_of(browser)


def test_a_token_is_revoked_after_a_question_and_delivery_hears_of_it(browser: Client, ada: User) -> None:
    make_token(ada, "backup", ["read"], None)
    [link] = links(page_of(browser), "revoke")
    assert "Revoke the token “<bdi>backup</bdi>”?" not in page_of(browser)
    assert "Revoke the token “backup”?" in unescape(browser.get(link).content.decode())
    assert AuthToken.objects.exists()
    before = Revision.current().access
    assert "The token “backup” is revoked." in unescape(browser.post(link, follow=True).content.decode())
    assert not AuthToken.objects.exists()
    assert Revision.current().access > before
    assert browser.post(link).status_code == 404


def test_nobody_revokes_what_is_somebody_elses(browser: Client) -> None:
    bob = User.objects.create_user("bob", password=OLD)
    make_token(bob, "of bob", ["read"], None)
    other = signed_in(bob)
    [revoke], [end] = links(page_of(other), "revoke"), links(page_of(signed_in(bob)), "end")
    for link in (revoke, end):
        assert browser.get(link).status_code == browser.post(link).status_code == 404
    assert other.get(ACCOUNT).status_code == 200
    assert AuthToken.objects.exists()


def test_no_form_of_another_site_is_taken(ada: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    for path in (ACCOUNT, "/account/password", "/account/sessions/end-others"):
        assert client.post(path, ASKED).status_code == 403
    assert not AuthToken.objects.exists()


# --- sessions ---


def test_sessions_tell_when_from_where_and_by_what_they_were_begun(browser: Client, ada: User) -> None:
    signed_in(ada, PHONE, "198.51.100.9")
    signed_in(User.objects.create_user("bob", password=OLD), FIREFOX, "203.0.113.4")
    page = page_of(browser)
    for words in ("Firefox on Linux", "this one", "192.0.2.7", "Safari on iPhone", "198.51.100.9", "signed in <time"):
        assert words in page
    assert "203.0.113.4" not in page
    assert not [session.pk for session in Session.objects.all() if session.pk in page]


def test_one_session_is_ended_after_a_question(browser: Client, ada: User) -> None:
    phone = signed_in(ada, PHONE, "198.51.100.9")
    [link] = links(page_of(browser), "end")
    assert "End the session of Safari on iPhone, 198.51.100.9?" in unescape(browser.get(link).content.decode())
    assert phone.get(ACCOUNT).status_code == 200
    before = Revision.current().access
    browser.post(link)
    assert phone.get(ACCOUNT).status_code == 302
    assert browser.get(ACCOUNT).status_code == 200
    assert Revision.current().access > before


def test_all_others_are_ended_and_those_of_other_people_are_not(browser: Client, ada: User) -> None:
    others = [signed_in(ada), signed_in(ada, PHONE)]
    bob = signed_in(User.objects.create_user("bob", password=OLD))
    assert "There are 2." in browser.get("/account/sessions/end-others").content.decode()
    browser.post("/account/sessions/end-others")
    assert [client.get(ACCOUNT).status_code for client in (*others, browser, bob)] == [302, 302, 200, 200]


def test_all_others_are_ended_however_many_sessions_there_are(
    browser: Client, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [signed_in(ada, PHONE) for _ in range(4)]
    monkeypatch.setattr(own_sessions, "MAX_SESSIONS", 2)
    monkeypatch.setattr(own_sessions, "READ_AT_ONCE", 1)
    assert page_of(browser).count("signed in <time") == 2
    assert "There are 4." in browser.get("/account/sessions/end-others").content.decode()
    browser.post("/account/sessions/end-others")
    assert [client.get(ACCOUNT).status_code for client in (*others, browser)] == [302, 302, 302, 302, 200]


def test_a_session_that_has_ended_is_not_listed(browser: Client, ada: User) -> None:
    signed_in(ada, PHONE)
    Session.objects.exclude(pk=browser.session.session_key).update(expire_date=timezone.now())
    assert "iPhone" not in page_of(browser)


@pytest.mark.parametrize("engine", ["signed_cookies", "cache"])
def test_where_sessions_cannot_be_listed_the_page_says_so(ada: User, settings: Any, engine: str) -> None:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    browser = signed_in(ada)
    page = page_of(browser)
    assert "keeps its sessions where they cannot be listed" in page
    assert "ends all but this one" in page
    assert browser.post("/account/sessions/end-others").status_code == 404  # and does not say that they are ended


def test_sessions_that_a_cache_keeps_beside_the_table_end_in_both(ada: User, settings: Any) -> None:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
    browser, phone = signed_in(ada), signed_in(ada, PHONE)
    browser.post("/account/sessions/end-others")
    assert (phone.get(ACCOUNT).status_code, browser.get(ACCOUNT).status_code) == (302, 200)


# --- password ---


def change(client: Client, old: str = OLD, new: str = NEW) -> Any:
    asked = {"old_password": old, "new_password1": new, "new_password2": new}
    return client.post("/account/password", asked, follow=True)


def test_a_new_password_ends_the_other_sessions_and_no_token(browser: Client, ada: User) -> None:
    phone, text = signed_in(ada, PHONE), make_token(ada, "ci", ["read"], None)[1]
    assert "The password is changed." in change(browser).content.decode()
    ada.refresh_from_db()
    assert ada.check_password(NEW)
    assert (phone.get(ACCOUNT).status_code, browser.get(ACCOUNT).status_code) == (302, 200)
    assert "iPhone" not in page_of(browser)
    assert Client(headers={"Authorization": f"Bearer {text}"}).get("/api/v1/events/").status_code == 200


def test_a_password_that_is_wrong_or_too_weak_is_refused_at_its_input(browser: Client, ada: User) -> None:
    assert "Your old password was entered incorrectly" in change(browser, old="wrong").content.decode()
    assert "too common" in change(browser, new="password").content.decode()
    ada.refresh_from_db()
    assert ada.check_password(OLD)


def test_the_old_password_is_guessed_no_faster_than_where_one_signs_in(
    browser: Client, ada: User, settings: Any
) -> None:
    settings.EVENTHUB_LOGIN_ATTEMPTS = 2
    for _ in range(2):
        assert change(browser, old="guess").status_code == 200
    refused = change(browser)
    assert refused.status_code == 429
    assert "Too many attempts" in refused.content.decode()
    ada.refresh_from_db()
    assert ada.check_password(OLD)


def test_a_new_password_undoes_nothing_that_was_changed_of_the_user_meanwhile(
    browser: Client, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = User.set_password

    def meanwhile(user: User, password: str) -> None:
        User.objects.filter(pk=user.pk).update(is_active=False, first_name="Ada")
        hashed(user, password)

    monkeypatch.setattr(User, "set_password", meanwhile)
    change(browser)
    ada.refresh_from_db()
    assert (ada.is_active, ada.first_name, ada.check_password(NEW)) == (False, "Ada", True)


def test_who_has_no_password_is_not_offered_to_change_it(ada: User) -> None:
    client = Client()
    ada.set_unusable_password()
    ada.save()
    client.force_login(ada)
    assert "Change password" not in page_of(client)


def test_the_admin_has_no_other_form_for_a_password(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root"))
    assert client.get("/admin/password_change/")["Location"] == "/account/password"
