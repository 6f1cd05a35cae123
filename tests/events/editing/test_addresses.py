"""Whatever is written behind an address of the admin, it is answered soon, and never by an error of ours."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from time import process_time
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Field, Lookup, Transform
from django.test import Client, RequestFactory
from knox.models import AuthToken

from events.broadcast import broadcast_event
from events.editing.addresses import LOOKUPS, is_cheap
from events.editing.merging_admin import MergingAdmin
from events.mcp.models import McpServer
from events.models import Event
from tests.cases import each_case
from tests.settings import examples

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files")]

SLOWEST_S = 20.0  # of CPU for a request here, with hardly a row; a regular expression that goes astray takes for ever
ANSWERED = {200, 302, 400, 403, 404}
LISTS = [f"/admin/{model._meta.app_label}/{model._meta.model_name}/" for model in admin.site._registry]
VALUES = (
    *("", "1", "-1", "0", "(", "(([^~])+)+~$", "a", "\0", "💥", "%", "None"),
    *("99999999", "9" * 40, "-" + "9" * 40, "9" * 5_000, "1e999", "nan", "NaN,inf", "٣", "true", "[]", '{"a": 1}'),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-02-30", "99999-01-01", "1,2", ",", "x" * 60_000),
)  # fmt: skip


@pytest.fixture
def rows(admin_client: Client) -> None:
    broadcast_event("user_login", {"username": "a" * 44 + "!"})
    McpServer.objects.create(name="oracle", url="http://127.0.0.1:1/mcp", tags=["a"])
    AuthToken.objects.create(User.objects.get(username="admin"))


def answered(client: Client, address: str, data: dict[str, Any] | None = None) -> int:
    begun = process_time()
    try:
        answer = client.get(address) if data is None else client.post(address, data)
    except Exception as error:
        error.add_note(f"at {address[:200]} with {str(data)[:200]}")
        raise
    assert process_time() - begun < SLOWEST_S, address[:200]
    assert answer.status_code in ANSWERED, address[:200]
    return answer.status_code


@pytest.mark.usefixtures("rows")
def test_a_lookup_that_is_dear_or_odd_is_refused(admin_client: Client) -> None:
    for asked in (
        "data__regex=(([^~])%2B)%2B~$",
        "data__iregex=(([^~])%2B)%2B~$",
        "type__label__regex=(([^~])%2B)%2B~$",
        "data__regex=(",
        "timestamp__year=99999999",
        "timestamp__year__gte=99999999",
        "position__range=1",
        "data__a__b=1",
    ):
        assert answered(admin_client, f"/admin/events/event/?{asked}") in (302, 400), asked


def test_every_admin_there_is_or_will_be_refuses_regular_expressions() -> None:
    class Later(admin.ModelAdmin):  # type: ignore[type-arg]
        def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
            return True

    site = type(admin.site._wrapped)()  # type: ignore[attr-defined]
    site.register(Event, Later)
    request = RequestFactory().get("/")
    for model, its in [*admin.site._registry.items(), *site._registry.items()]:
        assert isinstance(its, MergingAdmin)
        assert not its.list_editable, "a list with inputs would be a form that knows nothing of newer saves"
        for name, lookup in itertools.product((f.name for f in model._meta.concrete_fields), ("regex", "iregex")):
            assert not its.lookup_allowed(f"{name}__{lookup}", "a", request)
            assert not its.lookup_allowed(f"pk__{lookup}", "a", request)


def lookups_of(field: Any) -> Iterator[str]:
    """Each lookup of a column, by itself and behind each of its transforms."""
    for name, known in field.get_lookups().items():
        yield name
        if issubclass(known, Transform):
            yield from (f"{name}__{then}" for then, its in Field.class_lookups.items() if issubclass(its, Lookup))


@pytest.mark.usefixtures("rows")
def test_no_lookup_and_no_value_ends_in_an_error(admin_client: Client) -> None:
    for model, address in zip(admin.site._registry, LISTS, strict=True):
        names = [f"{f.name}__{lookup}" for f in model._meta.concrete_fields for lookup in lookups_of(f)]
        refused = {name for name in names if not is_cheap(model, name)}
        assert {name.split("__", 1)[1] for name in set(names) - refused} <= LOOKUPS, address
        for name in some(sorted(refused), 5):  # never as far as a database
            assert answered(admin_client, f"{address}?{name}=1") in (302, 400), (address, name)
        for name, value in some([*itertools.product(sorted(set(names) - refused), VALUES)], 12):
            answered(admin_client, f"{address}?{name}={quote(value)}")


def some(cases: list[Any], count: int) -> list[Any]:
    """Others with each run, so many in `make test-long`; the seed that is printed repeats them."""
    return random.sample(cases, min(examples(count), len(cases)))


PARAMETERS = ("p", "o", "e", "q", "all", "_to_field", "_popup", "_facets", "pk", "until", "type", "odd")


@pytest.mark.usefixtures("rows")
def test_no_parameter_of_lists_ends_in_an_error(admin_client: Client) -> None:
    cases = [*itertools.product(PARAMETERS, VALUES)]
    for address in LISTS:
        for parameter, value in some(cases, 12):
            answered(admin_client, f"{address}?{parameter}={quote(value)}")


@pytest.mark.usefixtures("rows")
@each_case(
    "asked",
    [
        "q=" + "+".join(map(str, range(1_100))),
        "&".join(f"pk={number}" for number in range(1_100)),
        "pk__in=" + ",".join(map(str, range(100_000))),
        "pk__in=" + ",".join(["9" * 30] * 20),
        "o=" + ".".join(["1"] * 3_000),
        "&".join(f"{name}__isnull=x" for name in "abcdefghijklmnopqrstuvwxyz" * 5),
        "__".join(["event_type", "category", "types"] * 200) + "=1",
    ],
)
def test_no_amount_in_an_address_ends_in_an_error(admin_client: Client, asked: str) -> None:
    for address in LISTS:
        answered(admin_client, f"{address}?{asked}")


@pytest.mark.usefixtures("rows")
def test_no_key_in_a_path_or_a_choice_ends_in_an_error(admin_client: Client) -> None:
    keys = [value for value in VALUES if 0 < len(value) <= 5_000]
    for address, value in ((address, value) for address in LISTS for value in some(keys, 3)):
        for page in ("change", "delete", "history", "password", "test-event", "duplicate"):
            answered(admin_client, f"{address}{quote(value, safe='')}/{page}/")
        answered(admin_client, f"{address}{quote(value, safe='')}/")
        answered(admin_client, address, {"action": "delete_selected", "_selected_action": value, "index": "0"})
        answered(admin_client, address, {"action": value, "_selected_action": "1", "index": value})


def test_a_search_of_too_many_words_is_told_so(admin_client: Client) -> None:
    page = admin_client.get("/admin/auth/user/?q=" + "+".join(map(str, range(40))))
    assert "at most 32 words" in page.content.decode()


@pytest.mark.usefixtures("rows")
def test_links_and_filters_of_lists_work_as_they_did(admin_client: Client) -> None:
    for asked in (
        "auth/user/?is_staff__exact=1",
        "auth/user/?groups__id__exact=1",
        "auth/user/?date_joined__gte=2026-01-01+00:00%2B00:00",
        "mcp/mcpserver/?state__health_status__exact=unknown&status__exact=active",
        "events/eventtype/?category__id__exact=mcp&is_active__exact=1&q=mcp+status",
        "events/eventtype/?id__in=user_login,user_logout",
        "events/event/?severity=info&type=user_login&q=a",
    ):
        assert admin_client.get(f"/admin/{asked}").status_code == 200
