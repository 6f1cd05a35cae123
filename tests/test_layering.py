"""Imports go one way: the pure modules below, then data, sources and delivery, then the edges, `eventhub` on top."""

from __future__ import annotations

import ast
import sys
from graphlib import TopologicalSorter

import pytest

from tests.servers import ROOT

PURE = {
    *("events.legible", "events.registry", "events.limits", "events.filters", "events.strict_json"),
    "events.mcp.monitor_schedule",
    *("events.mcp.breaker", "events.mcp.breaker.state", "events.mcp.breaker.pace", "events.mcp.breaker.machine"),
    "events.mcp.breaker.by_hand",
    *("subscriptions.bounds", "subscriptions.index", "subscriptions.subscribers", "subscriptions.matcher"),
    "subscriptions.protocol",
}
PURE_MAY_IMPORT = PURE | {"msgspec", "pyroaring"}
EDGES = ("admin", "editing", "api", "views", "urls", "apps", "management", "command", "tail", "simulation")
EVENTS_EDGES = {f"events.{edge}" for edge in EDGES}
# Who imports, and what it must not import; the longest prefix that fits a module is the one that counts.
FORBIDDEN = {
    "events": {"events.mcp", "subscriptions", "eventhub"},
    "events.mcp": {"subscriptions", "eventhub", "events.admin"},
    **dict.fromkeys(
        ("events.options", "events.models", "events.snapshot", "events.doorbell", "events.log", "events.broadcast"),
        {"events.mcp", "subscriptions", "eventhub", "events.sources"} | EVENTS_EDGES,
    ),
    "events.sources": {"events.mcp", "subscriptions", "eventhub"} | EVENTS_EDGES,
    "subscriptions": {"events.mcp", "eventhub"} | EVENTS_EDGES,
    "eventhub": set[str](),
}


def within(module: str, prefix: str) -> bool:
    return module == prefix or module.startswith(f"{prefix}.")


def imports() -> dict[str, set[str]]:
    """What each module of the product imports, wherever in it the statement stands; but a name that only annotations
    use, under `if TYPE_CHECKING`, may point back."""
    paths = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for package in ("events", "subscriptions", "eventhub")
        for path in (ROOT / package).rglob("*.py")
    }
    found: dict[str, set[str]] = {}
    for module, path in paths.items():
        found[module] = set()
        tree = ast.parse(path.read_text())
        tree.body = [node for node in tree.body if not is_for_annotations(node)]
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found[module] |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.module, f"{path}: relative imports hide where they go"
                names = {f"{node.module}.{alias.name}" for alias in node.names}
                found[module] |= {name if name in paths else node.module for name in names}
    return found


def is_for_annotations(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


IMPORTS = imports()


@pytest.mark.parametrize("module", sorted(PURE))
def test_a_pure_module_imports_only_the_standard_library_and_what_is_pure_too(module: str) -> None:
    others = {name for name in IMPORTS[module] if name.split(".")[0] not in sys.stdlib_module_names}
    assert {name for name in others if not any(within(name, allowed) for allowed in PURE_MAY_IMPORT)} == set()


def test_no_module_imports_from_above_its_level() -> None:
    wrong = set()
    for module, imported in IMPORTS.items():
        layer = max((prefix for prefix in FORBIDDEN if within(module, prefix)), key=len)
        wrong |= {f"{module} imports {name}" for name in imported for up in FORBIDDEN[layer] if within(name, up)}
    assert wrong == set()


def test_no_modules_import_each_other_in_a_circle() -> None:
    TopologicalSorter(IMPORTS).prepare()  # raises CycleError, which names them
