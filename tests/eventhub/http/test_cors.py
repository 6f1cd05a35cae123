"""Pages of listed origins may call the API, and no others; a stream, which Django does not answer, says the same."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from environs import EnvError
from pytest_django import Settings

from eventhub.environment import cors_origin
from eventhub.http.cors import WithCors
from tests.cases import each_case

LISTED, OTHER = "https://app.example.org", "https://other.example.org"
STREAM, HISTORY = "/api/v1/events/stream", "/api/v1/events/"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def listed(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [LISTED]
    settings.CORS_URLS_REGEX = "^/api/"
    settings.MIDDLEWARE = ["corsheaders.middleware.CorsMiddleware", *settings.MIDDLEWARE]


async def of_stream(method: str, headers: dict[str, str]) -> dict[str, str]:
    """Return the status and the headers of CORS that such a request gets."""
    sent: list[dict[str, Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"x")]})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": STREAM, "query_string": b"", "headers": encoded}
    await WithCors(application)(scope, None, send)
    return {name.decode(): value.decode() for name, value in sent[0]["headers"]}


@pytest.mark.parametrize(
    ("origin", "allowed"), [(LISTED, LISTED), (OTHER, None), (f"{LISTED}:8443", None), ("null", None)]
)
async def test_a_stream_says_what_any_call_says(client: Client, origin: str, allowed: str | None) -> None:
    for headers in ({"origin": origin}, {"origin": origin, "access-control-request-method": "POST"}):
        method = "OPTIONS" if len(headers) > 1 else "GET"
        streamed = await of_stream(method, headers)
        assert streamed.get("access-control-allow-origin") == allowed
        answer = await sync_to_async(client.generic)(method, HISTORY, headers=headers)
        assert {name.lower(): value for name, value in answer.items() if name.lower().startswith("access-")} == {
            name: value for name, value in streamed.items() if name.startswith("access-")
        }
        assert "access-control-allow-credentials" not in streamed


def test_what_is_no_call_of_the_api_is_open_to_nobody(client: Client) -> None:
    answer = client.get("/", headers={"origin": LISTED})
    assert "access-control-allow-origin" not in answer


@each_case("value", ["*", "https://app.example.org/", "app.example.org", "https://App.example.org", "null"])
def test_what_is_no_origin_is_refused_with_what_is_allowed(value: str) -> None:
    with pytest.raises(EnvError, match=r"EVENTHUB_CORS_ORIGINS.*such as https://app\.example\.org"):
        cors_origin(value)
