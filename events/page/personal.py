"""What pages share that show somebody what is theirs. What cannot be undone asks first, on a page of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import cast

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

View = Callable[..., HttpResponse]


def personal(view: View) -> View:
    return wraps(view)(require_http_methods(["GET", "HEAD", "POST"])(login_required(never_cache(view))))


def confirm(request: HttpRequest, question: str, consequence: str, back: str) -> HttpResponse:
    """Ask this; “Yes” posts to the same address. `back` is the name of the page's address that “No” leads to."""
    context = {"question": question, "consequence": consequence, "back": f"eventhub:{back}"}
    return render(request, "eventhub/confirm.html", context)


def user_of(request: HttpRequest) -> AbstractUser:
    return cast(AbstractUser, request.user)  # none of these pages is shown to nobody
