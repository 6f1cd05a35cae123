"""Whatever is asked of a call, the answer is one that the OpenAPI document has, and the server does not fail."""

from __future__ import annotations

import re
from typing import Any

import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from eventhub.contract.calls import STREAM
from eventhub.contract.fleet_calls import SERVERS
from tests.conftest import MakeServer
from tests.emitting import emit_many
from tests.servers import ServerProcess

EXAMPLES = 5  # of each call, right and wrong ones
TYPES = ["mcp_status_change"]
STANDING, VIEWS = "/api/v1/standing", "/api/v1/views"
TO_MAKE: dict[str, dict[str, Any]] = {
    STANDING: {"event_types": TYPES, "destination": {"url": "http://127.0.0.1:9/hook"}},
    VIEWS: {"event_types": TYPES},
    SERVERS: {"name": "checked_mcp", "url": "http://127.0.0.1:9/mcp"},
}
# Bodies that chance would not find.
RIGHT = {f"POST {path}": body for path, body in TO_MAKE.items()} | {
    f"POST {STANDING}/{{id}}/replay": {"after": "2025-01-29T12:00:00Z"},
    f"POST {SERVERS}": {"name": "registered_mcp", "url": "http://127.0.0.1:9/mcp"},
    f"POST {SERVERS}/{{name}}/maintenance": {"minutes": 5},
    f"POST {SERVERS}/{{name}}/approve-tools": {"fingerprints": []},
    f"PATCH {SERVERS}/{{name}}": {"title": "Checked"},
}


def test_every_answer_is_in_the_document_and_none_is_a_failure(make_server: MakeServer) -> None:
    # To import this takes half a second, which each worker would take that collects this test.
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.core import NOT_SET
    from schemathesis.core.result import Ok
    from schemathesis.generation import GenerationMode
    from schemathesis.specs.openapi import checks

    promised = [
        *(not_a_server_error, checks.status_code_conformance),
        *(checks.content_type_conformance, checks.response_schema_conformance),
    ]
    here = "127.0.0.0/8"
    server = make_server(env={"EVENTHUB_DELIVERY_ALLOWED_NETWORKS": here, "MCP_ALLOWED_NETWORKS": here})
    emit_many(server, ["oracle_mcp"] * 3)
    browser = signed_in(server)
    schema = schemathesis.openapi.from_url(f"{server.url}/api/v1/openapi.json")
    answered: dict[str, set[int]] = {}
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        if operation.path == STREAM:  # it goes on; tests of streams ask it
            continue
        named = re.search(r"{(\w+)}", operation.path)
        paths = {named[1]: made(server, browser, operation.path)[named[1]]} if named else None
        body = RIGHT.get(operation.label, NOT_SET)
        right = operation.as_strategy(GenerationMode.POSITIVE, path_parameters=paths, body=body)
        strange = operation.as_strategy(GenerationMode.NEGATIVE)

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=st.one_of(right, strange))
        def every_answer_is_as_promised(case: schemathesis.Case[Any]) -> None:
            for name in ("Authorization", "Host"):  # who asks is not the question here, nor which site is asked
                case.headers.pop(name, None)
            case.cookies.clear()
            answer = case.call_and_validate(session=browser, checks=promised)
            answered.setdefault(case.operation.label, set()).add(answer.status_code)

        every_answer_is_as_promised()
    unanswered = {call for call, statuses in answered.items() if not any(status < 300 for status in statuses)}
    assert unanswered == set()


def signed_in(server: ServerProcess) -> requests.Session:
    browser = requests.Session()
    secret = "c" * 32
    browser.cookies.update({"sessionid": server.session("admin"), "csrftoken": secret})
    browser.headers.update({"X-CSRFToken": secret, "Origin": server.url})
    return browser


def made(server: ServerProcess, browser: requests.Session, path: str) -> Any:
    """Return something that a path can be about."""
    for start, body in TO_MAKE.items():
        if path.startswith(start):
            answer = browser.post(f"{server.url}{start}", json=body)
            return answer.json() if answer.status_code == 201 else body  # of its name there is one already
    return browser.get(f"{server.url}/api/v1/events/").json()["events"][0]
