"""What people see of OAuth, and the call by which a host exchanges its code.

Whoever is not signed in signs in first: before that no host is asked for anything, and nobody is sent anywhere. A host
is told of an error by the person at the browser, who follows a link: else anybody could have people sent anywhere.
"""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Any, cast

from django import forms
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_deny
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST
from oauthlib.oauth2.rfc6749 import errors

from events.access import attempts
from events.outbound.origin import host_of, origin_text
from events.page.account.token_form import IN_DAYS, no_room
from subscriptions.agents.oauth import addresses, codes, grant
from subscriptions.agents.oauth.client import ClientRefused, is_on_machine
from subscriptions.agents.oauth.grant import Asked

OFF = "Programs cannot sign in by OAuth here: that needs https, and EVENTHUB_OAUTH."
ALLOW = "allow"


class SeeOther(HttpResponseRedirect):
    status_code = HTTPStatus.SEE_OTHER  # so that no browser sends the form on


class ConsentForm(forms.Form):
    may_emit = forms.BooleanField(required=False)
    valid_for = forms.ChoiceField(choices=IN_DAYS, initial="90")

    def __init__(self, user: AbstractUser, data: Any = None) -> None:
        self.user = user
        super().__init__(data)

    def clean(self) -> dict[str, Any]:
        if problem := no_room(self.user):
            self.add_error(None, problem)
        return self.cleaned_data


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@xframe_options_deny
@csrf_protect
def authorize(request: HttpRequest) -> HttpResponse:
    if not addresses.is_offered(request):
        return refuse(request, OFF, status=HTTPStatus.NOT_FOUND)
    return signed_in(request)


@login_required
def signed_in(request: HttpRequest) -> HttpResponse:
    try:
        asked = grant.read_request(request)
        return (
            decide(request, asked) if request.method == "POST" else ask(request, asked, ConsentForm(user_of(request)))
        )
    except ClientRefused as refused:
        status = HTTPStatus.TOO_MANY_REQUESTS if refused.wait else HTTPStatus.BAD_REQUEST
        answer = refuse(request, str(refused), status=status)
        if refused.wait:
            answer["Retry-After"] = str(refused.wait)
        return answer
    except errors.OAuth2Error as error:
        sentence = f"The request of {host_of(error.client_id)} cannot be answered. {error.description or error.error}"
        back = {"back": grant.told_host(request, error), "back_host": host_of(error.redirect_uri)}
        return refuse(request, sentence, status=HTTPStatus.BAD_REQUEST, **back)


def decide(request: HttpRequest, asked: Asked) -> HttpResponse:
    if request.POST.get("decision") != ALLOW:
        error = errors.AccessDeniedError(description="The user has not allowed it.", state=request.GET.get("state"))
        error.redirect_uri = asked.redirect_uri
        return SeeOther(grant.told_host(request, error))
    form = ConsentForm(user_of(request), request.POST)
    if request.POST.get("asked") != user_of(request).get_username():  # another one has signed in meanwhile
        return ask(request, asked, ConsentForm(user_of(request)))
    if not form.is_valid():
        return ask(request, asked, form)
    allowed = form.cleaned_data
    ends_at = timezone.now() + timedelta(days=int(allowed["valid_for"]))
    try:
        return SeeOther(grant.allow(request, may_emit=asked.wants_emit and allowed["may_emit"], token_ends_at=ends_at))
    except codes.TooManyCodes:
        sentence = f"You have allowed {codes.MAX_OF_USER} programs within a minute. Try again in a minute."
        return refuse(request, sentence, status=HTTPStatus.TOO_MANY_REQUESTS)


def ask(request: HttpRequest, asked: Asked, form: ConsentForm) -> HttpResponse:
    user = user_of(request)
    context = {
        "client": asked.client,
        "wants_emit": asked.wants_emit,
        "may_emit": user.has_perm("events.add_event"),
        "goes_to": host_of(asked.redirect_uri),
        "on_machine": is_on_machine(asked.redirect_uri),
        "is_elsewhere": host_of(asked.redirect_uri) != asked.client.host,
        "form": form,
    }
    response = render(request, "eventhub/oauth/consent.html", context)
    # A browser also asks this policy where the answer to a form may lead it on to.
    response._csp_update = {"form-action": [source_of(asked.redirect_uri)]}  # type: ignore[attr-defined]
    return response


def source_of(uri: str) -> str:
    """Return an address as a policy of content names it, which knows no addresses of IPv6."""
    origin = origin_text(uri)
    return "http:" if "[" in origin else origin


def refuse(request: HttpRequest, sentence: str, *, status: HTTPStatus, **back: str) -> HttpResponse:
    return render(request, "eventhub/oauth/refused.html", {"sentence": sentence, **back}, status=status)


def user_of(request: HttpRequest) -> AbstractUser:
    return cast(AbstractUser, request.user)


@csrf_exempt  # a host calls, and brings no cookie along
@require_POST
@never_cache
def token(request: HttpRequest) -> HttpResponse:
    if not addresses.is_offered(request):
        return JsonResponse({"error": "invalid_request", "error_description": OFF}, status=HTTPStatus.NOT_FOUND)
    with transaction.atomic():
        body, status, is_guess = grant.exchange(request)
    response = HttpResponse(body, content_type="application/json", status=status)
    if is_guess and (wait := attempts.wrong_token(request.META.get("REMOTE_ADDR", ""))):
        response.status_code = HTTPStatus.TOO_MANY_REQUESTS
        response["Retry-After"] = str(wait)
    return response
