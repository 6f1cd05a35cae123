"""What one does at /deliveries without anybody's help, by forms that need no JavaScript; and what admins see."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from eventhub.environment import network
from events.models import EventType
from subscriptions.models import Destination, FailedDelivery, StandingSubscription
from tests.subscriptions.standing.receiver import Receiver
from tests.subscriptions.standing.stepped import STATUS, a_standing, emit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files")]

NEW = f"/deliveries/new?event_type={STATUS}&filter.severity=error&filter.severity=critical"
URL = "https://93.184.215.14/hook"


@pytest.fixture
def user() -> User:
    user = User.objects.create(username="olga")
    user.user_permissions.add(Permission.objects.get(codename="use_webhooks"))
    return user


@pytest.fixture
def browser(user: User) -> Client:
    return signed_in(user)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(answer: Any) -> str:
    """Return what the page says, without the marks that keep text from outside apart."""
    return re.sub("</?bdi[^>]*>", "", unescape(answer.content.decode()))


def fill(browser: Client, **given: object) -> Any:
    return browser.post(NEW, {"name": "To the shop", "url": URL, "format": "event", "parallel": "1", **given})


def act(browser: Client, standing: StandingSubscription, action: str, **given: str) -> str:
    return page(browser.post(f"/deliveries/{standing.pk}/{action}", given, follow=True))


def test_a_card_leads_to_a_form_with_the_words_of_the_filters_and_the_secret_is_shown_once(browser: Client) -> None:
    form = page(browser.get(NEW))
    assert "MCP status change" in form
    assert "Severity: error, critical" in form
    answer = fill(browser)
    (secret,) = re.findall(r"whsec_[^<]+", page(answer))
    assert "no-store" in answer["Cache-Control"]
    standing = StandingSubscription.objects.get()
    assert (standing.event_types, standing.filters) == ([STATUS], {"severity": ["error", "critical"]})
    listed = page(browser.get("/deliveries"))
    assert secret not in listed
    assert "To the shop" in listed


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"url": "http://93.184.215.14/"}, "use https"),
        ({"url": "https://127.0.0.1/"}, "EVENTHUB_DELIVERY_ALLOWED_NETWORKS=127.0.0.1/32"),
        ({"url": ""}, "required"),
        ({"name": ""}, "required"),
        ({"parallel": "9"}, "9 is not one of the available choices"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_made(
    browser: Client, given: dict[str, str], says: str
) -> None:
    answer = fill(browser, **given)
    assert (answer.status_code, says in page(answer)) == (422, True)
    assert not StandingSubscription.objects.exists()


@pytest.mark.parametrize(
    "address", ["/deliveries/new", "/deliveries/new?event_type=login_failed", "/deliveries/new?x=1"]
)
def test_an_address_that_names_nothing_that_one_may_see_leads_back_and_says_why(browser: Client, address: str) -> None:
    answer = browser.get(address, follow=True)
    assert answer.redirect_chain == [("/deliveries", 302)]
    assert 'role="status"' in page(answer)


def test_without_the_permission_the_pages_say_so() -> None:
    browser = signed_in(User.objects.create(username="nobody"))
    assert "Can have events delivered to webhooks" in page(browser.get(NEW))
    assert "an admin can give it" in page(browser.get("/deliveries"))
    assert "Can have events delivered to webhooks" in page(fill(browser))
    assert not StandingSubscription.objects.exists()


def test_others_deliveries_are_not_there(user: User) -> None:
    standing = a_standing(user)
    other = User.objects.create(username="oscar")
    browser = signed_in(other)
    assert "receiver.example" not in page(browser.get("/deliveries"))
    for action in ("pause", "resume", "replay", "test", "send-again", "forget", "delete", "secret"):
        assert browser.post(f"/deliveries/{standing.pk}/{action}").status_code == 404
    assert Client().get("/deliveries").headers["Location"] == "/login/?next=/deliveries"


def test_what_one_may_not_see_any_more_is_called_by_its_identifier_alone(user: User, browser: Client) -> None:
    a_standing(user, event_types=[STATUS, "mcp_auto_disabled"])
    assert "MCP status change" in page(browser.get("/deliveries"))
    EventType.objects.filter(pk=STATUS).update(restricted=True, label="Secret since")
    told = page(browser.get("/deliveries"))
    assert STATUS in told
    assert "Secret since" not in told


def test_the_buttons_pause_resume_replay_send_again_and_forget(user: User, browser: Client) -> None:
    standing = a_standing(user)
    emit("a", "b")
    now = timezone.now()
    for position in (1, 2):
        FailedDelivery.objects.create(
            standing=standing, epoch=standing.epoch, position=position, event_type=STATUS, attempts=9,
            next_at=now, error_class="http", error="HTTP 500.", given_up_at=now,
        )  # fmt: skip
    shown = page(browser.get("/deliveries"))
    assert "2 given up" in shown
    assert f"{STATUS} {standing.epoch}-1: HTTP 500." in shown
    assert "is paused" in act(browser, standing, "pause")
    assert "goes on where it was" in act(browser, standing, "resume")
    assert "2 that were given up are sent again" in act(browser, standing, "send-again")
    assert "0 that were given up" in act(browser, standing, "forget")
    assert "is sent again" in act(browser, standing, "replay", after="2020-01-31T12:00")
    assert '"yesterday" is not the id of an event' in act(browser, standing, "replay", after="yesterday")
    assert browser.post(f"/deliveries/{standing.pk}/explode").status_code == 404
    assert browser.get(f"/deliveries/{standing.pk}/pause").status_code == 405


def test_deleting_and_a_new_secret_ask_first(user: User, browser: Client) -> None:
    standing = a_standing(user)
    before = Destination.objects.get().secret
    assert "Make a new secret" in page(browser.get(f"/deliveries/{standing.pk}/secret"))
    assert "whsec_" in page(browser.post(f"/deliveries/{standing.pk}/secret"))
    assert Destination.objects.get().former_secret == before
    assert "Delete the delivery" in page(browser.get(f"/deliveries/{standing.pk}/delete"))
    assert "is deleted" in act(browser, standing, "delete")
    assert not StandingSubscription.objects.exists()


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.EVENTHUB_DELIVERY_ALLOWED_NETWORKS = [network("127.0.0.0/8")]
    with Receiver() as started:
        yield started


def test_send_test_says_what_the_endpoint_answered(user: User, browser: Client, receiver: Receiver) -> None:
    standing = a_standing(user, receiver.url)
    assert "the test was accepted" in act(browser, standing, "test")
    receiver.always("redirects")
    assert "HTTP 307: redirects are not followed" in act(browser, standing, "test")


def test_admins_find_them_by_name_and_host_and_cannot_guess_a_path_by_searching(user: User) -> None:
    standing = a_standing(user, "https://Well.example/s3cret")
    a_standing(user, "https://other.example/s3cret")
    browser = signed_in(User.objects.create(username="root", is_staff=True, is_superuser=True))
    for text, found in (("well.EXAMPLE", 1), (standing.name, 1), ("example", 2), ("s3cret", 0), ("/s3", 0)):
        answer = browser.get("/admin/subscriptions/standingsubscription/", {"q": text})
        assert answer.context["cl"].result_count == found, text


def test_admins_see_all_with_suspended_ones_first_and_no_secret_or_path(user: User) -> None:
    well, dead = a_standing(user, "https://well.example/s3cret"), a_standing(user, "https://dead.example/s3cret")
    StandingSubscription.objects.filter(pk=dead.pk).update(state="suspended", reason="It has failed.")
    browser = signed_in(User.objects.create(username="root", is_staff=True, is_superuser=True))
    listed = page(browser.get("/admin/subscriptions/standingsubscription/"))
    assert listed.index("webhook https://dead.example") < listed.index("webhook https://well.example")
    one = page(browser.get(f"/admin/subscriptions/standingsubscription/{dead.pk}/change/"))
    assert "It has failed." in one
    assert "s3cret" not in listed + one
    assert Destination.objects.get(standing=dead).secret not in one
    assert browser.get("/admin/subscriptions/standingsubscription/add/").status_code == 403
    given = {"action": "resume_selected", "_selected_action": [dead.pk]}
    browser.post("/admin/subscriptions/standingsubscription/", given)
    dead.refresh_from_db()
    assert dead.state == "active"
    given = {"action": "pause_selected", "_selected_action": [well.pk]}
    browser.post("/admin/subscriptions/standingsubscription/", given)
    well.refresh_from_db()
    assert well.state == "paused"
