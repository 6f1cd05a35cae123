"""The way of a browser through a proxy: does the page come, and does a WebSocket?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.shortcuts import resolve_url

ANSWER_S = 10.0
LOOPBACK = ("localhost", "127.0.0.1", "::1")
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


def check_address(url: str) -> Iterator[CheckMessage]:
    """Find out what hinders a browser at this address. Nobody is signed in: the socket is opened and ends at once."""
    origin = str(httpx.URL(url).copy_with(raw_path=b"/")).rstrip("/")
    path, sign_in = settings.EVENTHUB_PATH, resolve_url(settings.LOGIN_URL)
    try:
        with httpx.Client(timeout=ANSWER_S, base_url=origin) as browser:
            page = browser.get(sign_in).status_code
            with browser.stream("GET", f"{path}/ws/events", headers={**HANDSHAKE, "Origin": origin}) as answer:
                socket = answer.status_code
            metrics = browser.get(f"{path}/metrics").status_code
            sign_in_of_agents = browser.get(f"/.well-known/oauth-authorization-server{path}")
    except httpx.HTTPError as error:
        told = f"{origin} does not answer: {error}"
        yield Error(told, hint="Is the proxy up, and does it lead to one of EVENTHUB_PORTS?", id="eventhub.E040")
        return
    if page == 400:
        host = httpx.URL(origin).raw_host.decode()
        told = f"eventhub refuses the host of {origin}."
        hint = f"Add {host} to EVENTHUB_ALLOWED_HOSTS, and let the proxy pass on the header Host."
        yield Error(told, hint=hint, id="eventhub.E041")
    elif page != 200:
        told = f"{origin}{sign_in} answers {page}, not 200."
        hint = "Let the proxy pass on everything, and X-Forwarded-Proto: see “Behind a proxy” in docs/operations.md."
        yield Error(told, hint=hint, id="eventhub.E042")
    if socket == 403:
        told = f"Pages of {origin} may not open WebSockets."
        hint = f"Add {origin} to EVENTHUB_ALLOWED_ORIGINS ({', '.join(settings.EVENTHUB_ALLOWED_ORIGINS)})."
        yield Error(told, hint=hint, id="eventhub.E043")
    elif socket != 101:
        told = (
            f"{origin}{path}/ws/events answers a handshake with {socket}, not 101: the proxy does not pass on upgrades."
        )
        hint = (
            "nginx: proxy_http_version 1.1, proxy_set_header Upgrade $http_upgrade, proxy_set_header Connection upgrade"
        )
        yield Error(told, hint=hint, id="eventhub.E044")
    on_machine = httpx.URL(origin).raw_host.decode() in LOOPBACK
    if page == 200 and settings.EVENTHUB_OAUTH and (on_machine or origin.startswith("https://")):
        yield from check_oauth(f"{origin}{path}", sign_in_of_agents)
    if metrics == 200 and not on_machine:
        told = f"Anybody who reaches {origin} can read /metrics: the proxy sends no X-Forwarded-For."
        hint = "nginx: location = /metrics { return 404; } and proxy_set_header X-Forwarded-For $remote_addr;"
        yield Error(told, hint=hint, id="eventhub.E045")


def check_oauth(ours: str, answer: httpx.Response) -> Iterator[CheckMessage]:
    """Find out whether hosts of agents are told of the address that people see: they go by what is told."""
    try:
        told: Any = answer.json()
    except ValueError:
        told = None
    issuer = told.get("issuer") if isinstance(told, dict) else None
    if issuer != ours:
        found = f"{answer.url} answers {answer.status_code}" if issuer is None else f"they are told of {issuer}"
        hint = (
            "Let the proxy pass on Host, X-Forwarded-Proto and /.well-known/oauth-…, which is not below EVENTHUB_PATH; "
            "or set EVENTHUB_OAUTH=False."
        )
        yield Warning(f"Agents cannot sign in by OAuth at {ours}: {found}.", hint=hint, id="eventhub.W046")
