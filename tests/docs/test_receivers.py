"""The code for receivers, in each language, takes what eventhub signs and nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from subscriptions.standing.secret import new_webhook_secret
from subscriptions.standing.webhook import signature
from tests.docs.documents import blocks, document
from tests.waiting import WITHIN_S

PAGE = document("docs/receivers.md")
SECRET, FORMER, OTHER = (new_webhook_secret() for _ in range(3))
BODY = '{"type": "user_login", "data": {"username": "Jörg"}}'.encode()
NODE, GO = shutil.which("node"), shutil.which("go")
NODE_MAIN = """
import { verify } from "./receiver.mjs";
import { readFileSync } from "node:fs";
for (const [headers, body] of JSON.parse(readFileSync(0, "utf8")).cases) {
  try { verify(%s, headers, Buffer.from(body, "base64")); console.log("ok"); } catch { console.log("no"); }
}
"""
GO_MAIN = """
package main

import ("encoding/base64"; "encoding/json"; "fmt"; "net/http"; "os"; "time")

func main() {
	var given struct{ Cases [][]json.RawMessage }
	json.NewDecoder(os.Stdin).Decode(&given)
	for _, each := range given.Cases {
		var headers map[string]string
		var text string
		json.Unmarshal(each[0], &headers)
		json.Unmarshal(each[1], &text)
		header := http.Header{}
		for name, value := range headers { header.Set(name, value) }
		body, _ := base64.StdEncoding.DecodeString(text)
		if Verify(%s, header, body, 5 * time.Minute) == nil { fmt.Println("ok") } else { fmt.Println("no") }
	}
}
"""

Case = tuple[dict[str, str], bytes]


def case(body: bytes = BODY, *secrets: str, age: int = 0, **other: str) -> Case:
    now = int(time.time()) - age
    signed = signature(list(secrets or [SECRET]), "e-1", now, BODY)
    headers = {"webhook-id": "e-1", "webhook-timestamp": str(now), "webhook-signature": signed}
    return headers | {name.replace("_", "-"): value for name, value in other.items()}, body


def without(name: str) -> Case:
    headers, body = case()
    del headers[name]
    return headers, body


def good() -> list[Case]:
    return [case(), case(BODY, SECRET, FORMER), case(BODY, FORMER, SECRET)]


def bad() -> list[Case]:
    return [
        *(case(BODY + b" "), case(BODY, OTHER), case(age=3_600), case(age=-3_600), case(webhook_id="e-2")),
        *(case(webhook_timestamp=str(int(time.time()) - 1)), case(webhook_signature="v1,"), case(webhook_signature="")),
        *(case(webhook_signature="v1,é"), case(webhook_timestamp="yesterday")),
        *(without("webhook-id"), without("webhook-timestamp"), without("webhook-signature")),
    ]


def given() -> str:
    cases = [*good(), *bad()]
    return json.dumps({"cases": [[headers, b64encode(body).decode()] for headers, body in cases]})


def by_python(folder: Path) -> list[str]:
    names: dict[str, Any] = {}
    exec(blocks(PAGE, "python")[0], names)  # noqa: S102  our own page
    verify: Callable[..., None] = names["verify"]
    said = []
    for headers, body in (*good(), *bad()):
        try:
            verify(SECRET, headers, body)
        except ValueError:
            said.append("no")
        else:
            said.append("ok")
    return said


def by_node(folder: Path) -> list[str]:
    (folder / "receiver.mjs").write_text(blocks(PAGE, "javascript")[0])
    (folder / "main.mjs").write_text(NODE_MAIN % json.dumps(SECRET))
    assert NODE is not None
    return lines([NODE, "main.mjs"], folder)


def by_go(folder: Path) -> list[str]:
    (folder / "receiver.go").write_text(blocks(PAGE, "go")[0])
    (folder / "main.go").write_text(GO_MAIN % json.dumps(SECRET))
    assert GO is not None
    build = [GO, "build", "-o", "receiver", "receiver.go", "main.go"]  # long, where nothing of Go was built before
    done = subprocess.run(build, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return lines([str(folder / "receiver")], folder)


def lines(command: list[str], folder: Path) -> list[str]:
    done = subprocess.run(
        command, cwd=folder, input=given(), capture_output=True, text=True, timeout=WITHIN_S, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize(
    "verdicts",
    [
        by_python,
        pytest.param(by_node, marks=pytest.mark.skipif(NODE is None, reason="needs Node")),
        pytest.param(by_go, marks=[pytest.mark.skipif(GO is None, reason="needs Go"), pytest.mark.slow]),
    ],
)
def test_the_code_of_the_page_takes_what_is_signed_and_nothing_else(
    verdicts: Callable[[Path], list[str]], tmp_path: Path
) -> None:
    assert verdicts(tmp_path) == ["ok"] * len(good()) + ["no"] * len(bad())
