"""What is asked of history in a wrong way is named, with what is allowed."""

from __future__ import annotations

import pytest

from tests.events.callers import person, problem

STATUS = "mcp_status_change"
WRONG = [
    ("event_typ=user_login", 400, "invalid_message", ["event_typ", "event_type", "filter.<name>", "cursor"]),
    ("mcp_names=a", 400, "invalid_message", ["mcp_names", "filter.<name>"]),
    ("event_type=nonsense", 422, "unknown_event_type", ["nonsense", STATUS]),
    ("event_type=", 422, "unknown_event_type", ['""', STATUS]),
    (f"event_type={STATUS}&filter.mcp_name=a", 422, "unknown_filter", ["filter.mcp_name", "mcp_names"]),
    ("filter.nonsense=a", 422, "unknown_filter", ["filter.nonsense", "mcp_names"]),
    ("filter.=a", 422, "unknown_filter", ["filter.", "mcp_names"]),
    ("filter.mcp_names=a&filter.user_roles=b", 422, "unknown_filter", ["filter.mcp_names", "no event type has all"]),
    (f"event_type={STATUS}&filter.severity=fatal", 422, "invalid_filter", ["filter.severity", "fatal", "critical"]),
    ("filter.min_failure_cycles=many", 422, "invalid_filter", ["filter.min_failure_cycles", "many", "number"]),
    ("filter.mcp_names=" + "x" * 201, 422, "invalid_filter", ["filter.mcp_names", "200"]),
    ("severity=fatal", 400, "invalid_message", ["severity", "fatal", "critical"]),
    ("severity=", 400, "invalid_message", ["severity", "critical"]),
    ("since=yesterday", 400, "invalid_message", ["since", "yesterday", "2026-01-31T23:59:00Z"]),
    ("until=2026-13-01", 400, "invalid_message", ["until", "2026-13-01"]),
    ("since=0001-01-01T00:00:00%2B23:59", 400, "invalid_message", ["since"]),
    ("since=2026-02-02&until=2026-02-01", 400, "invalid_message", ["since", "until", "2026-02-01"]),
    ("since=2026-02-02&since=2026-02-03", 400, "invalid_message", ["since", "once"]),
    ("limit=0", 400, "invalid_message", ["limit", "0", "1 to 1000"]),
    ("limit=1001", 400, "invalid_message", ["limit", "1001"]),
    ("limit=%D9%A3", 400, "invalid_message", ["limit"]),
    ("limit=ten", 400, "invalid_message", ["limit", "ten"]),
    ("cursor=1", 400, "invalid_position", ["cursor", "1"]),
    ("cursor=0123456789abcdef-1", 400, "invalid_position", ["cursor", "0123456789abcdef-1"]),
    ("&".join(f"event_type=t{n}" for n in range(101)), 400, "limit_exceeded", ["101", "100"]),
    ("&".join(f"a{n}=1" for n in range(1001)), 400, "invalid_message", ["limit"]),
]


@pytest.mark.django_db
def test_what_is_wrong_is_named_with_what_is_allowed() -> None:
    ada = person("ada")
    for query, status, code, words in WRONG:
        detail = problem(ada.get(f"/api/v1/events/?{query}"), status, code)["detail"]
        assert [word for word in words if word not in detail] == [], (query[:40], detail)
