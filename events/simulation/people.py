"""People: each signs in, does this and that, and signs out again."""

from __future__ import annotations

from collections.abc import Sequence

from events.simulation.cast import PEOPLE, Cast, Story, Told

TYPES = frozenset({"user_login", "user_action", "user_logout"})
ROW_ACTIONS = ("added", "changed", "changed", "deleted")
ROWS = ("event type", "group", "user")
SERVER_ACTIONS = ("check_mcp", "check_mcp", "disable_mcp", "enable_mcp", "reset_circuit")
GRAVE = frozenset({"deleted", "disable_mcp"})


def story(cast: Cast) -> Story:
    lives = [live(cast, number, name) for number, name in enumerate(PEOPLE, 1)]
    while True:
        yield next(cast.chance.choice(lives))


def live(cast: Cast, user_id: int, username: str) -> Story:
    roles = cast.chance.sample(cast.roles, min(len(cast.roles), cast.chance.randint(1, 2)))
    person = {"user_id": user_id, "username": username, "user_roles": roles}
    while True:
        yield Told("user_login", {**person, "method": "password", "severity": "info"})
        for _ in range(cast.chance.randint(1, 6)):
            yield action(cast, username, roles)
        yield Told("user_logout", {**person, "severity": "info"})


def action(cast: Cast, username: str, roles: Sequence[str]) -> Told:
    if cast.chance.random() < 0.6:
        action_type, target_type = cast.chance.choice(SERVER_ACTIONS), "MCP server"
        target_name = cast.chance.choice(cast.servers)
    else:
        action_type, target_type = cast.chance.choice(ROW_ACTIONS), cast.chance.choice(ROWS)
        target_name = f"{target_type} {cast.chance.randint(1, 40)}"
    data = {
        "action_type": action_type,
        "target_type": target_type,
        "target_name": target_name,
        "username": username,
        "user_roles": roles,
        "severity": "warning" if action_type in GRAVE else "info",
    }
    return Told("user_action", data)
