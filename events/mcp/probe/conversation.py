"""One probe's requests to one server: numbered questions, cookies and sessions that end with it, the slowest answer."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from time import perf_counter
from typing import Any

import httpx
import msgspec

from events.mcp.probe.failures import Interrupted, NotMcp, OtherTransport
from events.mcp.probe.target import Auth, Target
from events.mcp.probe.wire import redirect
from events.mcp.probe.wire.body import Allowance
from events.mcp.probe.wire.exchange import EVENT_STREAM, JSON, acknowledged, opens_old_transport, result_of
from events.mcp.probe.wire.stream import read_head

FAREWELL_S = 1.0
NO_LOCATION = "Invalid URL in location header"  # how httpx begins to tell of it, also if it is not to follow
MAX_SESSIONS = 4  # a server gives one, and some give one for a question that they refuse
SESSION = "mcp-session-id"
MAX_RESUMED = 5  # times that a stream may end before the answer
OLD_TRANSPORT_S = 1.0  # for the first event of its stream


class Conversation:
    def __init__(self, client: httpx.AsyncClient, target: Target, secret: str) -> None:
        self._client = client
        self._url = target.url
        self._headers = {"Accept": f"{JSON}, {EVENT_STREAM}", "Content-Type": JSON, **_credential(target, secret)}
        self._cookies = httpx.Cookies()  # a load balancer may find the node of a session by one
        self._session = ""  # which initialize began
        self._sessions: list[str] = []  # these to end, among them what a server gives with a refusal
        self._number = 0
        self.version = ""  # sent with every request, once it is agreed
        self.slowest_ms: float | None = None
        self.certificate_ends: float | None = None
        self.moved = ""  # why and where to, if the server answers at another address of its own

    async def ask(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        allowance: Allowance | None = None,
    ) -> dict[str, Any]:
        """Return the result; raise what `wire.result_of` and the client raise."""
        self._number += 1
        message = {"jsonrpc": "2.0", "id": self._number, "method": method}
        return await self._post(message if params is None else {**message, "params": params}, headers or {}, allowance)

    async def notify(self, method: str) -> None:
        await self._post({"jsonrpc": "2.0", "method": method}, {})

    async def end(self) -> None:
        """End every session that the server began, or it keeps them: 62 kB each, measured on one. It may not care."""
        try:
            async with asyncio.timeout(FAREWELL_S):
                for session in self._sessions:
                    response = await self._send(self._request("DELETE", {SESSION: session}))
                    await response.aclose()
        except (TimeoutError, httpx.HTTPError, OSError, ValueError, NotMcp, OtherTransport):
            return

    async def speaks_old_transport(self) -> bool:
        """Say whether a GET opens the stream of the transport before streamable HTTP, as the specification has clients
        find out."""
        try:
            async with asyncio.timeout(OLD_TRANSPORT_S):
                response = await self._send(self._request("GET", {"Accept": EVENT_STREAM}))
                try:
                    return await opens_old_transport(response)
                finally:
                    await response.aclose()
        except (TimeoutError, httpx.HTTPError, OSError, NotMcp, OtherTransport):
            return False

    async def _post(
        self, message: Mapping[str, Any], headers: Mapping[str, str], allowance: Allowance | None = None
    ) -> dict[str, Any]:
        headers = {**self._in_session(), **headers}
        content = msgspec.json.encode(message)
        began = perf_counter()
        response = await self._sent(headers, content)
        try:
            session = self._remember(response)
            if message["method"] == "initialize" and response.is_success:
                self._session = session
            if "id" not in message and response.is_success:
                await acknowledged(response)
                return {}
            return await result_of(response, message["method"], self._number, allowance)
        except Interrupted as interrupted:
            await response.aclose()
            return await self._resumed(interrupted, message["method"])
        finally:
            await response.aclose()
            self.slowest_ms = max(self.slowest_ms or 0.0, (perf_counter() - began) * 1000)

    async def _resumed(self, interrupted: Interrupted, method: str) -> dict[str, Any]:
        """Return the rest of a stream that ended before the answer."""
        for _ in range(MAX_RESUMED):
            await asyncio.sleep(interrupted.retry_s)
            headers = {"Accept": EVENT_STREAM, "Last-Event-ID": interrupted.last_id}
            response = await self._send(self._request("GET", {**self._in_session(), **headers}))
            try:
                return await result_of(response, method, self._number)
            except Interrupted as again:
                interrupted = again
            finally:
                await response.aclose()
        raise interrupted

    def _in_session(self) -> dict[str, str]:
        return {SESSION: self._session} if self._session else {}

    async def _sent(self, headers: Mapping[str, str], content: bytes) -> httpx.Response:
        """Send this and return the response. A redirect within the server may lead to it; the next question is then
        asked there."""
        for _ in range(redirect.MAX_REDIRECTS):
            response = await self._send(self._request("POST", headers, content))
            if (target := redirect.followed(response)) is None:
                return response
            await response.aclose()
            self._url = str(target)
            self.moved = (
                f"HTTP {response.status_code}: it answers at {redirect.shown_address(target)}, register that address."
            )
        return await self._send(self._request("POST", headers, content))

    async def _send(self, request: httpx.Request) -> httpx.Response:
        with read_head() as began:
            try:
                response = await self._client.send(request, stream=True)
                self._note_certificate(response)
                return response
            except httpx.TransportError as error:
                if str(error).startswith(NO_LOCATION):
                    raise NotMcp("It redirects to what is no address.") from error
                if not began.is_stale:
                    raise
        with read_head():
            return await self._client.send(request, stream=True)

    def _note_certificate(self, response: httpx.Response) -> None:
        if self.certificate_ends is None and response.url.scheme == "https":
            encrypted = response.extensions["network_stream"].get_extra_info("ssl_object")
            ends = (encrypted.getpeercert() or {}).get("notAfter") if encrypted else None
            self.certificate_ends = ssl.cert_time_to_seconds(ends) if ends else None

    def _request(self, verb: str, headers: Mapping[str, str], content: bytes | None = None) -> httpx.Request:
        if self.version:
            headers = {"mcp-protocol-version": self.version, **headers}
        request = self._client.build_request(verb, self._url, headers={**self._headers, **headers}, content=content)
        if self._cookies:
            self._cookies.set_cookie_header(request)
        return request

    def _remember(self, response: httpx.Response) -> str:
        if "set-cookie" in response.headers:
            self._keep_cookies(response)
        session: str = response.headers.get(SESSION, "")
        if not (session.isascii() and session.isprintable()):
            raise NotMcp(
                "It gives a session id with characters that no header can send back: visible ASCII is allowed."
            )
        if session and session not in self._sessions and len(self._sessions) < MAX_SESSIONS:
            self._sessions.append(session)
        return session

    def _keep_cookies(self, response: httpx.Response) -> None:
        self._cookies.extract_cookies(response)
        for cookie in list(self._cookies.jar):
            if not f"{cookie.name}={cookie.value}".isascii():  # httpx could not send it back
                self._cookies.jar.clear(cookie.domain, cookie.path, cookie.name)


def _credential(target: Target, secret: str) -> dict[str, str]:
    if target.auth == Auth.BEARER:
        return {"Authorization": f"Bearer {secret}"}
    if target.auth == Auth.HEADER:
        return {target.header_name: secret}
    return {}
