"""Whatever the documents name is there: files, modules with their options, variables, names in files."""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from tests.docs import documents
from tests.docs.documents import document, each_document
from tests.servers import ROOT

PACKAGES = ("eventhub", "events", "subscriptions", "tests", "benchmarks")
FOLDERS = (*PACKAGES, "bin", "clients", "docs", "templates", "deploy")
A_FILE = re.compile(r"[\w.-]+(?:/[\w.-]+)*\.(?:py|js|ts|json|jsonc|md|sh|lock|toml|css|html|svg|png)\b")
A_MODULE = re.compile(r"python3? -m ([\w.]+)([^`\n]*)")
A_VARIABLE = re.compile(r"\b(?:EVENTHUB_|MCP_)[A-Z][A-Z_]*\b|\b(?:DATABASE|REDIS)_URL\b")
OF_OTHERS = {"mcp.json", "server.json"}  # what MCP clients and registries call their files
MOVED = {"static/events/client.js"}  # the changelog says where it is now
MADE_BY_EXAMPLES = {"answer.json", "contract.json", "kept.json", "events.ts", "./events.js", "hub_events.py"}
SERVED = {"openapi.json", "asyncapi.json", "api/v1/openapi.json", "api/v1/asyncapi.json"}
OF_AN_EXAMPLE = ("MCP_SECRET_", "EVENTHUB_DESTINATION_")  # what an operator's own secrets are called
# `SOURCES` (`events/sources/__init__.py`), `check` in `tests/page/looks.py`, `events/access/policy.py`, `scope_of`
IN_A_FILE = re.compile(r"`(\w+)`(?: in| of|,| \(|\s)+`([\w/]+\.(?:py|js))`|`([\w/]+\.py)`, `(\w+)`")
A_CONSTANT = re.compile(r"[A-Z][A-Z_]{3,}")


@cache
def tree() -> list[str]:
    """Return the paths of all files, with a slash before each."""
    below = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    return [f"/{path.relative_to(ROOT)}" for path in (*ROOT.iterdir(), *below) if path.is_file()]


@cache
def source() -> str:
    """Return all of the Python and JavaScript."""
    return "\n".join((ROOT / path[1:]).read_text() for path in tree() if path.endswith((".py", ".js")))


@each_document
def test_every_file_that_is_named_is_in_the_tree(path: Path) -> None:
    missing = {
        name
        for name in A_FILE.findall(path.read_text())
        if not any(each.endswith(f"/{re.sub('^[0-9]+/static/|^[./]+', '', name)}") for each in tree())
        and name.rpartition("/")[2] not in OF_OTHERS
    }
    assert missing <= MOVED | MADE_BY_EXAMPLES | SERVED


@each_document
def test_every_module_that_is_run_exists_and_knows_the_options_that_it_is_given(path: Path) -> None:
    for module, arguments in A_MODULE.findall(path.read_text()):
        spec = find_spec(module)
        assert spec is not None, module
        assert spec.origin is not None, module
        if module.partition(".")[0] in PACKAGES:
            text = Path(spec.origin).read_text()
            assert [option for option in re.findall(r"--[\w-]+", arguments) if option not in text] == [], module


@each_document
def test_every_variable_that_is_named_is_a_setting_or_read_by_a_command_or_by_the_tests(path: Path) -> None:
    settings = set(re.findall(r"^# ([A-Z_]+)=", document(".env.example"), re.MULTILINE))
    named = {name for name in A_VARIABLE.findall(path.read_text()) if not name.startswith(OF_AN_EXAMPLE)}
    assert {name for name in named - settings if f'"{name}"' not in source()} == set()


@each_document
def test_every_name_that_is_said_to_be_in_a_file_is_in_it(path: Path) -> None:
    for name, file, file_before, name_after in IN_A_FILE.findall(path.read_text()):
        text = (ROOT / (file or file_before)).read_text()
        assert re.search(rf"\b{name or name_after}\b", text), (name or name_after, file or file_before)


def test_every_constant_that_contributors_are_sent_to_is_somewhere_in_the_code() -> None:
    named = {span for span in documents.spans(document("CONTRIBUTING.md")) if A_CONSTANT.fullmatch(span)}
    assert {name for name in named if not re.search(rf"^(const )?{name}\b.* = ", source(), re.MULTILINE)} == set()
