"""The calls about one's own things: standing subscriptions, views, and the documents of the API itself."""

from __future__ import annotations

from typing import Any

from eventhub.contract.call import JSON, Answer, Body, Call, Parameter, ok
from eventhub.contract.calls import PARTS
from eventhub.contract.own_answers import (
    AskedView,
    Attempts,
    ChangedView,
    ChosenAttempts,
    Forgotten,
    NoMembers,
    ReplayFrom,
    SavedView,
    SavedViews,
    SentAgain,
    Standing,
    StandingList,
    Tested,
    ViewCounts,
)
from subscriptions.standing.requests.asked import Asked, Changed

STANDING, VIEWS, DOCUMENTS = "standing subscriptions", "views", "documents"
STANDING_ID = Parameter("id", "The number of a standing subscription.", {"type": "integer", "minimum": 1}, "path")
VIEW_ID = Parameter("id", "The id of a view.", {"type": "string", "pattern": "^[A-Za-z0-9]{1,32}$"}, "path")
GONE = {204: Answer("It is done; there is nothing to say.")}
BAD_BODY = (400, 411, 413, 415)
OBJECT = {"type": "object"}


def standing(method: str, path: str, told: str, answer: Any, body: Any = None, required: bool = True) -> Call:
    """Return a call of one standing subscription."""
    return Call(
        method,
        f"/api/v1/standing/{{id}}{path}",
        STANDING,
        told,
        GONE if answer is None else ok(answer),
        (STANDING_ID,),
        None if body is None else Body({JSON: body}, required),
        (404,) if body is None else (*BAD_BODY, 404, 422),
    )


def view(method: str, path: str, told: str, answer: Any, body: Any = None, refused: tuple[int, ...] = (404,)) -> Call:
    """Return a call of one view."""
    return Call(
        method,
        f"/api/v1/views/{{id}}{path}",
        VIEWS,
        told,
        GONE if answer is None else ok(answer),
        (VIEW_ID,),
        None if body is None else Body({JSON: body}),
        refused,
        session_only=True,
    )


CALLS = (
    Call("get", "/api/v1/standing", STANDING, "One's own standing subscriptions.", ok(StandingList)),
    Call(
        "post",
        "/api/v1/standing",
        STANDING,
        "Make a standing subscription.",
        {201: Answer("It is made.", {JSON: Standing})},
        body=Body({JSON: Asked}),
        refused=(*BAD_BODY, 422),
    ),
    standing("get", "", "One standing subscription.", Standing),
    standing("patch", "", "Change it.", Standing, Changed),
    standing("delete", "", "Delete it.", None),
    standing("get", "/attempts", "Deliveries that failed.", Attempts),
    standing("post", "/pause", "Send nothing until it is resumed.", Standing, NoMembers, required=False),
    standing("post", "/resume", "Go on from where it has stopped.", Standing, NoMembers, required=False),
    standing("post", "/replay", "Send again what came after an event or a time.", Standing, ReplayFrom),
    standing("post", "/test", "Send a message that is no event.", Tested, NoMembers, required=False),
    standing("post", "/send-again", "Try what was given up once more.", SentAgain, ChosenAttempts, required=False),
    standing("post", "/forget", "Forget what was given up.", Forgotten, ChosenAttempts, required=False),
    Call("get", "/api/v1/views", VIEWS, "The views that the page shows.", ok(SavedViews), session_only=True),
    Call(
        "post",
        "/api/v1/views",
        VIEWS,
        "Make a view.",
        {201: Answer("It is made.", {JSON: SavedView})},
        body=Body({JSON: AskedView}),
        refused=(*BAD_BODY, 404, 409, 422),
        session_only=True,
    ),
    Call(
        "get",
        "/api/v1/views/counts",
        VIEWS,
        "How many events each view had in the last hour.",
        ok(ViewCounts),
        (PARTS,),
        refused=(400,),
        session_only=True,
    ),
    Call("post", "/api/v1/views/seen", VIEWS, "Note that the views were looked at.", GONE, session_only=True),
    view("get", "", "One view.", SavedView),
    view("patch", "", "Change it.", SavedView, ChangedView, (*BAD_BODY, 404, 409, 422)),
    view("delete", "", "End it.", None),
    view("post", "/restore", "Bring it back.", SavedView, refused=(404, 409)),
    Call("get", "/api/v1/openapi.json", DOCUMENTS, "This document.", ok(OBJECT), public=True),
    Call("get", "/api/v1/asyncapi.json", DOCUMENTS, "What goes over the WebSocket.", ok(OBJECT), public=True),
)
