"""A destination gets nothing that its owner may not see at that moment."""

from __future__ import annotations

from collections import deque
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User

from events.models import Event, EventType, FieldOption, Revision
from subscriptions.standing.requests import operations
from tests.subscriptions.standing.stepped import AGAIN, STATUS, Stepped, a_standing, an_owner, emit

URL = "https://receiver.example/one"
MINUTE = timedelta(minutes=1)


def a_member() -> tuple[User, Group]:
    """Somebody who sees changes of status by a group, which is the only one that may."""
    owner, group = an_owner(superuser=False), Group.objects.create(name="operators")
    owner.groups.add(group)
    event_type = EventType.objects.get(pk=STATUS)
    event_type.restricted = True
    event_type.save()
    event_type.allowed_groups.add(group)
    return owner, group


def test_an_owner_who_leaves_the_group_gets_nothing_more_not_even_what_is_tried_again(stepped: Stepped) -> None:
    owner, group = a_member()
    standing = a_standing(owner)
    stepped.destinations.answers[URL] = deque([AGAIN])
    stepped.step()
    emit("first", "second")
    stepped.step()
    owner.groups.remove(group)
    stepped.step(MINUTE)
    standing.refresh_from_db()
    assert standing.state == "ended"
    assert STATUS in standing.reason
    assert stepped.destinations.names() == []
    assert Event.objects.filter(type="destination_suspended").exists()


def test_it_is_narrowed_to_what_its_owner_may_see_and_says_so(stepped: Stepped) -> None:
    owner, group = a_member()
    # The filter is of the type that goes, alone.
    standing = a_standing(owner, event_types=[STATUS, "mcp_auto_disabled"], filters={"new_status": ["inactive"]})
    stepped.step()
    owner.groups.remove(group)
    stepped.step()
    emit("a")
    stepped.step()
    standing.refresh_from_db()
    assert (standing.state, standing.event_types, standing.filters) == ("active", ["mcp_auto_disabled"], {})
    assert STATUS in standing.reason
    assert stepped.destinations.names() == []


def test_an_owner_who_is_deactivated_ends_it_and_nothing_resumes_it_until_the_account_is_active(
    stepped: Stepped,
) -> None:
    owner = an_owner()
    standing = a_standing(owner)
    stepped.step()
    owner.is_active = False
    owner.save()
    emit("first")
    stepped.step()
    standing.refresh_from_db()
    assert (standing.state, stepped.destinations.names()) == ("ended", [])
    owner.is_active = True
    owner.save()
    operations.resume(standing)
    stepped.step()
    assert stepped.destinations.names() == ["first"]


@pytest.mark.parametrize("by_group", [False, True])
def test_an_owner_who_may_use_webhooks_no_more_gets_nothing_more(stepped: Stepped, by_group: bool) -> None:
    owner = an_owner(superuser=False)
    group = Group.objects.create(name="operators")
    owner.groups.add(group)
    if by_group:
        group.permissions.set(owner.user_permissions.all())
        owner.user_permissions.clear()
    standing = a_standing(owner)
    stepped.step()
    emit("first")
    stepped.step()
    (group.permissions if by_group else owner.user_permissions).clear()
    emit("second")
    stepped.step()
    standing.refresh_from_db()
    assert (standing.state, stepped.destinations.names()) == ("ended", ["first"])
    assert "webhooks" in standing.reason


def test_a_filter_that_no_longer_fits_ends_it_in_words(stepped: Stepped) -> None:
    standing = a_standing(an_owner(), filters={"new_status": ["inactive"]})
    stepped.step()
    FieldOption.objects.filter(field__event_type=STATUS, field__name="new_status", value="inactive").delete()
    Revision.bump_registry()
    stepped.step()
    standing.refresh_from_db()
    assert standing.state == "ended"
    assert "new_status" in standing.reason
