"""What `make run` says."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import dedent

from django.conf import settings

from eventhub.demo.server import DemoServer
from eventhub.local.first_run import ADMIN, DEMO, Secrets
from eventhub.local.retention import DAYS, DAYS_OF_AUDIT

_LOOPBACK_OR_ANY = {"127.0.0.1", "::1", "0.0.0.0", "::"}  # noqa: S104  names, nothing is bound here


def base_url(host: str, port: int, scheme: str = "http") -> str:
    name = "localhost" if host in _LOOPBACK_OR_ANY else f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}:{port}{settings.EVENTHUB_PATH}"


def up(host: str, ports: list[int]) -> str:
    also = "".join(f", {base_url(host, port)}" for port in ports[1:])
    return f"eventhub is up: {base_url(host, ports[0])}{also}. Ctrl-C stops it."


def things_to_try(host: str, ports: list[int]) -> str:
    url = base_url(host, ports[0])
    data = "mcp_name=oracle_mcp new_status=inactive severity=error"
    return dedent(f"""
        Open {url}/events, subscribe to something, and try, from this folder in another terminal:

          .venv/bin/python manage.py emit_event mcp_status_change {data}
          .venv/bin/python manage.py tail_events --type mcp_status_change
          curl {url}/api/v1/events/metadata
        """)


def demo(host: str, ports: list[int], servers: Iterable[DemoServer]) -> str:
    url = base_url(host, ports[0])
    listed = "".join(f"\n          {server.name:14}{server.what}" for server in servers)
    return dedent(f"""
        Three real MCP servers:
        {listed}

        In the next four minutes each gets into trouble, and out of it. To watch, open

          {url}/events

        sign in, tick the event types of the tab MCP, and subscribe; and beside it

          {url}/fleet

        Or, from this folder in another terminal:

          EVENTHUB_VAR_DIR=var/demo EVENTHUB_ENV_FILE= .venv/bin/python manage.py tail_events
        """)


def secrets_once(secrets: Secrets, host: str, ports: list[int]) -> str:
    return dedent(f"""
        Shown this once, so keep them:

          User {ADMIN}, password  {secrets.password}
            may do everything. Sign in at {base_url(host, ports[0])}/events: it shows the first steps.

          API token of user {DEMO}  {secrets.token}
            may subscribe to, read and emit events of every type but those for audit; valid for 90 days.
        """)


def kept_for() -> str:
    return dedent(f"""
        Events are kept for {DAYS} days, audit events for {DAYS_OF_AUDIT}; the monitor deletes older ones once a day.
        You can change that for each event type, in the admin under “Housekeeping”.""")


def secrets_again() -> str:
    return dedent(f"""
        Users and tokens are as you left them. A new password, a new API token:

          .venv/bin/python manage.py changepassword {ADMIN}
          .venv/bin/python manage.py create_token {DEMO} --expires 90d
        """)
