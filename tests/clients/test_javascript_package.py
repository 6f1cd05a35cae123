"""The JavaScript client as a package: it fits strict TypeScript and React, and is small."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from events.contract.schemas import document_of
from events.contract.typescript import typescript
from events.core.event_types import EventType, Field, Registry
from tests.clients import packages
from tests.docs.documents import blocks, document
from tests.servers import ROOT

pytestmark = pytest.mark.skipif(not packages.HAS_PACKAGES, reason="needs node and npm (make test installs the rest)")
MOST_BYTES, MOST_FOR_STREAMS = 6_000, 1_500  # compressed
STRICTLY = {"strict": True, "noEmit": True, "module": "nodenext", "target": "es2023", "jsx": "react-jsx"}
SERVER = Field(name="mcp_names", label="Server", type="text", data_key="mcp_name", operator="in")
TYPES = {"mcp_status_change": EventType(id="mcp_status_change", category="mcp", label="MCP", fields=(SERVER,))}
WRONG = """
import { EventClient } from "eventhub-client";
import type { HubEvent } from "./events.js";

const client = new EventClient<HubEvent>("wss://host/ws/events");
// @ts-expect-error there is no such event type
client.subscribe(["mcp_status_chance"]);
// @ts-expect-error a severity is no number
client.on("event", (event) => event.data.severity satisfies number);
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packages.new_javascript_project(tmp_path_factory.mktemp("javascript"))


def test_what_the_readme_shows_compiles_strictly_with_the_generated_types(project: Path) -> None:
    readme = document("clients/js/README.md")
    (project / "app.ts").write_text(blocks(readme, "ts")[0])
    (project / "troubles.tsx").write_text(blocks(readme, "tsx")[0])
    (project / "wrong.ts").write_text(WRONG)
    (project / "events.ts").write_text(typescript(document_of(Registry(version=1, types=TYPES), TYPES, private=True)))
    (project / "tsconfig.json").write_text(json.dumps({"compilerOptions": {**STRICTLY, "types": ["node"]}}))
    done = subprocess.run(
        [str(ROOT / "node_modules" / ".bin" / "tsc"), "--project", "."],
        cwd=project, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_the_hook_lives_in_strict_mode(project: Path) -> None:
    node = shutil.which("node")
    assert node is not None
    script = shutil.copy(ROOT / "tests" / "clients" / "react.mjs", project)
    done = subprocess.run(
        [node, "--test", script], cwd=project, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout


def test_what_a_browser_loads_of_it_is_small(project: Path) -> None:
    client = project / "node_modules" / "eventhub-client" / "client"
    scripts = {each.name: without_comments(each) for each in client.glob("*.js")}
    assert compressed(scripts.values()) <= MOST_BYTES + MOST_FOR_STREAMS
    del scripts["stream_socket.js"]  # an app that does not fall back has no need of it
    assert compressed(scripts.values()) <= MOST_BYTES


def without_comments(script: Path) -> str:
    return re.sub(r"/\*.*?\*/", "", script.read_text(), flags=re.DOTALL)


def compressed(scripts: Iterable[str]) -> int:
    return len(gzip.compress("".join(scripts).encode()))
