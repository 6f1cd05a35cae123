"""What the documents say of the code is so, and what clients and operators must know of it is said."""

from __future__ import annotations

import ast
import json
import re
import shlex
import textwrap
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from pydoc import locate

from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand

from events import ingest
from events.broadcast import BroadcastError
from events.cli.command import EXIT_CODES
from events.core.limits import LIMITS
from events.http import problem_details
from subscriptions.protocol import commands, messages
from subscriptions.transports.websocket.close_codes import CLOSE_CODES
from tests.docs import documents
from tests.docs.documents import document, each_document, rows, section, spans
from tests.servers import ROOT

LINK = re.compile(r"""\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)\"""")
OUTSIDE = ("http://", "https://")
A_PATH = re.compile(r"[\w.-]*[\w-]/[\w./-]*(\.(py|js|json|md|sh)|/)")
MADE_LATER = ("var", ".venv", ".git")
A_NAME = re.compile(r"(events|subscriptions|eventhub)(\.\w+)+")
A_COMMAND = re.compile(r"manage\.py ([a-z_]+)((?: [^\n`|<>]*)?)")
FROM_THE_SERVER = {1007, 1009}  # sent by uvicorn, not by us


@each_document
def test_every_link_and_image_leads_somewhere(path: Path) -> None:
    for link in map("".join, LINK.findall(documents.prose(path.read_text()))):
        if link.startswith(OUTSIDE):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.is_file(), link
        assert not anchor or anchor in documents.anchors(target), link


@each_document
def test_every_file_and_name_that_is_mentioned_exists(path: Path) -> None:
    for span in spans(path.read_text()):
        if A_PATH.fullmatch(span) and span.partition("/")[0] not in MADE_LATER:
            assert (ROOT / span).exists(), span
        elif A_NAME.fullmatch(span):
            assert locate(span) is not None, span


def test_every_file_of_the_layout_is_where_the_layout_has_it() -> None:
    layout = documents.blocks(section(document("CONTRIBUTING.md"), "Layout"), "")[0]
    missing = [path for path in documents.laid_out(layout) if not (ROOT / path).exists()]
    assert missing == []


def test_a_layout_says_in_which_folder_each_file_is() -> None:
    layout = "events/   an event\n  log/   kept: append.py\n  broadcast.py  http/   the way in\ndocs/   the texts"
    told = ["events/", "events/log/", "events/log/append.py", "events/broadcast.py", "events/http/", "docs/"]
    assert documents.laid_out(layout) == told


@each_document
def test_every_management_command_that_is_shown_can_be_parsed(path: Path) -> None:
    for name, arguments in A_COMMAND.findall(path.read_text()):
        assert name in get_commands(), name
        command = get_commands()[name]
        loaded = command if isinstance(command, BaseCommand) else load_command_class(command, name)
        loaded.create_parser("manage.py", name).parse_args(shlex.split(arguments))


@each_document
def test_every_make_target_that_is_shown_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", document("Makefile"), re.MULTILINE))
    assert set(re.findall(r"(?:^|`| {3})make ([a-z][a-z-]*)", path.read_text(), re.MULTILINE)) <= targets


def test_every_setting_is_explained_with_its_default() -> None:
    examples = dict(re.findall(r"^# ([A-Z_]+)=(.*)$", document(".env.example"), re.MULTILINE))
    told = {name.strip("`"): default for name, default, _ in rows(section(document("docs/operations.md"), "Settings"))}
    assert told.keys() == examples.keys()
    for name, default in told.items():
        if re.fullmatch(r"`[^`]+`", default):
            assert default.strip("`") == examples[name], name


def test_the_limits_are_those_of_the_code() -> None:
    told = {name.strip("`"): int(value) for name, value, _ in rows(section(document("docs/protocol.md"), "Limits"))}
    assert told == dict(LIMITS)


def test_the_error_codes_over_the_websocket_are_those_of_the_code() -> None:
    modules = [path for path in (ROOT / "subscriptions").rglob("*.py") if "http" not in path.relative_to(ROOT).parts]
    delivery = codes_raised_in(*modules, ROOT / "events/core/filters.py")
    assert documents.codes(section(document("docs/protocol.md"), "Errors")) == delivery


def test_the_error_codes_over_http_are_those_of_the_code() -> None:
    modules = [*(ROOT / "events/http").glob("*.py"), *(ROOT / "subscriptions/http").glob("*.py")]
    raised = codes_raised_in(*modules, ROOT / "events/core/filters.py")
    assert ingest.MalformedEvent in BroadcastError.__subclasses__()
    broadcast = {error.code for error in BroadcastError.__subclasses__()}
    told = documents.codes(section(document("docs/protocol.md"), "Problems"), column=1)
    assert told == raised | broadcast | set(problem_details.CODES.values())


# What takes an error code as its first argument.
CODE_FIRST = ("Refusal", "HttpProblem", "FilterError", "problem_with", "problem_of")


def codes_raised_in(*paths: Path) -> set[str]:
    found = set()
    for call in (node for path in paths for node in ast.walk(ast.parse(path.read_text()))):
        if isinstance(call, ast.Call) and name_of(call.func) in CODE_FIRST:
            words = [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            found |= {word for word in words[:1] if re.fullmatch("[a-z_]+", word)}
    return found


def name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def test_the_close_codes_are_those_of_the_code() -> None:
    told = {int(code) for code, _ in rows(section(document("docs/protocol.md"), "Close codes"))}
    assert told == {*CLOSE_CODES.values()} | FROM_THE_SERVER


def test_the_exit_codes_are_those_of_the_commands() -> None:
    told = {
        int(code): meaning for code, meaning in rows(section(document("docs/operations.md"), "Commands and exit codes"))
    }
    assert told == EXIT_CODES


def test_the_log_lines_to_watch_are_in_the_code() -> None:
    for line, _ in rows(section(document("docs/operations.md"), "Logs")):
        logger, _, text = line.strip("`").partition(": ")
        spec = find_spec(logger)
        assert spec is not None, logger
        assert spec.origin is not None, logger
        source = Path(spec.origin).read_text()
        assert all(part in source for part in words_of(text)), line


def words_of(text: str) -> Iterable[str]:
    return (part.strip() for part in text.split("…"))


DELIVERY = re.compile(r"a delivery, ([\d,]+) sockets, ([\d,]+) events?/s")
ASKED_BY = {"value": "value", "bound": "number bound", "mixed": "mixed"}


def test_the_figures_of_the_readme_are_those_of_the_measurement_at_the_same_load() -> None:
    measured = document("docs/performance.md")
    deliveries = {tuple(row[:3]): row[4] for row in rows(section(measured, "Delivery")) if len(row) == 7}
    matching = {tuple(row[:2]): (row[3], row[6]) for row in rows(section(measured, "Matching"))}
    sockets, rate, server = "", "", ""
    for what, ours, others, _ in rows(section(document("README.md"), "Figures")):
        theirs, _, named = others.partition(", ")
        if by := next((kind for word, kind in ASKED_BY.items() if re.search(rf"\b{word}\b", what)), None):
            assert (ours, theirs) == matching[by, "100,000"], what
            continue
        if found := DELIVERY.match(what):
            sockets, rate = found[1], found[2]
        server = named.partition(" (")[0].removeprefix("a ") or server
        load = rate if found else f"{rate} in bursts of 10"
        assert deliveries[sockets, "eventhub", load].startswith(f"{ours} /"), what
        assert deliveries[sockets, server, load].startswith(f"{theirs} /"), what


@each_document
def test_whatever_the_python_of_the_documents_imports_from_here_exists(path: Path) -> None:
    blocks = map(textwrap.dedent, documents.blocks(path.read_text(), "python"))
    imports = [node for block in blocks for node in ast.walk(ast.parse(block)) if isinstance(node, ast.ImportFrom)]
    names = [f"{node.module}.{alias.name}" for node in imports for alias in node.names]
    assert [name for name in names if A_NAME.fullmatch(name) and locate(name) is None] == []


@each_document
def test_the_json_of_the_documents_is_json(path: Path) -> None:
    for block in documents.blocks(path.read_text(), "json"):
        assert documents.json_values(block)


def test_every_command_of_the_protocol_is_shown_and_can_be_parsed() -> None:
    page = document("docs/protocol.md")
    shown = [
        value
        for block in documents.blocks(page, "json")
        for value in documents.json_values(block)
        if isinstance(value, dict) and "action" in value
    ]
    for command in shown:
        commands.command_of(commands.decode(json.dumps(command)))
    assert {command["action"] for command in shown} == commands.COMMANDS.keys()


def test_the_messages_that_nobody_asked_for_are_as_they_are_shown() -> None:
    told = section(document("docs/protocol.md"), "Messages that nobody asked for")
    shown = [json.loads(row[0].strip("`")) for row in rows(told)]
    built = [
        messages.metadata_changed(13),
        messages.unsubscribed("sub_abc123", "…", reason="event_type_changed"),
    ]
    assert shown == [json.loads(message) for message in built]
