"""What a client brings along is read as Django reads it of a request."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.core.handlers.asgi import ASGIRequest

from subscriptions.transports.handshake import Handshake


@pytest.mark.parametrize(
    ("cookies", "key"),
    [
        ("sessionid=abc", "abc"),
        ('foo={"a":1}; sessionid=abc', "abc"),
        ('sessionid=abc; foo={"a":1}', "abc"),
        ("a b=c; sessionid=abc", "abc"),
        ("ключ=1; =; ;; sessionid=abc", "abc"),
        ('sessionid="a:b"', "a:b"),
        ("sessionid=abc; sessionid=last", "last"),
        ("other=1", ""),
        ("sessionid", ""),
        ("", ""),
    ],
)
def test_the_session_is_that_of_a_request_whatever_other_cookies_there_are(cookies: str, key: str) -> None:
    scope = {"method": "GET", "path": "/", "query_string": b"", "headers": [(b"cookie", cookies.encode())]}
    assert Handshake(scope).session_key == key
    assert ASGIRequest(scope, BytesIO()).COOKIES.get("sessionid", "") == key
