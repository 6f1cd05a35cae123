"""The HTTP API: metadata and emitting, for whom, and what it answers to what is wrong."""

from __future__ import annotations

import codecs
import gzip
import json
import logging
import math
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.crypto import get_random_string
from pytest_django import DjangoAssertNumQueries, Settings

from events import registry_cache
from events.access import known_tokens
from events.core.limits import LIMITS
from events.http.bodies import MAX_BODY
from events.log import append, placing, reading, records
from events.models import Event, EventType, revision
from tests.cases import each_case
from tests.events.callers import person, problem

METADATA = "/api/v1/events/metadata"
EMIT = "/api/v1/events/"
AUDIT_TYPES = {"login_failed", "access_change", "endpoint_changed"}
LOGIN = {"type": "user_login", "data": {"username": "ada", "user_roles": ["staff"]}}


def emit(client: Client, body: object, path: str = EMIT) -> Any:
    """POST JSON, or a text or bytes as they are; the answer with its document."""
    content = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.post(path, content, content_type="application/json")


def unplaced(drafts: list[records.Draft]) -> list[Event]:
    return append.insert(connection.cursor(), drafts)[0]


def types_in(metadata: dict[str, Any]) -> set[str]:
    return {event["id"] for category in metadata["categories"] for event in category["events"]}


# --- metadata --------------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestMetadata:
    def test_without_credentials_it_is_refused(self) -> None:
        response = Client().get(METADATA)
        problem(response, 401, "unauthorized")
        assert response["WWW-Authenticate"] == "Bearer"

    def test_a_token_opens_it(self) -> None:
        answer = person("ada").get(METADATA)
        assert answer.status_code == 200
        assert answer["Content-Type"] == "application/json"
        assert "mcp_status_change" in types_in(answer.json())

    def test_a_session_opens_it(self) -> None:
        client = Client()
        client.force_login(User.objects.create_user("ada"))
        assert client.get(METADATA).status_code == 200

    def test_a_wrong_token_is_refused_though_a_session_would_do(self) -> None:
        client = Client()
        client.force_login(User.objects.create_user("ada"))
        problem(client.get(METADATA, headers={"Authorization": "Bearer ehub_wrong"}), 401, "unauthorized")

    @each_case("header", ["Bearer", "Bearer a b", "Bearer \xe9", "Bearer ehub_" + "x" * 5000])
    def test_a_broken_token_is_refused(self, header: str) -> None:
        problem(Client().get(METADATA, headers={"Authorization": header}), 401, "unauthorized")

    def test_the_token_of_a_user_who_is_not_active_is_refused(self) -> None:
        client = person("ada")
        User.objects.update(is_active=False)
        problem(client.get(METADATA), 401, "unauthorized")

    def test_it_is_sent_again_only_when_it_has_changed(self) -> None:
        client = person("ada")
        first = client.get(METADATA)
        again = client.get(METADATA, headers={"If-None-Match": first["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again["ETag"] == first["ETag"]
        assert "private" in again["Cache-Control"]
        assert {"Authorization", "Cookie"} <= set(again["Vary"].split(", "))
        EventType.objects.get(pk="user_login").save()
        changed = client.get(METADATA, headers={"If-None-Match": first["ETag"]})
        assert changed.status_code == 200
        assert changed["ETag"] != first["ETag"]

    def test_what_another_may_see_has_another_etag(self) -> None:
        ada, eva = person("ada"), person("eva", groups=("auditors",))
        assert eva.get(METADATA, headers={"If-None-Match": ada.get(METADATA)["ETag"]}).status_code == 200

    def test_it_is_the_metadata_of_the_protocol(self) -> None:
        metadata = person("ada").get(METADATA).json()
        assert metadata["version"] == registry_cache.current().version
        assert metadata["limits"] == dict(LIMITS)
        mcp = metadata["categories"][0]
        assert (mcp["id"], mcp["label"]) == ("mcp", "MCP")
        status = mcp["events"][0]
        assert status["severity_levels"] == ["info", "warning", "error", "critical"]
        assert [field["name"] for field in status["filterable_fields"]] == [
            "mcp_names",
            "old_status",
            "new_status",
            "severity",
        ]
        assert status["filterable_fields"][1]["options"] == ["active", "inactive"]

    def test_a_user_outside_auditors_learns_nothing_of_audit_types(self) -> None:
        content = person("ada").get(METADATA).content.decode()
        assert not [word for word in (*AUDIT_TYPES, '"audit"', "Audit") if word in content]

    def test_auditors_and_superusers_see_audit_types(self) -> None:
        for client in (person("ada", groups=("auditors",)), person("root", superuser=True)):
            assert types_in(client.get(METADATA).json()) >= AUDIT_TYPES

    def test_it_says_which_types_may_come_from_outside(self) -> None:
        categories = person("ada", groups=("auditors",)).get(METADATA).json()["categories"]
        external = {event["id"]: event["external"] for category in categories for event in category["events"]}
        assert external["mcp_status_change"] is True
        assert not any(external[id] for id in AUDIT_TYPES)

    def test_a_type_made_a_moment_ago_is_there_though_another_process_made_it(self) -> None:
        client = person("ada")
        client.get(METADATA)
        known = registry_cache.current()
        EventType.objects.create(id="order_paid", category_id="system", label="Order paid")
        assert known is registry_cache.current()  # nobody has told this process
        assert "order_paid" in types_in(client.get(METADATA).json())

    def test_an_unchanged_registry_is_not_loaded_again(
        self, django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(known_tokens, "KNOWN_FOR_S", math.inf)
        monkeypatch.setattr(revision, "ASKED_FOR_S", math.inf)
        client = person("ada")
        client.get(METADATA)
        with django_assert_num_queries(1):  # the revision, for the token and for the registry
            client.get(METADATA)

    def test_no_cache_between_may_give_it_to_somebody_else(self) -> None:
        answer = person("ada").get(METADATA)
        assert {part.strip() for part in answer["Vary"].split(",")} >= {"Authorization", "Cookie"}
        assert {part.strip() for part in answer["Cache-Control"].split(",")} == {"private", "no-cache"}

    def test_other_methods_are_refused(self) -> None:
        response = person("ada").delete(METADATA)
        assert "GET" in problem(response, 405, "method_not_allowed")["detail"]
        assert "GET" in response["Allow"]


@pytest.mark.django_db
class TestPublicMetadata:
    @pytest.fixture(autouse=True)
    def _public(self, settings: Settings) -> None:
        settings.EVENTHUB_PUBLIC_METADATA = True

    def test_everybody_sees_the_types_that_no_group_restricts(self) -> None:
        types = types_in(Client().get(METADATA).json())
        assert "user_login" in types
        assert not types & AUDIT_TYPES

    def test_nobody_unknown_learns_the_names_of_groups(self) -> None:
        Group.objects.create(name="secret project")
        described = Client().get(METADATA).content.decode()
        assert "secret project" not in described
        assert "auditors" not in described
        assert "secret project" in person("ada").get(METADATA).content.decode()

    def test_emitting_still_needs_credentials(self) -> None:
        problem(emit(Client(), LOGIN), 401, "unauthorized")

    def test_a_wrong_token_is_not_taken_for_none(self) -> None:
        problem(Client().get(METADATA, headers={"Authorization": "Bearer ehub_wrong"}), 401, "unauthorized")


# --- emitting --------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
class TestEmitting:
    @pytest.fixture
    def emitter(self) -> Client:
        return person("ada", may_emit=True)

    def test_an_event_is_logged_and_answered_with_its_id(self, emitter: Client) -> None:
        answer = emit(emitter, LOGIN)
        assert answer.status_code == 201
        event = Event.objects.get()
        assert answer.json() == {
            "id": f"{reading.head().epoch}-{event.position}",
            "type": "user_login",
            "timestamp": f"{event.timestamp:%Y-%m-%dT%H:%M:%S}.{event.timestamp.microsecond // 1000:03}Z",
        }
        assert event.payload == {"username": "ada", "user_roles": ["staff"], "severity": "info"}

    def test_the_log_is_asked_for_its_epoch_once_beside_the_revision(self, emitter: Client) -> None:
        emit(emitter, LOGIN)
        with CaptureQueriesContext(connection) as asked:
            emit(emitter, LOGIN)
        statements = [each["sql"] for each in asked if "events_revision" not in each["sql"]]
        assert len([each for each in statements if "epoch" in each]) == 1

    def test_the_server_says_who_emitted_it(self, emitter: Client) -> None:
        emit(emitter, LOGIN)
        assert Event.objects.get().source == "api:ada"

    def test_the_path_works_without_the_slash_too(self, emitter: Client) -> None:
        assert emit(emitter, LOGIN, EMIT.rstrip("/")).status_code == 201

    def test_a_list_is_answered_in_its_order(self, emitter: Client) -> None:
        sent = [{"type": kind, "data": {"n": n}} for n, kind in enumerate(["user_login", "user_logout"] * 3)]
        answer = emit(emitter, sent)
        assert answer.status_code == 201
        assert [each["type"] for each in answer.json()] == [each["type"] for each in sent]
        logged = Event.objects.order_by("position")
        assert [event.payload["n"] for event in logged] == list(range(6))
        assert [each["id"].rpartition("-")[2] for each in answer.json()] == [str(event.position) for event in logged]

    def test_a_list_of_one_is_answered_with_a_list(self, emitter: Client) -> None:
        assert len(emit(emitter, [LOGIN]).json()) == 1

    def test_an_empty_list_is_answered_with_an_empty_list(self, emitter: Client) -> None:
        assert emit(emitter, []).json() == []

    def test_a_list_is_logged_as_a_whole_or_not_at_all(self, emitter: Client) -> None:
        wrong = {"type": "mcp_status_change", "data": {"severity": "fatal"}}
        document = problem(emit(emitter, [LOGIN, LOGIN, LOGIN, wrong]), 422, "invalid_data")
        assert document["details"] == [
            {
                "field": "[3].data.severity",
                "problem": '"fatal" is not a severity of mcp_status_change; allowed: info, warning, error, critical',
            }
        ]
        assert not Event.objects.exists()

    def test_a_thousand_events_are_a_list_and_one_more_is_not(self, emitter: Client) -> None:
        assert len(emit(emitter, [LOGIN] * 1000).json()) == 1000
        assert "1,000" in problem(emit(emitter, [LOGIN] * 1001), 413, "limit_exceeded")["detail"]
        assert Event.objects.count() == 1000

    def test_an_event_that_has_no_place_yet_is_not_taken_for_an_ephemeral_one(
        self, emitter: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(append, "insert_placed", unplaced)  # SQLite
            patch.setattr(placing, "place_these", lambda pks: {})  # any other
            answer = emit(emitter, {**LOGIN, "idempotency_key": "k"})
        assert answer.status_code == 201
        assert answer.json().items() >= {"id": None, "pending": True}.items()
        again = emit(emitter, {**LOGIN, "idempotency_key": "k"}).json()
        assert again["id"].endswith("-1")
        assert "pending" not in again
        EventType.objects.filter(pk="user_login").update(retention_days=0)
        ephemeral = emit(emitter, LOGIN).json()
        assert ephemeral["id"] is None
        assert "pending" not in ephemeral

    def test_a_session_needs_the_csrf_token(self) -> None:
        client = Client(enforce_csrf_checks=True)
        user = User.objects.create_superuser("root")
        client.force_login(user)
        Event.objects.all().delete()  # its login
        problem(emit(client, LOGIN), 403, "forbidden")
        token = client.cookies["csrftoken"] = get_random_string(32)
        answer = client.post(EMIT, json.dumps(LOGIN), content_type="application/json", headers={"X-CSRFToken": token})
        assert answer.status_code == 201

    def test_a_database_that_is_away_is_told_as_such(self, emitter: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*args: object) -> None:
            raise OperationalError("database is locked")

        monkeypatch.setattr(append, "insert_placed", fail)
        response = emit(emitter, LOGIN)
        assert "locked" not in problem(response, 503, "unavailable")["detail"]
        assert int(response["Retry-After"]) >= 1


@pytest.mark.django_db
class TestWhatMayNotBeEmitted:
    @pytest.fixture
    def emitter(self) -> Client:
        return person("ada", may_emit=True)

    def test_emitting_needs_the_permission(self) -> None:
        assert "events.add_event" in problem(emit(person("bob"), LOGIN), 403, "forbidden")["detail"]

    def test_emitting_needs_credentials(self) -> None:
        problem(emit(Client(), LOGIN), 401, "unauthorized")

    def test_a_type_that_one_may_not_see_is_answered_like_one_that_does_not_exist(self, emitter: Client) -> None:
        hidden = emit(emitter, {"type": "login_failed", "data": {}})
        missing = emit(emitter, {"type": "nowhere_at_all", "data": {}})
        problem(hidden, 422, "unknown_event_type")
        assert hidden.content.replace(b"login_failed", b"nowhere_at_all") == missing.content
        assert not [word for word in AUDIT_TYPES - {"login_failed"} if word in hidden.content.decode()]

    def test_an_inactive_type_is_answered_like_one_that_does_not_exist(self, emitter: Client) -> None:
        EventType.objects.filter(pk="user_login").update(is_active=False)
        problem(emit(emitter, LOGIN), 422, "unknown_event_type")

    def test_an_audit_type_may_not_be_emitted_even_by_those_who_see_it(self) -> None:
        auditor = person("ada", may_emit=True, groups=("auditors",))
        for client in (auditor, person("root", superuser=True)):
            document = problem(emit(client, {"type": "login_failed", "data": {}}), 403, "forbidden")
            assert "only eventhub's own sources" in document["detail"]

    def test_a_slip_in_a_types_name_is_told(self, emitter: Client) -> None:
        document = problem(emit(emitter, {"type": "user_logn", "data": {}}), 422, "unknown_event_type")
        assert "did you mean “user_login”?" in document["detail"]
        assert document["details"][0]["field"] == "type"

    @each_case(
        ("body", "field"),
        [
            (5, ""),
            ({"data": {}}, "type"),
            ({"type": "user_login"}, "data"),
            ({"type": 5, "data": {}}, "type"),
            ({**LOGIN, "source": "somebody else"}, "source"),
            ({**LOGIN, "timestamp": "2020-01-01T00:00:00Z"}, "timestamp"),
            ([LOGIN, None], "[1]"),
            ([LOGIN, {"type": "user_login", "data": {}, "id": 1}], "[1].id"),
            ([[LOGIN]], "[0]"),
        ],
    )
    def test_what_is_no_event_is_refused_with_its_place(self, emitter: Client, body: object, field: str) -> None:
        document = problem(emit(emitter, body), 400, "invalid_message")
        assert [each["field"] for each in document["details"]] == [field]

    @each_case(
        ("event_type", "data", "field"),
        [
            ("user_login", [], "data"),
            ("user_login", "text", "data"),
            ("user_login", {"severity": "critical"}, "data.severity"),
            ("user_login", {"severity": ["info"]}, "data.severity"),
            ("mcp_status_change", {"new_status": "gone"}, "data.new_status"),
            ("mcp_auto_disabled", {"failure_cycles": "three"}, "data.failure_cycles"),
            ("user_login", {"text": "x" * 70_000}, "data"),
        ],
    )
    def test_data_that_is_not_of_the_type_is_refused_with_its_place(
        self, emitter: Client, event_type: str, data: object, field: str
    ) -> None:
        document = problem(emit(emitter, {"type": event_type, "data": data}), 422, "invalid_data")
        assert [each["field"] for each in document["details"]] == [field]

    @each_case(
        "body",
        [
            "{",
            '{"type": "user_login", "data": {"n": NaN}}',
            '{"type": "user_login", "data": {"n": Infinity}}',
            '{"type": "user_login", "data": {"n": 1e999}}',
            "[" * 100_000,
            b'"\xff"',
            b'{"type": "user_login", "data": {"n": "\xff"}}',
            '"\\ud800"',
        ],
    )
    def test_what_is_no_json_is_refused(self, emitter: Client, body: str | bytes) -> None:
        problem(emit(emitter, body), 400, "invalid_json")

    @each_case(
        ("body", "told"),
        [
            (json.dumps(LOGIN).encode("utf-16"), "it is UTF-16; JSON is sent as UTF-8"),
            (json.dumps(LOGIN).encode("utf-16-be"), "it has null bytes, as UTF-16 and UTF-32 have"),
            (json.dumps(LOGIN).encode("utf-32"), "it is UTF-32; JSON is sent as UTF-8"),
            (gzip.compress(b"{}", mtime=0), "it is compressed; send it as it is"),
            (b'{"type": "user_login", "data": {"username": "caf\xe9"}}', "(0xe9) is not UTF-8"),
            (r'{"type": "user_login", "data": {"a": "\ud800"}}', r"\ud800 is half of a character (a lone surrogate)"),
            (r'{"type": "user_login", "data": {"a": "\ud83d\ud83d\ude00"}}', r"\ud83d is half of a character"),
            (r'{"type": "user_login", "data": {"a": "\\\ude00"}}', r"\ude00 is half of a character"),
            (" ", "it is empty"),
        ],
    )
    def test_what_is_wrong_with_a_body_is_told_in_words(self, emitter: Client, body: str | bytes, told: str) -> None:
        assert told in problem(emit(emitter, body), 400, "invalid_json")["detail"]

    def test_a_byte_order_mark_does_no_harm(self, emitter: Client) -> None:
        assert emit(emitter, codecs.BOM_UTF8 + json.dumps(LOGIN).encode()).status_code == 201

    @each_case("body", [r'"\ud83d\ude00"', r'"\\ud800"'])
    def test_a_whole_pair_of_surrogates_and_what_only_looks_like_one_are_taken(
        self, emitter: Client, body: str
    ) -> None:
        answer = emit(emitter, f'{{"type": "user_login", "data": {{"username": {body}}}}}')
        assert answer.status_code == 201, answer.content

    @each_case("encoding", ["gzip", "br", "deflate", "zstd", "gzip, identity"])
    def test_a_compressed_body_is_refused_as_such(self, emitter: Client, encoding: str) -> None:
        body, headers = gzip.compress(json.dumps(LOGIN).encode()), {"Content-Encoding": encoding}
        answer = emitter.post(EMIT, body, content_type="application/json", headers=headers)
        document = problem(answer, 415, "unsupported_media_type")
        assert f'Content-Encoding "{encoding}"' in document["detail"]
        assert "not compressed" in document["detail"]

    def test_a_payload_nested_too_deep_is_refused(self, emitter: Client) -> None:
        data: dict[str, Any] = {}
        for _ in range(40):
            data = {"in": data}
        assert "32" in problem(emit(emitter, {"type": "user_login", "data": data}), 422, "invalid_data")["detail"]

    def test_a_body_that_is_too_large_is_refused(self, emitter: Client) -> None:
        document = problem(emit(emitter, " " * (MAX_BODY + 1)), 413, "limit_exceeded")
        assert f"{MAX_BODY:,}" in document["detail"]

    def test_only_json_is_accepted(self, emitter: Client) -> None:
        response = emitter.post(EMIT, "type=user_login", content_type="application/x-www-form-urlencoded")
        assert "application/json" in problem(response, 415, "unsupported_media_type")["detail"]

    def test_events_cannot_be_deleted(self, emitter: Client) -> None:
        assert "POST" in problem(emitter.delete(EMIT), 405, "method_not_allowed")["detail"]

    def test_any_other_call_is_not_found(self) -> None:
        for path in ("/api/", "/api/v1/", "/api/v1/events/nothing", "/api/v2/events/"):
            problem(Client().get(path), 404, "not_found")

    def test_an_error_of_ours_shows_nothing_of_it_but_is_logged(
        self, emitter: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(*args: object) -> None:
            raise RuntimeError("a secret of the code")

        monkeypatch.setattr(registry_cache, "refresh", fail)
        with caplog.at_level(logging.ERROR):
            response = emit(emitter, LOGIN)
        assert "secret" not in str(problem(response, 500, "internal_error"))
        assert "a secret of the code" in caplog.text
