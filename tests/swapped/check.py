"""What works with a user model of one's own; `python -m tests.swapped.check` in a fresh folder."""

from __future__ import annotations

import os
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.swapped.settings"

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402  only now are there models
from django.contrib.auth.models import Group  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402

from eventhub.local import first_run  # noqa: E402
from events.access import tokens  # noqa: E402
from events.access.identity import identities_of_tokens, identity_of_session  # noqa: E402
from events.access.recheck import recheck  # noqa: E402
from events.models import Event  # noqa: E402


def main() -> None:
    setup_test_environment()
    call_command("migrate", verbosity=0)
    call_command("check")
    Person: Any = get_user_model()  # noqa: N806
    secrets = first_run.make_people()
    assert secrets is not None
    assert first_run.make_people() is None
    [demo] = identities_of_tokens([secrets.token])
    assert demo is not None
    assert demo.username == first_run.DEMO

    ada = Person.people.create_superuser("ada@example.org", "one")
    ada.groups.add(Group.objects.create(name="few"))
    assert tokens.active_user("ada@example.org") == ada
    assert tokens.grant(ada, None).may_emit
    browser = Client()
    browser.force_login(ada)
    identity = identity_of_session(browser.cookies["sessionid"].value)
    assert identity is not None
    assert (identity.user_id, identity.username) == (ada.pk, "ada@example.org")
    assert None not in recheck([demo, identity]).values()
    admin = ("/admin/", "/admin/knox/authtoken/", "/admin/knox/authtoken/add/", "/admin/events/eventtype/")
    for page in ("/events", "/events/history", *admin):
        assert browser.get(page).status_code == 200, page
    assert "this one" in browser.get("/account").content.decode()
    told = {event.type_id: event.payload for event in Event.objects.all()}
    assert told["user_login"]["user_id"] == str(ada.pk)
    assert told["access_change"]["subject"] == "user ada@example.org"
    ada.is_active = False
    ada.save()
    assert recheck([identity]) == {identity: None}
    print("all is well")


if __name__ == "__main__":
    main()
