"""The call that gives the event types as JSON Schema."""

from __future__ import annotations

from django.utils.decorators import method_decorator
from django.views.decorators.http import conditional_page
from rest_framework.request import Request
from rest_framework.response import Response

from events import registry_cache
from events.access import policy
from events.contract.schemas import Schema, document_of
from events.core.event_types import Viewer
from events.http.api import ApiView, SignedInOrPublic


def contract_for(viewer: Viewer) -> Schema:
    """Return the schema of the event types that somebody may see, as they are now."""
    registry = registry_cache.refresh()
    return document_of(registry, policy.scopes_of(viewer, registry), private=viewer.signed_in)


@method_decorator(conditional_page, "dispatch")
class SchemasView(ApiView):
    permission_classes = (SignedInOrPublic,)

    def get(self, request: Request) -> Response:
        return Response(contract_for(policy.viewer_of(request.user)), content_type="application/schema+json")
