"""Saves a form of the admin on a server, as a browser would."""

from __future__ import annotations

from typing import Any

import httpx

from tests.servers import ServerProcess


def save_in_admin(server: ServerProcess, path: str, form: dict[str, Any]) -> None:
    cookies = {"sessionid": server.session("admin")}
    with httpx.Client(base_url=server.url, headers={"Origin": server.url}, cookies=cookies) as browser:
        browser.get(path)
        answer = browser.post(path, data={**form, "csrfmiddlewaretoken": browser.cookies["csrftoken"]})
        assert answer.status_code == 302, answer.text
