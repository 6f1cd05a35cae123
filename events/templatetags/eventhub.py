"""What pages use: `{{ text|outside }}`, `{% first_steps as … %}`, `{% refused_origin as … %}`, `{% sign_in %}`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.conf import settings
from django.shortcuts import resolve_url

from events.page import markup, origin
from events.page.first_steps import Step, steps_for

register = template.Library()
register.filter("outside", markup.outside)


@register.simple_tag(takes_context=True)
def first_steps(context: Mapping[str, Any]) -> Sequence[Step]:
    return steps_for(context["user"]) if "user" in context else ()


@register.simple_tag(takes_context=True)
def refused_origin(context: Mapping[str, Any]) -> str:
    return origin.refused_origin(context["request"]) if "request" in context else ""


@register.simple_tag
def sign_in() -> str:
    return resolve_url(settings.LOGIN_URL)
