"""Who brings a token to the API has no session; everybody else has one."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from eventhub.http.sessions import Sessions, Users

CALL = "/api/v1/events/"


def has_session(address: str, authorization: str) -> bool:
    seen: list[HttpRequest] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse()

    Sessions(Users(view))(RequestFactory().post(address, headers={"Authorization": authorization}))
    assert hasattr(seen[0], "session") == hasattr(seen[0], "user")
    return hasattr(seen[0], "session")


@pytest.mark.parametrize("authorization", ["Bearer right-or-wrong", "bEARER x", "Bearer "])
def test_a_call_that_brings_a_token_has_none(authorization: str) -> None:
    assert not has_session(CALL, authorization)


@pytest.mark.parametrize(
    ("address", "authorization"),
    [(CALL, ""), (CALL, "Basic YTpi"), (CALL, "Bearer"), ("/events", "Bearer x"), ("/admin/api/", "Bearer x")],
)
def test_everybody_else_has_one(address: str, authorization: str) -> None:
    assert has_session(address, authorization)
