"""An agent never sees an event type, an event or a filter's option that its user may not see, by any method."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.log import reading
from tests.scopes import Scopes
from tests.subscriptions.agents.calling import OTHER, STATUS, Agent, a_user, agent_of, restrict
from tests.subscriptions.standing.stepped import emit

pytestmark = pytest.mark.django_db

HIDDEN = "hidden-from-alice"


def everything(agent: Agent, event_type: list[str] | None, severity: list[str], mcp_names: list[str]) -> str:
    """All that an agent is answered that asks for this, by every method, whether it is refused or not."""
    start = f"{reading.epoch()}-0"
    filters = {"mcp_names": mcp_names} if mcp_names else {}
    asked = {"filter": filters, **({"event_type": event_type} if event_type else {})}
    said = [agent.ask("events/list"), agent.ask("tools/list")]
    for name, arguments in [
        ("list_event_types", {}),
        ("list_event_types", {"event_type": STATUS}),
        ("search_events", {**asked, "severity": severity}),
        ("preview_subscription", {**asked, "severity": severity}),
        *(("explain_event", {**asked, "id": f"{reading.epoch()}-{number}"}) for number in (1, 2)),
    ]:
        said.append(agent.ask("tools/call", name=name, arguments=arguments))
    types = event_type or [STATUS]
    said += [agent.ask("events/poll", name=each, arguments=filters, cursor=start) for each in types]
    return "".join(each.content.decode() for each in said)


asked = {
    "event_type": st.none() | st.lists(st.sampled_from([STATUS, OTHER, "user_login"]), min_size=1, max_size=3),
    "severity": st.lists(st.sampled_from(["info", "error"]), max_size=2),
    "mcp_names": st.lists(st.sampled_from(["x", HIDDEN]), max_size=2),
}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(**asked)
def test_events_of_a_type_that_the_user_may_not_see_are_nowhere(
    event_type: list[str] | None, severity: list[str], mcp_names: list[str]
) -> None:
    alice, root = agents()
    answered = everything(alice, event_type, severity, mcp_names)
    assert "new_status" not in answered  # a filter of that type, and a member of its events
    assert "new_status" in everything(root, [STATUS], [], [])


def agents() -> tuple[Agent, Agent]:
    if not User.objects.exists():
        a_user("alice")
        a_user("root", superuser=True)
        restrict(STATUS)
        emit(HIDDEN, "x")
    return tuple(agent_of(User.objects.get(username=name)) for name in ("alice", "root"))  # type: ignore[return-value]


def test_of_a_type_that_is_seen_in_part_the_rest_is_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    alice, root = agent_of(a_user("alice")), agent_of(a_user("root", superuser=True))
    emit(HIDDEN, severity="error")
    emit("x", severity="info")
    Scopes(monkeypatch, {"severity": ["info"]})
    for event_type in (None, [STATUS]):
        assert HIDDEN not in everything(alice, event_type, [], [])
        assert '"mcp_name":"x"' in everything(alice, event_type, [], [])
        assert HIDDEN in everything(root, event_type, [], [])
