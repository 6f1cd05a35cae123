"""Behind a proxy that ends TLS, with the settings that the document shows."""

from __future__ import annotations

import re

import httpx

from tests.conftest import MakeServer
from tests.servers import ROOT


def settings_of_the_document() -> dict[str, str]:
    section = (ROOT / "docs" / "operations.md").read_text().partition("\n## Behind a proxy\n")[2]
    lines = re.findall(r"^(EVENTHUB_\w+)=(.+)$", section.partition("\n## ")[0], re.MULTILINE)
    assert len(lines) == 4
    return dict(lines)


def test_django_has_nothing_to_say_of_the_settings_that_the_document_shows(make_server: MakeServer) -> None:
    server = make_server(start=False, env=settings_of_the_document())
    done = server.manage("check", "--deploy", "--fail-level", "WARNING")
    assert "no issues" in done.stdout


def test_who_asks_by_http_is_sent_to_https_but_for_load_balancers(make_server: MakeServer) -> None:
    server = make_server(env=settings_of_the_document() | {"EVENTHUB_ALLOWED_HOSTS": "127.0.0.1"}, server="uvicorn")
    plain = httpx.get(f"{server.url}/login/")
    assert (plain.status_code, plain.headers["location"]) == (301, f"{server.url.replace('http', 'https')}/login/")
    by_proxy = httpx.get(f"{server.url}/login/", headers={"X-Forwarded-Proto": "https"})
    assert (by_proxy.status_code, by_proxy.headers["strict-transport-security"]) == (200, "max-age=31536000")
    assert httpx.get(f"{server.url}/healthz").status_code == 200
