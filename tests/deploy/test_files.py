"""The files in deploy/ can be read by what they are for, and name commands, settings and addresses that there are."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

from tests.servers import ROOT
from tests.waiting import WITHIN_S

DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "container" / "compose.yaml"
KUBERNETES = DEPLOY / "kubernetes" / "eventhub.yaml"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
TEXTS = [path for path in DEPLOY.rglob("*") if path.is_file() and path.suffix not in (".json", ".md")]
PROBES = {"/healthz", "/readyz"}


def documents(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text()))


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_every_command_and_setting_that_is_named_is_there(path: Path) -> None:
    text = path.read_text()
    commands = re.findall(r"manage\.py(?:\"?, ?\"?| )([a-z_]+)", text)
    assert set(commands) <= set(get_commands()), commands
    known = set(re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)) | {"EVENTHUB_ENV_FILE"}
    assert set(re.findall(r"\bEVENTHUB_[A-Z_]+", text)) <= known


def test_compose_starts_each_process_after_what_it_needs() -> None:
    services = documents(COMPOSE)[0]["services"]
    assert {"bootstrap", "web", "monitor", "deliver", "postgres", "valkey"} == services.keys()
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= services.keys(), name
    assert services["web"]["read_only"]
    assert services["web"]["depends_on"]["bootstrap"] == {"condition": "service_completed_successfully"}


def test_kubernetes_runs_nothing_as_root_and_its_probes_ask_addresses_that_there_are() -> None:
    found = documents(KUBERNETES)
    assert [each["kind"] for each in found] == ["ConfigMap", "Job", "Deployment", "Deployment", "Deployment", "Service"]
    for each in found:
        assert each.keys() >= {"apiVersion", "kind", "metadata"}
        if each["kind"] not in ("Job", "Deployment"):
            continue
        pod = each["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"]
        (container,) = pod["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert {each["name"] for each in container["volumeMounts"]} == {each["name"] for each in pod["volumes"]}
        probed = {probe["httpGet"]["path"] for name, probe in container.items() if name.endswith("Probe")}
        assert probed <= PROBES
    selected = found[-1]["spec"]["selector"].items()
    assert any(selected <= each["spec"]["template"]["metadata"]["labels"].items() for each in found[2:4])


def test_the_image_has_all_that_the_processes_import() -> None:
    copied = re.findall(r"^COPY (\w+) \1$", (DEPLOY / "container" / "Containerfile").read_text(), re.MULTILINE)
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert set(copied) == packages | {"templates"}


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_finds_no_fault_in_the_units_and_little_exposure(tmp_path: Path) -> None:
    here = [tmp_path / unit.name for unit in UNITS]
    for unit, copy in zip(UNITS, here, strict=True):
        copy.write_text(unit.read_text().replace("/srv/eventhub/.venv/bin/python", shutil.which("env") or ""))
    verified = subprocess.run(["systemd-analyze", "verify", *here], capture_output=True, text=True, timeout=WITHIN_S)
    assert (verified.returncode, verified.stderr) == (0, "")
    for unit in here:
        command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(unit)]
        judged = subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_S)
        assert judged.returncode == 0, judged.stdout.splitlines()[-1]
