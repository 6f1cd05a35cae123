"""The page's modules that need no browser, run by Node; and what they must have in common with the server."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import unicodedata
from typing import Any

import msgspec
import pytest

from events.core.event_types import SEVERITIES, EventType, Field, Option
from events.core.filters import OPERATORS, matches, parse_filters
from events.core.legible import legible, legible_json, line
from tests import payloads
from tests.cases import each_case
from tests.js import foldings
from tests.servers import ROOT
from tests.waiting import WITHIN_S

NODE = shutil.which("node")
JS = ROOT / "tests" / "js"
SHARED = json.loads((JS / "matching.json").read_text())
LEGIBLE = json.loads((JS / "legible.json").read_text())


def node_version() -> tuple[int, ...]:
    if NODE is None:
        return (0,)
    done = subprocess.run([NODE, "--version"], capture_output=True, text=True, check=True)
    return tuple(map(int, done.stdout.strip().lstrip("v").split(".")))


needs_node = pytest.mark.skipif(node_version() < (20, 19), reason="needs Node 20.19 or newer")


def rendered(**given: Any) -> Any:
    """What the page's modules make of events and texts."""
    assert NODE is not None
    script = str(JS / "rendered.mjs")
    done = subprocess.run(
        [NODE, script], input=json.dumps(given), capture_output=True, text=True, timeout=WITHIN_S, check=True
    )
    return json.loads(done.stdout)


@needs_node
def test_the_modules_without_a_page_do_what_their_own_tests_say() -> None:
    assert NODE is not None
    files = sorted(map(str, JS.glob("*.test.js")))
    done = subprocess.run([NODE, "--test", *files], capture_output=True, text=True, timeout=WITHIN_S, check=False)
    assert done.returncode == 0, done.stdout


@each_case("case", SHARED["cases"])
def test_the_server_filters_as_the_cases_say_that_the_page_is_tested_with(case: dict[str, Any]) -> None:
    fields = [
        Field(**{**field, "label": field["name"], "options": tuple(Option(each, each) for each in field["options"])})
        for field in SHARED["fields"]
    ]
    event_type = EventType(id="t", category="c", label="T", fields=tuple(fields))
    filters = parse_filters(case["filters"], [event_type])
    assert matches(filters["t"], case["data"]) is case["matches"]


@needs_node
def test_the_page_knows_the_operators_and_severities_of_the_server() -> None:
    found = rendered()
    assert found["operators"] == [[name, operator.kind == "text"] for name, operator in OPERATORS.items()]
    assert found["severities"] == list(SEVERITIES)


@each_case("name", ["contains", "prefix", "gte", "lte", "warning"])
def test_no_other_script_lists_operators_or_severities(name: str) -> None:
    scripts = (ROOT / "events" / "static" / "events").rglob("*.js")
    naming = [path.name for path in scripts if f'"{name}"' in path.read_text()]
    assert naming in (["operators.js"], ["severities.js"])


@needs_node
def test_the_page_folds_and_shows_every_character_as_the_server_does() -> None:
    # What this Python does not know yet, a newer browser may fold or compose.
    known = [each for each in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(each) not in ("Cn", "Cs")]
    found = rendered(texts=known)["texts"]
    wrong = [
        (character, of_page)
        for character, of_page in zip(known, found, strict=True)
        if of_page
        != [legible(character), legible_json(character) if character >= " " else character, folded(character)]
    ]
    assert wrong == []


def folded(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def test_the_table_of_foldings_is_that_of_python() -> None:
    module = (ROOT / "events" / "static" / "events" / "values" / "foldings.js").read_text()
    if f"Unicode {unicodedata.unidata_version}" not in module:
        pytest.skip("the table was made by a Python of another Unicode; the characters that it has are compared anyway")
    assert module == foldings.module(), "python -m tests.js.foldings > events/static/events/values/foldings.js"


@each_case(("text", "shown", "in_json"), LEGIBLE["texts"])
def test_the_server_shows_text_from_outside_as_the_cases_say(text: str, shown: str, in_json: str) -> None:
    assert (legible(text), legible_json(json.dumps(text, ensure_ascii=False))) == (shown, in_json)


@each_case(("summary", "payload", "pieces"), LEGIBLE["lines"])
def test_the_server_writes_a_summary_line_as_the_cases_say(summary: str, payload: str, pieces: list[list[Any]]) -> None:
    assert [list(piece) for piece in line(summary, msgspec.json.decode(payload))] == pieces


@needs_node
def test_whatever_a_payload_has_the_page_shows_it_as_the_server_does() -> None:
    chance = random.Random(random.random())  # the seed that the order has repeats it
    events = [(payloads.summary(chance), payloads.payload(chance)) for _ in range(500)]
    for (summary, payload), found in zip(events, rendered(events=events)["events"], strict=True):
        pretty = legible_json(msgspec.json.format(payload.encode()).decode())
        pieces = [list(piece) for piece in line(summary, msgspec.json.decode(payload))]
        assert found == {"again": payload, "pretty": pretty, "pieces": pieces}, (summary, payload)
