"""Imports go one way: down the list of wings below, never up and never in a circle. Imports that only annotations
need count too. No folder and no module is larger than one can overlook."""

from __future__ import annotations

import ast
import functools
import re
import sys
from collections import Counter
from collections.abc import Container
from graphlib import TopologicalSorter

from tests.cases import each_case
from tests.servers import ROOT

# A wing may import the wings above it in this list, and itself.
WINGS = (
    "events.core",
    "events.process_lock",
    "events.measuring",
    "events.options",
    "events.database",
    "events.error_handler",
    "events.log_ids",
    "events.pacing",
    "events.outbound",
    "events.leadership",
    "events.notify",
    "events.models",
    "events.registry_cache",
    "events.log",
    "events.access",
    "events.upkeep",
    "events.ephemeral",
    "events.validation",
    "events.broadcast",
    "events.ingest",
    "events.sources",
    "events.cli",
    "events.http",
    "events.contract",
    "events.simulation",
    "events.page",
    "events.templatetags",
    "events.urls",
    "events.editing",
    "events.admin",
    "events.apps",
    "events.mcp",
    "events.management",
    "subscriptions.apps",
    "subscriptions.models",
    "subscriptions.migrations",
    "subscriptions.threads",
    "subscriptions.eager_start",
    "subscriptions.protocol",
    "subscriptions.matching",
    "subscriptions.outbox",
    "subscriptions.component_health",
    "subscriptions.recent",
    "subscriptions.channel_layer",
    "subscriptions.clients",
    "subscriptions.replay",
    "subscriptions.live",
    "subscriptions.handlers",
    "subscriptions.transports",
    "subscriptions.standing",
    "subscriptions.http",
    "subscriptions.page",
    "subscriptions.admin",
    "subscriptions.agents",
    "subscriptions.urls",
    "subscriptions.management",
    "eventhub",
)
# What these import besides each other; a module of theirs needs no Django to be set up.
PURE = {
    "events.core": {"msgspec"},
    "events.mcp.breaker": {"msgspec"},
    "events.mcp.reliability": {"msgspec"},
    "events.mcp.tools": {"msgspec"},
    "subscriptions.matching": {"msgspec", "pyroaring"},
    "subscriptions.protocol": {"msgspec"},
}
# Edges: whatever delivers events must not lean on them. `events` itself does not know its app `events.mcp`.
NOT_FOR_DELIVERY = ("events.admin", "events.http", "events.page", "events.cli", "events.simulation", "events.mcp")
EDGES_OF_DELIVERY = tuple(f"subscriptions.{edge}" for edge in ("http", "page", "admin", "agents", "urls", "management"))
FOLDERS = ("events", "subscriptions", "eventhub", "tests", "benchmarks")
MOST_MODULES = 13  # of one folder, before it should be two
MOST_LINES = 220  # of one module, before it should be two
LONG_BECAUSE = "Long because "  # how a docstring begins the sentence that says why its module should not


def within(module: str, wing: str) -> bool:
    return module == wing or module.startswith(f"{wing}.")


def wing_of(module: str) -> str:
    return next((wing for wing in WINGS if within(module, wing)), module)


def sources(*packages: str) -> dict[str, str]:
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path.read_text()
        for package in packages
        for path in (ROOT / package).rglob("*.py")
    }


def imports_of(tree: ast.Module, known: Container[str]) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module, "relative imports hide where they go"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in known else node.module for name in names}
    return found


# Read when a test asks for it, because each worker imports this file, and one of them runs it.
@functools.cache
def own_sources() -> dict[str, str]:
    return sources("events", "subscriptions", "eventhub")


@functools.cache
def own_modules() -> dict[str, ast.Module]:
    return {module: ast.parse(source) for module, source in own_sources().items()}


@functools.cache
def all_imports() -> dict[str, set[str]]:
    return {module: imports_of(tree, own_modules()) for module, tree in own_modules().items()}


@functools.cache
def own_imports() -> dict[str, set[str]]:
    return {module: imported & own_modules().keys() for module, imported in all_imports().items()}


def test_no_wing_imports_one_that_stands_below_it() -> None:
    place = {wing: index for index, wing in enumerate(WINGS)}
    wrong = {
        f"{module} imports {name}"
        for module, imported in own_imports().items()
        for name in imported
        if wing_of(module) in place and place.get(wing_of(name), -1) > place[wing_of(module)]
    }
    assert wrong == set()


def test_every_module_belongs_to_a_wing() -> None:
    packages = {"events", "subscriptions"}
    assert {module for module in own_modules() if wing_of(module) not in WINGS} - packages <= {
        module for module in own_modules() if within(module, "events.migrations")
    }


def test_no_modules_import_each_other_in_a_circle() -> None:
    TopologicalSorter(own_imports()).prepare()  # raises CycleError, which names them


@each_case("wing", sorted(PURE))
def test_a_pure_wing_imports_the_standard_library_and_what_is_pure_too(wing: str) -> None:
    others = {name for module in own_modules() if within(module, wing) for name in all_imports()[module]}
    others = {name for name in others if name.split(".")[0] not in sys.stdlib_module_names | PURE[wing]}
    assert {name for name in others if not any(within(name, pure) for pure in PURE)} == set()


def test_delivery_does_not_lean_on_the_edges() -> None:
    delivery = {module for module in own_modules() if within(module, "subscriptions")}
    delivery = {module for module in delivery if wing_of(module) not in EDGES_OF_DELIVERY}
    wrong = {
        f"{module} imports {name}"
        for module in delivery
        for name in own_imports()[module]
        if wing_of(name) in NOT_FOR_DELIVERY
    }
    assert wrong == set()


def test_no_module_has_a_lock_that_may_be_held_for_ever_in_a_forked_process() -> None:
    of_modules_and_classes = {
        f"{module}: {ast.unparse(node)}"
        for module, tree in own_modules().items()
        for node in (*tree.body, *(line for each in tree.body if isinstance(each, ast.ClassDef) for line in each.body))
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
        if re.fullmatch(r"(threading\.)?R?Lock\(\)", ast.unparse(node.value))
    }
    assert of_modules_and_classes == set()


def test_no_test_file_is_imported() -> None:
    modules = sources("tests")
    of_tests = {module for module in modules if module.rpartition(".")[2].startswith("test_")}
    names = re.compile(rf"\b({'|'.join(module.rpartition('.')[2] for module in of_tests)})\b")
    wrong = {
        f"{module} imports {name}"
        for module, source in modules.items()
        if names.search(source)  # to parse all takes a second and a half
        for name in imports_of(ast.parse(source), modules)
        if name in of_tests
    }
    assert wrong == set()


def test_no_folder_has_more_modules_than_one_can_overlook() -> None:
    modules = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.*") if path.suffix in {".py", ".js"}]
    counts = Counter(path.parent for path in modules if path.name != "__init__.py")
    full = {folder: count for folder, count in counts.items() if count > MOST_MODULES and folder.name != "migrations"}
    assert full == {}


def test_no_module_is_longer_than_one_can_overlook_unless_it_says_why() -> None:
    documented = {module: ast.get_docstring(tree) or "" for module, tree in own_modules().items()}
    scripts = {str(path): path.read_text() for path in (ROOT / "events" / "static").rglob("*.js")}
    long = {
        module
        for module, source in (own_sources() | scripts).items()
        if len(source.splitlines()) > MOST_LINES
        and ".migrations" not in module
        and not says_why_it_is_long(documented.get(module, ""))
    }
    assert not long


@each_case(
    ("docstring", "says"),
    [
        ("Many operators. Long because each of them has its own index.", True),
        ("Many operators.\n\nLong because\neach of them has its own index.", True),
        ("Many operators.", False),
        ("Many operators. Long because", False),  # and no reason
    ],
)
def test_a_module_says_why_it_is_long_with_a_reason(docstring: str, says: bool) -> None:
    assert says_why_it_is_long(docstring) is says


def says_why_it_is_long(docstring: str) -> bool:
    return LONG_BECAUSE in " ".join(docstring.split())
