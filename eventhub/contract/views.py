"""What serves the documents, and the page that lists the calls."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import get_script_prefix
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import conditional_page, require_safe
from msgspec import Struct
from rest_framework.request import Request
from rest_framework.response import Response

from eventhub.contract.asyncapi import asyncapi
from eventhub.contract.call import Call
from eventhub.contract.calls import FILTERS
from eventhub.contract.messages import MESSAGES
from eventhub.contract.openapi import CALLS, openapi
from events.access import policy
from events.contract.api import contract_for
from events.http.api import ApiView, SignedInOrPublic
from subscriptions.protocol.commands import COMMANDS


@method_decorator(conditional_page, "dispatch")
class OpenApiView(ApiView):
    """It says nothing of an installation, so that everybody may read it."""

    permission_classes = ()

    def get(self, request: Request) -> Response:
        return Response(openapi(get_script_prefix()))


@method_decorator(conditional_page, "dispatch")
class AsyncApiView(ApiView):
    permission_classes = (SignedInOrPublic,)

    def get(self, request: Request) -> Response:
        contract = contract_for(policy.viewer_of(request.user))
        return Response(asyncapi(contract, request.get_host(), get_script_prefix(), secure=request.is_secure()))


@require_safe
@login_required
@never_cache
def docs(request: HttpRequest) -> HttpResponse:
    """Show the calls, the commands and the messages."""
    shown = {
        "version": settings.EVENTHUB_VERSION,
        "groups": [(tag, [shown_call(each) for each in calls]) for tag, calls in groupby(CALLS, lambda call: call.tag)],
        "commands": [(name, shape.__struct_fields__) for name, shape in COMMANDS.items()],
        "messages": [(each.__struct_config__.tag, each.__struct_fields__, told_of(each)) for each in MESSAGES],
    }
    return render(request, "eventhub/contract/docs.html", shown)


def shown_call(call: Call) -> dict[str, Any]:
    return {
        "method": call.method.upper(),
        "path": call.path,
        "told": call.told,
        "parameters": [each.name if each is not FILTERS else "filter.<name>" for each in call.parameters],
        "body": list(call.body.shapes) if call.body else [],
        "statuses": sorted([*call.answers, *call.refused]),
    }


def told_of(message: type[Struct]) -> str:
    return (message.__doc__ or "").replace("`", "")
