"""The page's modules that need no browser, run by Node; and what they must have in common with the server."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from events.filters import matches, parse
from events.registry import EventType, Field, Option
from tests.servers import ROOT

NODE = shutil.which("node")
SHARED = json.loads((ROOT / "tests" / "js" / "matching.json").read_text())


def node_version() -> tuple[int, ...]:
    if NODE is None:
        return (0,)
    done = subprocess.run([NODE, "--version"], capture_output=True, text=True, check=True)
    return tuple(map(int, done.stdout.strip().lstrip("v").split(".")))


@pytest.mark.skipif(node_version() < (20, 19), reason="needs Node 20.19 or newer")
def test_the_modules_without_a_page_do_what_their_own_tests_say() -> None:
    assert NODE is not None
    files = sorted(map(str, (ROOT / "tests" / "js").glob("*.test.js")))
    done = subprocess.run([NODE, "--test", *files], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("case", SHARED["cases"], ids=str)
def test_the_server_filters_as_the_cases_say_that_the_page_is_tested_with(case: dict[str, Any]) -> None:
    fields = [
        Field(**{**field, "label": field["name"], "options": tuple(Option(each, each) for each in field["options"])})
        for field in SHARED["fields"]
    ]
    event_type = EventType(id="t", category="c", label="T", fields=tuple(fields))
    filters = parse(case["filters"], [event_type])
    assert matches(filters["t"], case["data"]) is case["matches"]
