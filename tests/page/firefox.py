"""Starts and drives the Firefox of this machine by WebDriver BiDi, which it speaks by itself: no driver is needed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from websockets.sync.client import ClientConnection, connect

from tests.page.session import session_of
from tests.servers import ServerProcess
from tests.waiting import WITHIN_S, eventually

NAMES = ("firefox-esr", "firefox")
FOCUS = """
((element) => {{ element?.focus(); return element && element === document.activeElement; }})(
  document.querySelector({selector}),
)
"""
LISTENS = re.compile(r"BiDi listening on (ws://\S+)")


def installed() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


class Firefox:
    """A Firefox with one page at a time. `complaints` has the errors of its scripts."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.numbers = count(1)
        self.complaints: list[str] = []
        self.people: str | None = None
        self.page = ""
        self.ask("session.new", capabilities={})
        self.ask("session.subscribe", events=["log.entryAdded"])

    def ask(self, method: str, **params: Any) -> Any:
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while (answer := json.loads(self.socket.recv(WITHIN_S))).get("id") != number:
            if answer.get("method") == "log.entryAdded" and answer["params"]["level"] == "error":
                self.complaints.append(answer["params"]["text"])
        assert answer["type"] == "success", f"{method}: {answer}"
        return answer["result"]

    def visit(self, person: str, server: ServerProcess, path: str) -> None:
        """Open a page as this person, with cookies and storage of its own; the page before is closed."""
        self.leave()
        self.people = self.ask("browser.createUserContext")["userContext"]
        self.page = self.ask("browsingContext.create", type="tab", userContext=self.people)["context"]
        value = {"type": "string", "value": session_of(server, person)}
        cookie = {"name": "sessionid", "value": value, "domain": urlsplit(server.url).hostname, "path": "/"}
        self.ask("storage.setCookie", cookie=cookie, partition={"type": "storageKey", "userContext": self.people})
        self.ask("browsingContext.navigate", context=self.page, url=server.url + path, wait="complete")

    def leave(self) -> None:
        if self.people:
            self.ask("browser.removeUserContext", userContext=self.people)
        self.people = None

    def evaluate(self, expression: str) -> Any:
        """Return the value of JavaScript, by way of JSON."""
        expression = f"(async () => JSON.stringify(await ({expression}) ?? null))()"
        told = self.ask("script.evaluate", expression=expression, target={"context": self.page}, awaitPromise=True)
        assert told["type"] == "success", f"{expression}: {told}"
        return json.loads(told["result"]["value"])

    def press(self, selector: str) -> None:
        """Press the element by the space bar, when it is there and can have the focus."""
        eventually(lambda: self.evaluate(FOCUS.format(selector=json.dumps(selector))))
        keys = {"type": "key", "id": "keys", "actions": [{"type": kind, "value": " "} for kind in ("keyDown", "keyUp")]}
        self.ask("input.performActions", context=self.page, actions=[keys])


@contextmanager
def started(path: str, profile: Path) -> Iterator[Firefox]:
    """Start it with a new profile in this folder."""
    command = [path, "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0"]
    log = profile / "log"
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            listens = eventually(lambda: LISTENS.search(log.read_text(errors="replace")))
            with connect(f"{listens[1]}/session", max_size=None, proxy=None, open_timeout=WITHIN_S) as socket:
                yield Firefox(socket)
        finally:
            process.terminate()
