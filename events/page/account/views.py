"""What the pages below /account do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.contrib import messages
from django.contrib.auth.views import PasswordChangeView
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from knox.models import AuthToken

from events.access import token_terms
from events.access.sign_in import PasswordForm
from events.models import TokenTerms
from events.page.account import own_sessions
from events.page.account.own_sessions import OwnSession
from events.page.account.token_form import OwnTokenForm
from events.page.personal import confirm, personal, user_of

T = TypeVar("T")


@personal
def account(request: HttpRequest) -> HttpResponse:
    """Show what one has. A post makes a token, which is on this one answer: reloading it is refused by the name."""
    user = user_of(request)
    form, made = OwnTokenForm(user, request.POST or None), None
    if request.method == "POST" and form.is_valid():
        token, text = form.make()
        form, made = OwnTokenForm(user), {"text": text, **row_of_token(token)}
    sessions = own_sessions.of_user(user)
    context = {
        "form": form,
        "made": made,
        "tokens": [row_of_token(token) for token in own_tokens(request)],
        "sessions": [row_of_session(session, request) for session in sessions or ()],
        "lists_sessions": sessions is not None,
        "may_emit": user.has_perm("events.add_event"),
    }
    return render(request, "eventhub/account/page.html", context)


@personal
def revoke_token(request: HttpRequest, handle: str) -> HttpResponse:
    token = chosen(own_tokens(request), handle, lambda token: token.digest)
    name = TokenTerms.of(token).name or token_terms.UNNAMED
    if request.method == "POST":
        token.delete()
        return done(request, f"The token “{name}” is revoked.")
    return confirm(
        request,
        f"Revoke the token “{name}”?",
        "Whatever uses it stops at once, and it cannot be brought back.",
        "account",
    )


@personal
def end_session(request: HttpRequest, handle: str) -> HttpResponse:
    session = chosen(own_sessions.of_user(user_of(request)) or (), handle, lambda session: session.key)
    if request.method == "POST":
        own_sessions.end(session.key)
        return done(request, "The session is ended.")
    where = f"{session.browser}, {session.address}" if session.address else session.browser
    return confirm(request, f"End the session of {where}?", "Whoever uses it has to sign in again.", "account")


@personal
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    own = own_sessions.all_of_user(user_of(request))
    if own is None:
        raise Http404  # no page leads here
    others = [each for each in own if each.key != request.session.session_key]
    if request.method == "POST":
        for session in others:
            own_sessions.end(session.key)
        return done(request, "All other sessions are ended.")
    return confirm(
        request, "End all other sessions?", f"There are {len(others)}. This one goes on, and so do tokens.", "account"
    )


@method_decorator(never_cache, "dispatch")
class ChangePassword(PasswordChangeView):
    form_class = PasswordForm
    template_name = "eventhub/account/password.html"
    success_url = reverse_lazy("eventhub:account")

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request}

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(self.request, "The password is changed. Your other sessions are ended; tokens go on.")
        return super().form_valid(form)


def own_tokens(request: HttpRequest) -> Iterable[AuthToken]:
    tokens: Iterable[AuthToken] = (
        AuthToken.objects.filter(user=request.user).select_related("user", "terms").order_by("-created")
    )
    return tokens


def row_of_token(token: AuthToken) -> dict[str, Any]:
    terms = TokenTerms.of(token)
    return {
        "name": terms.name or token_terms.UNNAMED,
        "scopes": str(terms),
        "created": token.created,
        "expires": token.expiry,
        "is_over": token.expiry is not None and token.expiry <= timezone.now(),
        "last_used": terms.last_used,
        "handle": handle_of(token.digest),
    }


def row_of_session(session: OwnSession, request: HttpRequest) -> dict[str, Any]:
    is_this = session.key == request.session.session_key
    return {**session._asdict(), "key": None, "is_this": is_this, "handle": handle_of(session.key)}


def handle_of(secret: str) -> str:
    """Return what a page calls a token or session by: its digest or key opens it, or tells of what does."""
    return salted_hmac("events.page.account", secret, algorithm="sha256").hexdigest()[:32]


def chosen(rows: Iterable[T], handle: str, secret: Callable[[T], str]) -> T:
    """Return the one of these rows that a page has called so. Raises Http404."""
    for row in rows:
        if handle_of(secret(row)) == handle:
            return row
    raise Http404


def done(request: HttpRequest, sentence: str) -> HttpResponse:
    messages.success(request, sentence)
    return redirect("eventhub:account")
