"""The rows of `0002_seed`: each category, event type, filterable field and option that a fresh database has."""

from __future__ import annotations

from typing import Any, NamedTuple

AUDITORS = "auditors"
AUDIT_DAYS = 365
ALL_LEVELS = "info warning error critical"

CATEGORIES = [  # id, label, icon
    ("mcp", "MCP", "🧩"),
    ("user", "User", "👤"),
    ("system", "System", "⚙️"),
    ("audit", "Audit", "🔒"),
]


class Field(NamedTuple):
    name: str
    label: str
    data_key: str
    options: str = ""  # static ones, in order
    source: str = "static"
    type: str = "multiselect"
    operator: str = "in"
    help_text: str = ""


class Type(NamedTuple):
    id: str
    category: str
    icon: str
    label: str
    levels: str  # ascending
    summary: str
    description: str
    fields: tuple[Field, ...]

    @property
    def restricted(self) -> bool:
        return self.category == "audit"


SEVERITY = Field("severity", "Severity", "severity", source="severity_levels")
MCP_NAMES = Field("mcp_names", "MCP servers", "mcp_name", source="mcp_servers")
USER_ROLES = Field("user_roles", "User roles", "user_roles", source="user_roles")


def choice(name: str, label: str, options: str, data_key: str = "") -> Field:
    return Field(name, label, data_key or name, options)


TYPES = [
    Type(
        "mcp_status_change", "mcp", "🔴", "MCP status change", ALL_LEVELS,
        "{mcp_name} went {new_status}",
        "An MCP server was enabled or disabled, by an admin or automatically.",
        (
            MCP_NAMES,
            choice("old_status", "Old status", "active inactive"),
            choice("new_status", "New status", "active inactive"),
            SEVERITY,
        ),
    ),
    Type(
        "circuit_breaker_state", "mcp", "⚡", "Circuit breaker state", "info warning error",
        "{mcp_name} circuit is {state}",
        "The circuit of an MCP server opened after failures, lets one call through to test it, or closed again.",
        (MCP_NAMES, choice("state", "State", "closed open half_open"), SEVERITY),
    ),
    Type(
        "mcp_health_check", "mcp", "🏥", "Health check", "info warning error",
        "{mcp_name} is {health_status}",
        "The outcome of a health check of an MCP server.",
        (MCP_NAMES, choice("health_status", "Health", "healthy degraded unhealthy"), SEVERITY),
    ),
    Type(
        "mcp_auto_disabled", "mcp", "⛔", "MCP auto-disabled", "critical",
        "{mcp_name} was disabled after {failure_cycles} failure cycles",
        "An MCP server kept failing and was taken out of use.",
        (
            MCP_NAMES,
            Field(
                "min_failure_cycles", "Minimum failure cycles", "failure_cycles",
                type="number", operator="gte", help_text="Only servers that failed at least so many cycles.",
            ),
        ),
    ),
    Type(
        "mcp_fleet_summary", "mcp", "📊", "Fleet summary", "info warning",
        "{healthy} of {total} MCP servers are healthy",
        "How the whole fleet of MCP servers is doing.",
        (SEVERITY,),
    ),
    Type(
        "user_login", "user", "👤", "User login", "info",
        "{username} logged in",
        "Somebody signed in.",
        (USER_ROLES,),
    ),
    Type(
        "user_action", "user", "🛠️", "User action", "info warning",
        "{username}: {action_type} {target_name}",
        "Somebody changed something in the admin, or acted on an MCP server.",
        (
            choice(
                "action_type", "Action",
                "added changed deleted enable_mcp disable_mcp check_mcp reset_circuit",
            ),
            USER_ROLES,
        ),
    ),
    Type(
        "user_logout", "user", "🚪", "User logout", "info",
        "{username} logged out",
        "Somebody signed out.",
        (USER_ROLES,),
    ),
    Type(
        "config_change", "system", "⚙️", "Configuration change", "info",
        "{username} {action} {model} {object_repr}",
        "A row of the configuration was added, changed or deleted. Names the fields, never their values.",
        (
            choice(
                "model", "What",
                "category event_type event_field field_option mcp_server group user",
            ),
            choice("action", "Action", "added changed deleted"),
        ),
    ),
    Type(
        "system_error", "system", "💥", "System error", "error critical",
        "{component}: {message}",
        "A part of the server reported an error; repeats are counted in one event.",
        (
            Field("component", "Component", "component", type="text", operator="contains"),
            SEVERITY,
        ),
    ),
    Type(
        "component_health", "system", "🩺", "Component health", "info warning error",
        "{component} is {new_state}",
        "A part of eventhub itself became unavailable or came back.",
        (
            choice("component", "Component", "monitor channel_layer database"),
            choice("new_state", "New state", "up degraded down"),
            SEVERITY,
        ),
    ),
    Type(
        "login_failed", "audit", "🔒", "Failed login", "warning error",
        "Failed login as {username} from {ip} (× {count})",
        "Somebody tried to sign in and could not. Repeats are counted in one event.",
        (SEVERITY,),
    ),
    Type(
        "access_change", "audit", "🗝️", "Access change", "warning",
        "{username} changed {kind} of {subject}",
        "Somebody's role, permissions, tokens or account changed.",
        (choice("kind", "What changed", "role permission token active"), SEVERITY),
    ),
    Type(
        "endpoint_changed", "audit", "🧭", "MCP endpoint changed", "warning",
        "{mcp_name} moved from {old_host} to {new_host}",
        "An MCP server now points at another host.",
        (MCP_NAMES,),
    ),
]  # fmt: skip


def columns(field: Field) -> dict[str, Any]:
    """Return a field's row, without what ties it to its type."""
    return {
        "name": field.name,
        "label": field.label,
        "type": field.type,
        "data_key": field.data_key,
        "operator": field.operator,
        "options_source": field.source,
        "help_text": field.help_text,
    }
