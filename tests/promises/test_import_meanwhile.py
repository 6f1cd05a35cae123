"""The largest import there may be does not keep anybody from broadcasting."""

from __future__ import annotations

import json
import threading
from typing import Any

import httpx
import pytest

from events.admin.document.effort import MAX_ROWS, OF_A_TYPE, OF_GROUPS
from tests.conftest import MakeServer

IMPORT = "/admin/events/eventtype/import/"


def types(count: int, **values: Any) -> list[dict[str, Any]]:
    given = {"category": "user", "label": "T", "severity_levels": ["info"], "allowed_groups": [], "fields": []}
    return [{"id": f"t{number}", **given, **values} for number in range(count)]


FIELD = {"name": "kind", "label": "Kind", "type": "select", "options": [{"value": f"v{n}"} for n in range(495)]}
LARGEST = {
    "types": types(MAX_ROWS // OF_A_TYPE),
    "restricted": types(MAX_ROWS // (OF_A_TYPE + OF_GROUPS), allowed_groups=["auditors"]),
    "options": types(MAX_ROWS // (OF_A_TYPE + 1 + 495), fields=[FIELD]),
}


@pytest.mark.parametrize("kind", LARGEST)
def test_events_are_broadcast_while_the_largest_import_is_written(make_server: MakeServer, kind: str) -> None:
    server = make_server(env={"EVENTHUB_SOURCES": "auth,admin_log,access_change,error_log"})
    text = json.dumps({"event_types": LARGEST[kind]})
    imported = threading.Event()
    answers: list[int] = []
    longest = 0.0

    def broadcast() -> None:
        nonlocal longest
        headers = {"Authorization": f"Bearer {server.tokens['emitter']}"}
        with httpx.Client(base_url=server.url, headers=headers) as client:
            while not imported.is_set():
                answer = client.post("/api/v1/events/", json={"type": "user_login", "data": {"username": "ada"}})
                answers.append(answer.status_code)
                longest = max(longest, answer.elapsed.total_seconds())

    cookies = {"sessionid": server.session("admin")}
    with httpx.Client(base_url=server.url, headers={"Origin": server.url}, cookies=cookies) as browser:
        browser.get(IMPORT)
        csrf = {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        proposal = browser.post(IMPORT, data=csrf, files={"file": ("registry.json", text)})
        assert 'value="Import"' in proposal.text
        registry = proposal.text.split('name="registry" value="')[1].split('"')[0]
        other = threading.Thread(target=broadcast)
        other.start()
        try:
            done = browser.post(IMPORT, data={**csrf, "document": text, "registry": registry})
        finally:
            imported.set()
            other.join()
    assert done.status_code == 302, done.text[-2000:]
    count = server.database.rows("SELECT count(*) FROM events_eventtype WHERE id LIKE 't%'")
    assert count[0][0] >= len(LARGEST[kind])
    assert set(answers) == {201}, f"the longest took {longest} s"
