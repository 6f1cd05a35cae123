"""The fleet over HTTP: read it, change it, and do to a server what its page can do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Prefetch, QuerySet
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import SAFE_METHODS, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.access.bearer_token import BearerToken
from events.core.problems import shown
from events.http.api import ApiView
from events.http.problem_details import HttpProblem
from events.mcp import operations
from events.mcp.http import asked
from events.mcp.http.client_config import client_config
from events.mcp.http.described import described, window
from events.mcp.models import McpServer, MonitorLease, ToolList
from events.models.token_terms import EMIT, READ

MAX_LISTED = 1_000  # servers in an answer; `after` has the others
PERMISSIONS = {"POST": "add", "PATCH": "change", "DELETE": "delete"}
DONE = {"enable": operations.enable, "disable": operations.disable, "reset": operations.reset_circuit}


class TokenForFleet(BearerToken):
    """A change needs both scopes of a token, since its answer tells what is there."""

    def scopes_for(self, request: Request) -> tuple[str, ...]:
        return (READ,) if request.method in SAFE_METHODS else (READ, EMIT)


class AsInAdmin(BasePermission):
    """What the user may do in the admin, they may do here."""

    message = "This needs a permission about MCP servers that you do not have; an admin can give it."

    def has_permission(self, request: Request, view: APIView) -> bool:
        user, verb = user_of(request), view.kwargs.get("verb")
        may_view = user.has_perm("mcp.view_mcpserver") or user.has_perm("mcp.change_mcpserver")
        if request.method in SAFE_METHODS:
            return may_view
        if verb == "approve-tools":
            return may_view and user.has_perm("mcp.approve_tools")
        return user.has_perm(f"mcp.{'change' if verb else PERMISSIONS.get(request.method or '', '')}_mcpserver")


class FleetView(ApiView):
    authentication_classes: Sequence[Any] = (TokenForFleet, SessionAuthentication)
    permission_classes = (IsAuthenticated, AsInAdmin)

    def found(self, name: str) -> McpServer:
        server = servers().filter(name=name).first()
        if server is None:
            raise HttpProblem(404, "not_found", f"There is no MCP server {shown(name)}.")
        return server

    def answer(self, name: str, status: int = 200) -> Response:
        return Response(described(self.found(name)), status)


class ServersView(FleetView):
    def get(self, request: Request) -> Response:
        after = request.query_params.get("after", "").replace("\0", "")  # which PostgreSQL cannot be asked for
        rows = list(servers().filter(name__gt=after).order_by("name")[: MAX_LISTED + 1])
        more = rows[MAX_LISTED - 1].name if len(rows) > MAX_LISTED else None
        return Response({"servers": [described(each) for each in rows[:MAX_LISTED]], "next": more})

    def post(self, request: Request) -> Response:
        with transaction.atomic():
            MonitorLease.lock()
            form = asked.form_for(request.data, user_of(request))
            form.keep()
        return self.answer(form.instance.name, 201)


class ServerView(FleetView):
    def get(self, request: Request, name: str) -> Response:
        return self.answer(name)

    def patch(self, request: Request, name: str) -> Response:
        with transaction.atomic():
            MonitorLease.lock()  # and so nobody else changes it between its reading and its writing
            form = asked.form_for(request.data, user_of(request), self.found(name))
            form.keep()
        return self.answer(name)

    def delete(self, request: Request, name: str) -> Response:
        with transaction.atomic():
            MonitorLease.lock()
            server = self.found(name)
            server.delete()
            operations.deleted(server, user_of(request))
        return Response(status=204)


class VerbView(FleetView):
    def post(self, request: Request, name: str, verb: str) -> Response:
        server = self.found(name)
        if verb in DONE:
            DONE[verb](server, user_of(request))
        elif verb == "check":
            if not operations.check_servers([server], user_of(request)):
                raise HttpProblem(409, "edit_conflict", f"{name} was deleted or moved meanwhile.")
        elif verb == "approve-tools":
            approval = asked.converted(request.data, asked.Approval)
            try:
                operations.approve_tools(server, user_of(request), approval.fingerprints)
            except operations.ToolsChangedMeanwhile as error:
                raise HttpProblem(409, "edit_conflict", str(error)) from None
        return self.answer(name)


class MaintenanceView(FleetView):
    def post(self, request: Request, name: str, verb: str) -> Response:
        now = datetime.now(UTC)
        try:
            made = operations.set_maintenance(self.found(name), user_of(request), asked.window_of(request.data, now))
        except ValidationError as error:
            raise asked.of_model(error) from None
        return Response(window(made), 201)

    def delete(self, request: Request, name: str, verb: str) -> Response:
        operations.end_maintenance(self.found(name), user_of(request))
        return self.answer(name)


class ClientConfigView(FleetView):
    def get(self, request: Request) -> Response:
        return Response(client_config())


def servers() -> QuerySet[McpServer]:
    lists = Prefetch("tool_lists", ToolList.objects.light())
    return McpServer.objects.select_related("state", "reliability").prefetch_related(lists, "maintenance")


def user_of(request: Request) -> AbstractUser:
    """Return who asks; nobody is let in who has not signed in."""
    return cast(AbstractUser, request.user)
