"""The views that people keep on /events: listed, made, changed, shared with a group, ended and brought back.

These are calls of the page: a session makes them, and no token.
"""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from events import registry_cache
from events.access import policy
from events.core.problems import shown
from events.core.values import timestamp_text
from events.http.api import ApiView
from events.http.parameters import problem_with
from events.http.problem_details import HttpProblem
from events.http.view_changes import ASKED, FLAGS, Types, checked, members
from events.models import SavedView
from events.models.saved_view import MAX_VIEWS, OutdatedView, TooManyViews


def visible_types(user: Any) -> Types:
    registry = registry_cache.refresh()
    return {id: registry.types[id] for id in policy.scopes_of(policy.viewer_of(user), registry)}


def views_of(user: Any) -> dict[str, Any]:
    return views_for(user, visible_types(user))


def views_for(user: Any, types: Types) -> dict[str, Any]:
    """Return what the page shows to this user: own views, those that others share, and the groups to share with."""
    shared = (shared_document(view, types) for view in SavedView.objects.shared_with(user))
    return {
        "own": [document(view) for view in SavedView.objects.of(user)],
        "shared": [each for each in shared if each],
        "groups": [{"id": group.pk, "name": group.name} for group in user.groups.order_by("name")],
    }


def document(view: SavedView) -> dict[str, Any]:
    return {
        "id": view.pk,
        "version": view.version,
        **{name: getattr(view, name) for name in (*ASKED, *FLAGS) if name != "shared_with"},
        "shared_with": view.shared_with_id,
        "seen": view.seen and timestamp_text(view.seen),
    }


def shared_document(view: SavedView, types: Types) -> dict[str, Any] | None:
    """Return somebody else's view, without what this reader may not see; None when nothing is left of it."""
    seen = [id for id in view.event_types if id in types]
    if not seen:
        return None
    asked = {name: values for name, values in view.filters.items() if any(types[id].field(name) for id in seen)}
    told = {**document(view), "event_types": seen, "filters": asked, "owner": view.user.get_username()}
    return {**told, "paused": False, "muted": False, "alerts": [], "seen": None}


class PageView(ApiView):
    authentication_classes = (SessionAuthentication,)

    def own(self, request: Request, id: str) -> SavedView:
        view: SavedView | None = SavedView.objects.of(request.user).filter(pk=id).first()
        if view is None:
            raise not_found(id)
        return view


class SavedViewsView(PageView):
    def get(self, request: Request) -> Response:
        return Response(views_of(request.user))

    def post(self, request: Request) -> Response:
        """Make a view. With “copy_of” in place of event types, it is a copy of an own or of a shared one.
        Without a colour, it gets one that no other has, while there is one."""
        types = visible_types(request.user)
        body = members(request.data, (*ASKED, *FLAGS, "copy_of"))
        if "copy_of" in body:
            body = {**copied(request.user, body["copy_of"], types), **{k: v for k, v in body.items() if k != "copy_of"}}
        changes = checked(body, request.user, types)
        if "event_types" not in changes:
            raise problem_with("invalid_message", "event_types", "it is missing")
        user: Any = request.user
        return Response(document(kept(SavedView(user=user, **{"colour": "", **changes}))), status=201)


class SavedViewView(PageView):
    def get(self, request: Request, id: str) -> Response:
        return Response(document(self.own(request, id)))

    def patch(self, request: Request, id: str) -> Response:
        view = self.own(request, id)
        body = members(request.data, (*ASKED, *FLAGS, "version"))
        version = body.pop("version", None)
        changes = checked(body, request.user, visible_types(request.user), present=view.filters)
        flags = {name: changes.pop(name) for name in FLAGS if name in changes}
        if changes:
            if not isinstance(version, int) or isinstance(version, bool):
                raise problem_with("invalid_message", "version", "say which version of the view was changed")
            try:
                view.change(changes, version)
            except OutdatedView:
                detail = "This view was changed elsewhere meanwhile; look at it again before you save."
                raise HttpProblem(409, "edit_conflict", detail) from None
        if flags:
            SavedView.objects.filter(pk=view.pk).update(**flags)
            view.refresh_from_db()
        return Response(document(view))

    def delete(self, request: Request, id: str) -> Response:
        self.own(request, id).end()
        return Response(status=204)


class RestoreView(PageView):
    def post(self, request: Request, id: str) -> Response:
        view = SavedView.objects.filter(user=request.user.pk, pk=id).first()
        if view is None:
            raise not_found(id)
        return Response(document(kept(view) if view.ended else view))


class SeenView(PageView):
    def post(self, request: Request) -> Response:
        """Note that the user has seen up to now what the views have brought; those that are paused bring nothing."""
        SavedView.objects.of(request.user).filter(paused=False).update(seen=timezone.now())
        return Response(status=204)


def not_found(id: str) -> HttpProblem:
    return HttpProblem(404, "not_found", f"There is no view {shown(id)} of yours.")


def kept(view: SavedView) -> SavedView:
    try:
        return SavedView.keep(view)
    except TooManyViews:
        problem = f"You have {MAX_VIEWS} views, and more are not allowed: end some that you do not use."
        raise HttpProblem(409, "limit_exceeded", problem) from None


def copied(user: Any, id: object, types: Types) -> dict[str, Any]:
    views = views_for(user, types)
    for each in (*views["own"], *views["shared"]):
        if each["id"] == id:
            return {name: each[name] for name in ("name", "event_types", "filters")}
    raise not_found(str(id))
