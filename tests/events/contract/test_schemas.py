"""The contract of the event types: what the schema says, what is made of it, and what would break."""

from __future__ import annotations

import json
import runpy
import shutil
import subprocess
from collections.abc import Callable
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from django.core.management import call_command
from django.test import Client
from jsonschema import Draft202012Validator

from events import registry_cache
from events.broadcast import InvalidData, broadcast_event
from events.cli.command import Error, ExitCode
from events.contract.python import python
from events.contract.schemas import Schema, document_of
from events.contract.typescript import typescript
from events.core.event_types import EventType, Field, Option, Registry
from events.core.values import timestamp_text
from events.models import EventField, FieldOption, Revision
from events.models import EventType as Row
from events.simulation.cast import cast_of
from events.simulation.mix import mixed_story
from tests.cases import each_case
from tests.events.callers import person, problem
from tests.servers import ROOT

SCHEMAS = "/api/v1/events/schemas"
STATUS = "mcp_status_change"
TSC = ROOT / "node_modules" / ".bin" / "tsc"
needs_tsc = pytest.mark.skipif(
    not (TSC.exists() and shutil.which("node")), reason="needs node and npm (make test installs the rest)"
)
HOSTILE = Registry(
    version=1,
    types={
        id: EventType(
            id=id,
            category="c",
            label='*/ process.exit() \u2028 """ \\',
            severities=("info", "error"),
            fields=(
                Field(
                    name="strange",
                    label="# */ \n",
                    type="select",
                    data_key='a "b" \\ class',
                    operator="eq",
                    options=(Option('"; \u202e', "x"), Option("5", "five"), Option("0.5", "half")),
                ),
                Field(name="low", label="Low", type="number", data_key="size", operator="gte"),
                Field(name="high", label="High", type="number", data_key="size", operator="lte"),
                Field(name="free", label="Free", type="text", data_key="class", operator="eq"),
            ),
        )
        for id in ("a_1", "a1", "hub_event")
    },
)


def contract(**options: object) -> Any:
    output = StringIO()
    call_command("export_contract", stdout=output, **options)
    return output.getvalue()


def valid(schema: Schema, event: object) -> bool:
    return bool(Draft202012Validator(schema).is_valid(event))


@pytest.mark.django_db
def test_every_kind_of_invented_event_fits_the_schema() -> None:
    registry = registry_cache.refresh()
    schema = person("root", superuser=True).get(SCHEMAS).json()
    Draft202012Validator.check_schema(schema)
    told = islice(mixed_story(registry, {}, cast_of(registry, 1)), 120)
    logged = [broadcast_event(event_type, data) for event_type, data in told]
    events = [
        {
            "type": each.type_id,
            "id": "e-1",
            "timestamp": timestamp_text(each.timestamp),
            "data": json.loads(each.data),
        }
        for each in logged
    ]
    assert len({event["type"] for event in events}) > 5
    wrong = [(event, error.message) for event in events for error in Draft202012Validator(schema).iter_errors(event)]
    assert wrong == []


@pytest.mark.django_db
@each_case(
    ("member", "value", "fits"),
    [
        ("new_status", "active", True),
        ("new_status", ["active", "inactive"], True),
        ("new_status", "bogus", False),
        ("new_status", {"is": "active"}, False),
        ("mcp_name", True, True),
        ("mcp_name", [{}], False),
        ("unheard_of", {"any": ["thing"]}, True),
        ("severity", "loud", False),
    ],
)
def test_a_payload_fits_the_schema_exactly_if_the_server_takes_it(member: str, value: object, fits: bool) -> None:
    registry = registry_cache.refresh()
    schema = document_of(registry, [STATUS], private=True)["$defs"][STATUS]["properties"]["data"]
    data = {"severity": "info", member: value}
    assert valid(schema, data) is fits
    if fits:
        broadcast_event(STATUS, data)
    else:
        with pytest.raises(InvalidData):
            broadcast_event(STATUS, data)


@pytest.mark.django_db
def test_only_types_that_somebody_may_see_are_told_and_an_unchanged_contract_is_not_sent_again() -> None:
    alice = person("alice")
    answer = alice.get(SCHEMAS)
    assert answer["Content-Type"] == "application/schema+json"
    told = answer.json()["$defs"]
    assert STATUS in told
    assert "audit_permission_change" not in told
    assert not any(id.startswith("audit") for id in told)
    assert alice.get(SCHEMAS, headers={"If-None-Match": answer["ETag"]}).status_code == 304
    Row.objects.filter(pk=STATUS).update(is_active=False)
    Revision.bump_registry()
    again = alice.get(SCHEMAS, headers={"If-None-Match": answer["ETag"]})
    assert STATUS not in again.json()["$defs"]
    problem(Client().get(SCHEMAS), 401, "unauthorized")


def test_who_sees_no_event_type_gets_a_schema_that_nothing_fits() -> None:
    assert not valid(document_of(HOSTILE, [], private=True), {"type": "a1"})


def test_payloads_that_the_server_does_not_check_may_have_anything_in_the_schema() -> None:
    unchecked = {
        "a": EventType(id="a", category="c", label="A", payload_check="warn", fields=HOSTILE.types["a1"].fields)
    }
    schema = document_of(Registry(version=1, types=unchecked), ["a"], private=True)
    event = {"type": "a", "id": "1", "timestamp": "2025-01-29T12:00:00.000Z", "data": {"severity": "info", "size": "?"}}
    assert valid(schema, event)


@needs_tsc
def test_typescript_tells_events_apart_by_their_type_whatever_an_admin_has_written(tmp_path: Path) -> None:
    use = """
import type { HubEvent, HubEventType } from "./events.js";
const id: HubEventType = "a_1";
export function size(event: HubEvent): number | null | undefined {
  if (event.type !== id) return null;
  const open: unknown = event.data.whatever;
  const level: "info" | "error" = event.data.severity;
  return event.data.size ?? Number(open ?? level);
}
// @ts-expect-error only payloads are open
export const misspelt = (event: HubEvent) => event.dta;
// @ts-expect-error no such type
export const wrong: HubEventType = "a_2";
"""
    (tmp_path / "events.ts").write_text(typescript(document_of(HOSTILE, HOSTILE.types, private=True)))
    (tmp_path / "use.ts").write_text(use)
    command = [
        str(TSC),
        "--noEmit",
        "--strict",
        "--ignoreConfig",
        "--module",
        "nodenext",
        "--target",
        "es2023",
        str(tmp_path / "use.ts"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout


def test_python_is_typed_dicts_whatever_an_admin_has_written(tmp_path: Path) -> None:
    (tmp_path / "made.py").write_text(python(document_of(HOSTILE, HOSTILE.types, private=True)))
    written = runpy.run_path(str(tmp_path / "made.py"))
    assert get_type_hints(written["A1"])["data"] is written["A1Data"]
    assert set(get_type_hints(written["A1Data"])) == {"severity", 'a "b" \\ class', "size", "class"}
    assert {"A1", "A1_", "HubEvent_"} <= written.keys()
    assert get_type_hints(written["A1Data"])["severity"].__args__ == ("info", "error")


def renamed_member() -> None:
    EventField.objects.filter(event_type=STATUS, data_key="mcp_name").update(data_key="server")


def option_gone() -> None:
    FieldOption.objects.filter(field__event_type=STATUS, value="active").delete()


def type_gone() -> None:
    Row.objects.filter(pk=STATUS).update(is_active=False)


def level_gone() -> None:
    Row.objects.filter(pk=STATUS).update(severity_levels=["info", "error"])


def not_logged() -> None:
    Row.objects.filter(pk=STATUS).update(retention_days=0)


def not_checked() -> None:
    Row.objects.filter(pk=STATUS).update(payload_check="warn")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (renamed_member, f"{STATUS}: the member “mcp_name” is no longer declared."),
        (renamed_member, f"{STATUS}: the filter “mcp_names” was in of mcp_name, and is in of server now."),
        (option_gone, 'can no longer be "active"; left are: '),
        (type_gone, f"{STATUS}: the event type is gone."),
        (level_gone, 'the member “severity” can no longer be "warning", "critical"; left are: "info", "error".'),
        (not_logged, f"{STATUS}: events are no longer logged, and have no id."),
        (not_checked, "was plain values, and is anything now."),
    ],
)
def test_a_check_says_what_an_admin_has_broken(change: Callable[[], None], sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "contract.json"
    file.write_text(contract())
    contract(check=file)  # nothing has changed yet
    change()
    Revision.bump_registry()
    output = StringIO()
    with pytest.raises(Error, match="break those who rely on") as refused:
        call_command("export_contract", check=file, stdout=output)
    assert refused.value.returncode == ExitCode.FAILURE
    assert sentence in output.getvalue()


@pytest.mark.django_db
def test_what_is_only_added_breaks_nobody(tmp_path: Path) -> None:
    file = tmp_path / "contract.json"
    file.write_text(contract())
    field = EventField.objects.create(
        event_type_id=STATUS, name="regions", label="Region", type="text", operator="eq", data_key="region"
    )
    Revision.bump_registry()
    assert contract(check=file) == (
        f"{STATUS}: the member “region” is new.\n{STATUS}: the filter “{field.name}” is new.\n"
    )


@pytest.mark.django_db
@each_case("text", ["", "[]", '{"$defs": {"a": {}}}', '{"$defs": 5}'])
def test_a_file_that_is_no_contract_is_refused_in_a_sentence(text: str, tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    file.write_text(text)
    with pytest.raises(Error, match="is not what export_contract --format jsonschema writes"):
        contract(check=file)
    with pytest.raises(Error, match="--check goes with --format jsonschema, not with python"):
        contract(check=file, format="python")


@pytest.mark.django_db
def test_every_form_is_written_and_a_user_gets_no_more_than_they_may_see() -> None:
    person("alice")
    assert "UserLogin" in contract(format="typescript")
    assert "class UserLoginData(TypedDict):" in contract(format="python")
    assert json.loads(contract(format="openapi"))["openapi"] == "3.1.0"
    assert json.loads(contract(format="asyncapi", host="events.example.org"))["servers"]["events"]["host"]
    everything, of_alice = (set(json.loads(contract(**options))["$defs"]) for options in ({}, {"user": "alice"}))
    assert of_alice < everything
