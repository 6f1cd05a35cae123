"""nginx with the file that is shipped: page, login and socket work, and a token stays out of its log."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
import trustme
import websockets

from tests.conftest import MakeServer
from tests.ports import free_ports
from tests.servers import ROOT, ServerProcess
from tests.waiting import eventually

FILE = ROOT / "deploy" / "nginx" / "eventhub.conf"
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed (apt-get install nginx-light)")


class Site:
    """A server behind nginx."""

    def __init__(self, server: ServerProcess, url: str, trust: ssl.SSLContext, log: Path) -> None:
        self.server, self.url, self.trust, self.log = server, url, trust, log


@pytest.fixture
def site(make_server: MakeServer, tmp_path: Path) -> Iterator[Site]:
    plain, secure = free_ports(2)
    url = f"https://localhost:{secure}"
    proxied = {
        "EVENTHUB_ALLOWED_HOSTS": "localhost,127.0.0.1",
        "EVENTHUB_ALLOWED_ORIGINS": url,
        "EVENTHUB_HTTPS_REDIRECT": "True",
    }
    server = make_server(env=proxied, server="uvicorn")
    authority = trustme.CA()
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(tmp_path / "site.pem")
    text = FILE.read_text()
    for shipped, here in {
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ssl;": f"listen 127.0.0.1:{secure} ssl;",
        "events.example.org;": "localhost;",
        "/etc/ssl/certs/events.example.org.pem": f"{tmp_path}/site.pem",
        "/etc/ssl/private/events.example.org.key": f"{tmp_path}/site.pem",
        "127.0.0.1:8090": f"127.0.0.1:{server.ports[0]}",
        "/var/log/nginx/eventhub.log": f"{tmp_path}/eventhub.log",
    }.items():
        assert shipped in text, shipped
        text = text.replace(shipped, here)
    temporary = "".join(
        f"{each}_temp_path {tmp_path}/{each};\n" for each in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = f"daemon off;\npid {tmp_path}/pid;\nevents {{}}\nhttp {{\n{temporary}{text}\n}}\n"
    (tmp_path / "nginx.conf").write_text(main)
    assert NGINX is not None
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    with subprocess.Popen([NGINX, "-p", str(tmp_path), "-c", "nginx.conf", "-e", str(tmp_path / "error.log")]) as nginx:
        try:
            eventually(lambda: nginx.poll() is not None or (tmp_path / "pid").exists())
            yield Site(server, url, trust, tmp_path / "eventhub.log")
        finally:
            nginx.terminate()


async def test_people_get_page_login_and_socket_and_the_token_is_in_no_log(site: Site) -> None:
    with closing(httpx.Client(base_url=site.url, verify=site.trust, headers={"Origin": site.url})) as browser:
        assert browser.get("/login/").status_code == 200
        form = {"username": "alice", "password": "pw-alice", "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        answer = browser.post("/login/", data=form)
        assert answer.status_code == 302, answer.text
        assert "Secure" in answer.headers["set-cookie"]
        assert browser.get("/events").status_code == 200
        # What is for operators is not for the world, whatever address somebody claims to have.
        for address in ("/metrics", "/metrics/", "/readyz"):
            assert browser.get(address, headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404
        session = browser.cookies["sessionid"]
    socket = f"{site.url.replace('https', 'wss')}/ws/events"
    token = site.server.token("alice")
    cookie = {"Cookie": f"sessionid={session}"}
    by_page = websockets.connect(socket, origin=site.url, additional_headers=cookie, ssl=site.trust, proxy=None)  # type: ignore[arg-type]
    spoofed = {"X-Forwarded-For": "192.0.2.66"}
    by_token = websockets.connect(f"{socket}?token={token}", additional_headers=spoofed, ssl=site.trust, proxy=None)
    for connecting in (by_page, by_token):
        async with connecting as client:
            await client.send(json.dumps({"action": "ping", "request_id": "1"}))
            assert json.loads(await client.recv())["request_id"] == "1"
    ticket = httpx.post(f"{site.url}/api/v1/tickets/", headers=bearer(token), verify=site.trust).json()["ticket"]
    stream = f"{site.url}/api/v1/events/stream?event_type=user_login&ticket={ticket}"
    with httpx.stream("GET", stream, verify=site.trust) as answer:
        assert next(answer.iter_lines()) == "event: subscribed"  # at once, though little has come
    eventually(lambda: "GET /ws/events" in site.log.read_text())
    eventually(lambda: "GET /api/v1/events/stream" in site.log.read_text())
    written = site.log.read_text()
    assert token not in written
    assert ticket not in written
    assert "192.0.2.66" not in site.server.log + written
    assert "?" not in written


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
